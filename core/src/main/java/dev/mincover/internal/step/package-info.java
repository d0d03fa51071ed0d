/** One step over all tensors, and the averages of weights beside them. Not exported. */
@NullMarked
package dev.mincover.internal.step;

import org.jspecify.annotations.NullMarked;
