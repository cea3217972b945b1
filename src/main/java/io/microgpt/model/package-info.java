/** The transformer: its shape, its parameters, its forward and backward pass. */
package io.microgpt.model;
