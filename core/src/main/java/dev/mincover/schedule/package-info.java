/** Learning rates as plain functions of the step. */
@NullMarked
package dev.mincover.schedule;

import org.jspecify.annotations.NullMarked;
