/** Optimizer steps against the clock, beside a plain SGD pass and libtorch's own optimizers. */
@NullMarked
package dev.mincover.lab.bench;

import org.jspecify.annotations.NullMarked;
