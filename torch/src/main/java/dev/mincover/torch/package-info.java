/** Optimizers for modules of JavaCPP PyTorch, over libtorch's own memory. */
@NullMarked
package dev.mincover.torch;

import org.jspecify.annotations.NullMarked;
