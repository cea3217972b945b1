/** From summed gradients to new weights: the fixed tree, clipping, the schedule, Adam. */
package io.microgpt.optim;
