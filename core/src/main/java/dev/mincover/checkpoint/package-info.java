/**
 * Optimizer state and weights on disk, in the safetensors format, which any tool can open: {@link
 * dev.mincover.checkpoint.SafetensorsFile} reads such files, whoever wrote them, and {@link
 * dev.mincover.checkpoint.SafetensorsWriter} writes them so that a crash never leaves half of one.
 */
@NullMarked
package dev.mincover.checkpoint;

import org.jspecify.annotations.NullMarked;
