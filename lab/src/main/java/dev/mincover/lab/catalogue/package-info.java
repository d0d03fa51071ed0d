/** The tensors of published models, name by name and shape by shape, without their weights. */
@NullMarked
package dev.mincover.lab.catalogue;

import org.jspecify.annotations.NullMarked;
