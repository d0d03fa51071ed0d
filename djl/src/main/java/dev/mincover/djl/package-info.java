/**
 * Mincover's optimizers for DJL, the Deep Java Library: {@link dev.mincover.djl.MincoverOptimizer}
 * takes the place of DJL's own in a training configuration, and {@link
 * dev.mincover.djl.BlockOptimizer} steps the parameters of a block in a loop of one's own.
 */
@NullMarked
package dev.mincover.djl;

import org.jspecify.annotations.NullMarked;
