/**
 * The optimizer of a run, from its settings to the steps: {@link
 * dev.mincover.lab.optimizer.OptimizerSettings} holds the choices as text, {@link
 * dev.mincover.lab.optimizer.OptimizerRecipe} checks them, {@link
 * dev.mincover.lab.optimizer.BoundOptimizer} steps the weights of a model. Mincover's core and
 * libtorch's own optimizers look alike from here.
 */
@NullMarked
package dev.mincover.lab.optimizer;

import org.jspecify.annotations.NullMarked;
