/** The same training with one optimizer after the other, and the search for their rates. */
@NullMarked
package dev.mincover.lab.compare;

import org.jspecify.annotations.NullMarked;
