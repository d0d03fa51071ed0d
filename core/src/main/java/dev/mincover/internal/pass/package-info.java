/**
 * The one loop over the rows of a tensor: accumulators under a cover, their new maxima in scratch
 * memory, and how these are merged and committed. Not exported.
 */
@NullMarked
package dev.mincover.internal.pass;

import org.jspecify.annotations.NullMarked;
