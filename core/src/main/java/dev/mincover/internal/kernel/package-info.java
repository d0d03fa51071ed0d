/**
 * The arithmetic of SM3 on a block of rows in registers: scalar and vector kernels, and who chooses
 * between them. Not exported.
 */
@NullMarked
package dev.mincover.internal.kernel;

import org.jspecify.annotations.NullMarked;
