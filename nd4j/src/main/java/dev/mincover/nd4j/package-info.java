/**
 * Mincover's optimizers for ND4J: {@link dev.mincover.nd4j.ArrayOptimizer} steps arrays and the
 * variables of a SameDiff graph in a loop of one's own, {@link dev.mincover.nd4j.NetworkOptimizer}
 * steps networks of DL4J, in their {@code fit} or in a loop of one's own, and {@link
 * dev.mincover.nd4j.Sm3Updater} takes the place of an updater in SameDiff's {@code fit}.
 */
@NullMarked
package dev.mincover.nd4j;

import org.jspecify.annotations.NullMarked;
