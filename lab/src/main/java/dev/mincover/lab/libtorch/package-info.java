/** Optimizers of libtorch's own, to be compared with. */
@NullMarked
package dev.mincover.lab.libtorch;

import org.jspecify.annotations.NullMarked;
