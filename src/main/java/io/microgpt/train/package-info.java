/** The training loop. Knows that gradients come from somewhere, not from where. */
package io.microgpt.train;
