/** From rows of text to a dataset: counting pieces, training a tokenizer, documents to their shards. */
package io.microgpt.spark.prepare;
