/**
 * {@code mincover bench} without its options: optimizer steps timed next to a plain SGD pass and
 * libtorch's optimizers, over single tensors or over a whole model.
 */
@NullMarked
package dev.mincover.lab.bench;

import org.jspecify.annotations.NullMarked;
