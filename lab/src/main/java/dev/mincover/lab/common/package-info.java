/**
 * What all other packages of the lab may use: errors for users, checks of options, formats of
 * numbers, files, the terminal and the machine. It depends on no other package of the lab.
 */
@NullMarked
package dev.mincover.lab.common;

import org.jspecify.annotations.NullMarked;
