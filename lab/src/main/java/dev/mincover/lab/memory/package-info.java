/** The memory that training takes, told from the shapes of a model alone. */
@NullMarked
package dev.mincover.lab.memory;

import org.jspecify.annotations.NullMarked;
