/**
 * The formats in which weights, gradients and momentum lie in memory, and the random bits of their
 * stochastic rounding. Not exported.
 */
@NullMarked
package dev.mincover.internal.storage;

import org.jspecify.annotations.NullMarked;
