/**
 * The path of a gradient inside a step: the view of a tensor as rows, the row pass, its kernels,
 * and the threads that share it. Not exported.
 */
@NullMarked
package dev.mincover.internal;

import org.jspecify.annotations.NullMarked;
