/**
 * What everything else in the lab may use: errors for people, checks of options, numbers as people
 * read them, the terminal, the machine. It depends on nothing else here.
 */
@NullMarked
package dev.mincover.lab.common;

import org.jspecify.annotations.NullMarked;
