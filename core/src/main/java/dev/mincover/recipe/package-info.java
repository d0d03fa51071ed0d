/**
 * Recipes of optimizers, as data: the rules ({@link dev.mincover.recipe.Sm3}, {@link
 * dev.mincover.recipe.Adam}, {@link dev.mincover.recipe.Adafactor}), what they have in common
 * ({@link dev.mincover.recipe.Options}), and their parts.
 */
@NullMarked
package dev.mincover.recipe;

import org.jspecify.annotations.NullMarked;
