/**
 * Tokenizers: text to token ids and back, their training from counted pieces, and the {@code tokenizer.json} that they
 * are kept in.
 *
 * <p>A {@link io.microgpt.text.TokenizerKind} cuts text into pieces; whoever has the text (Spark, or one process)
 * counts them, and {@link io.microgpt.text.TokenizerKind#train} makes a {@link io.microgpt.text.Tokenizer} of the
 * counts.
 */
package io.microgpt.text;
