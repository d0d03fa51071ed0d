/** Runs side by side, as a page that needs nothing but itself and as pictures. */
@NullMarked
package dev.mincover.lab.report;

import org.jspecify.annotations.NullMarked;
