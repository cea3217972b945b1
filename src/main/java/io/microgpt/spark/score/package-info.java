/** What a model makes of texts: losses of rows and documents, choices, and the measures of both. */
package io.microgpt.spark.score;
