/**
 * What an optimizer works on: named weights ({@link dev.mincover.tensor.Parameter}) and their
 * gradients ({@link dev.mincover.tensor.Gradient}) over memory segments, with their shapes and
 * types.
 */
@NullMarked
package dev.mincover.tensor;

import org.jspecify.annotations.NullMarked;
