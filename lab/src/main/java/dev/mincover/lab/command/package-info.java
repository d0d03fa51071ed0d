/** The commands of {@code mincover}, one class each, with the options that are theirs alone. */
@NullMarked
package dev.mincover.lab.command;

import org.jspecify.annotations.NullMarked;
