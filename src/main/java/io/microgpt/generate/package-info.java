/** Completions: samplers, the cache of keys and values, batched decoding. */
package io.microgpt.generate;
