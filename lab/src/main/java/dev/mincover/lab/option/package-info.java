/** Groups of options that several commands share, and how help shows them. */
@NullMarked
package dev.mincover.lab.option;

import org.jspecify.annotations.NullMarked;
