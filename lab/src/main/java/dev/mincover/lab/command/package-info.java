/**
 * The commands of {@code mincover}, one class each, {@code XCommand}. A command checks its options,
 * makes the plan and hands it to the package that does the work. The options of {@code XCommand}
 * are its own fields, or those of the classes that it mixes in from the package {@code option}.
 */
@NullMarked
package dev.mincover.lab.command;

import org.jspecify.annotations.NullMarked;
