/** The optimizer of a run: its options, what they choose, and the recipe that comes of it. */
@NullMarked
package dev.mincover.lab.optimizer;

import org.jspecify.annotations.NullMarked;
