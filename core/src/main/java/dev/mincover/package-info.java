/**
 * Recipes ({@link dev.mincover.Sm3}), what they are bound to ({@link dev.mincover.Parameter}), what
 * they consume ({@link dev.mincover.Gradient}), and the bound optimizer that owns the state ({@link
 * dev.mincover.BoundOptimizer}).
 */
@NullMarked
package dev.mincover;

import org.jspecify.annotations.NullMarked;
