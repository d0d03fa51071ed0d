/**
 * Mincover's optimizers for graphs of TensorFlow-Java: {@link
 * dev.mincover.tensorflow.SessionOptimizer} steps the variables of a session where TensorFlow keeps
 * them, and {@link dev.mincover.tensorflow.Sm3Optimizer} is SM3 from graph operators, for those who
 * want {@code minimize}.
 */
@NullMarked
package dev.mincover.tensorflow;

import org.jspecify.annotations.NullMarked;
