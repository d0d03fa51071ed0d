/** The training loop and what is seen of it while it runs. */
@NullMarked
package dev.mincover.lab.train;

import org.jspecify.annotations.NullMarked;
