/** Rows of files as they are found, the bad ones too, each with its place or with what is wrong with it. */
package io.microgpt.spark.input;
