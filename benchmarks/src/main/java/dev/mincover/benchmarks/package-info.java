/** Benchmarks for whoever changes the library; {@code mincover bench} is for its users. */
@NullMarked
package dev.mincover.benchmarks;

import org.jspecify.annotations.NullMarked;
