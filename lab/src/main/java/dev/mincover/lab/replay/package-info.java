/** Recorded gradients, run through Mincover and compared. Knows no tensor engine. */
@NullMarked
package dev.mincover.lab.replay;

import org.jspecify.annotations.NullMarked;
