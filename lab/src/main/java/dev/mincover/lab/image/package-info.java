/** The task {@code image}: a convolutional network tells handwritten digits apart. */
@NullMarked
package dev.mincover.lab.image;

import org.jspecify.annotations.NullMarked;
