/** Averages of the weights over the steps. */
@NullMarked
package dev.mincover.average;

import org.jspecify.annotations.NullMarked;
