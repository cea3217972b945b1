/** Prepared datasets: documents in shards, and which of them a step takes. */
package io.microgpt.data;
