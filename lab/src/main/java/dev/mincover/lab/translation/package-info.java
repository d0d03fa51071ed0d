/** The task {@code translation}: an encoder-decoder transformer translates sentences. */
@NullMarked
package dev.mincover.lab.translation;

import org.jspecify.annotations.NullMarked;
