/**
 * Devices: their memory and the kernels that run on them, by the CUDA driver or by OpenCL, with
 * nothing but {@code java.lang.foreign}. Nothing here knows optimizers.
 */
@NullMarked
package dev.mincover.gpu.device;

import org.jspecify.annotations.NullMarked;
