/**
 * The optimizer: {@link dev.mincover.Optimizer} binds a {@link dev.mincover.recipe.Recipe} to
 * {@link dev.mincover.tensor.Parameter}s and steps them with {@link dev.mincover.tensor.Gradient}s.
 */
@NullMarked
package dev.mincover;

import org.jspecify.annotations.NullMarked;
