/**
 * Optimizers on the memory of devices: {@link dev.mincover.gpu.DeviceOptimizer} is to {@link
 * dev.mincover.gpu.device.DeviceMemory} what {@link dev.mincover.Optimizer} is to the host's.
 */
@NullMarked
package dev.mincover.gpu;

import org.jspecify.annotations.NullMarked;
