/** Optimizers of libtorch's own, to be compared with. */
@NullMarked
package dev.mincover.lab.peer;

import org.jspecify.annotations.NullMarked;
