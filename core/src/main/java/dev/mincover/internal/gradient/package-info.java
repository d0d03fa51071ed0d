/**
 * The gradients of a step: decoded, summed over repeated rows, clipped and scaled; and the scan
 * that finds values that are not finite. Not exported.
 */
@NullMarked
package dev.mincover.internal.gradient;

import org.jspecify.annotations.NullMarked;
