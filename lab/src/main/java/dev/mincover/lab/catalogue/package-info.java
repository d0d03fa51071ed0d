/**
 * The tensors of published models: names and shapes, without weights. {@code mincover memory} and
 * {@code mincover bench} need nothing else of a model.
 */
@NullMarked
package dev.mincover.lab.catalogue;

import org.jspecify.annotations.NullMarked;
