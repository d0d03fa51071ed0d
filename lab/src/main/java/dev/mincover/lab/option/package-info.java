/**
 * The options of the commands, as picocli reads them. A command {@code XCommand} with many options
 * reads them here: its own in {@code XOptions}, shared ones in a class for each theme. A command
 * with few options declares them itself. A {@link dev.mincover.lab.option.HelpSection} gives the
 * heading in the help. The classes here check values that need nothing but the command line.
 */
@NullMarked
package dev.mincover.lab.option;

import org.jspecify.annotations.NullMarked;
