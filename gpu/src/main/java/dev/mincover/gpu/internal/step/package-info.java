/** One step over all tensors on a device: their tables, the kernels and who launches them. */
@NullMarked
package dev.mincover.gpu.internal.step;

import org.jspecify.annotations.NullMarked;
