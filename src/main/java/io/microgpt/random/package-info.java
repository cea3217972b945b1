/** Randomness as a pure function of its coordinates. */
package io.microgpt.random;
