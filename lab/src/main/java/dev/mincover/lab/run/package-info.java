/**
 * The files of a training run: its directory, {@code metrics.csv} and {@code summary.json}. Nothing
 * here needs libtorch.
 */
@NullMarked
package dev.mincover.lab.run;

import org.jspecify.annotations.NullMarked;
