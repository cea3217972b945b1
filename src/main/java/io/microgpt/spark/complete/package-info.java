/** Completions for rows of prompts, and the job that makes files of them. */
package io.microgpt.spark.complete;
