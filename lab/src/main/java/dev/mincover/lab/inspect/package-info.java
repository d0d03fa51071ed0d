/**
 * What {@code mincover inspect} shows: for each parameter, its cover, how tight the cover is for
 * the recorded gradients, and a better cover where it is loose.
 */
@NullMarked
package dev.mincover.lab.inspect;

import org.jspecify.annotations.NullMarked;
