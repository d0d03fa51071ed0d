/** The task {@code mlm}: an encoder guesses masked bytes, as BERT does. */
@NullMarked
package dev.mincover.lab.mlm;

import org.jspecify.annotations.NullMarked;
