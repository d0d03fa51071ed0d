/**
 * What every optimizer is held against: the paper as a slow oracle, and sequences recorded from
 * other implementations.
 */
@NullMarked
package dev.mincover.testkit;

import org.jspecify.annotations.NullMarked;
