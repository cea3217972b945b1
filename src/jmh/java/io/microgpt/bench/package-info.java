/** What a training step, a generated token and each kernel cost; see {@code scripts/bench.sh}. */
package io.microgpt.bench;
