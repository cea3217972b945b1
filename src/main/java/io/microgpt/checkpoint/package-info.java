/**
 * Checkpoints: directories of plain files that are whole or absent, on any Hadoop file system.
 *
 * <p>A directory {@code step-00001000} holds {@code model.safetensors} (the weights), {@code optimizer.safetensors}
 * (both moments), {@code trainer_state.json}, {@code config.json} (architecture and resolved configuration),
 * {@code tokenizer.json} and {@code manifest.json}, which has the size and SHA-256 of the other five and a checksum of
 * itself. Files besides these six are never read and do no harm. Nothing in here uses Java serialization, and nothing
 * that a file says about a length is believed before it is held against the size of the file.
 */
package io.microgpt.checkpoint;
