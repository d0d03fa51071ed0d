/** The command line {@code mincover}: models, data, training, reports. */
@NullMarked
package dev.mincover.lab;

import org.jspecify.annotations.NullMarked;
