/** Covers: which weights share an accumulator. */
@NullMarked
package dev.mincover.cover;

import org.jspecify.annotations.NullMarked;
