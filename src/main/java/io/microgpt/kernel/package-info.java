/** Arithmetic on {@code float[]} with a fixed order: the scalar reference, and vectors with the same bits. */
package io.microgpt.kernel;
