/**
 * Gradient statistics: sums of squared gradients as AdaGrad, SM3-II and SM3-I keep them, recorded
 * while a model trains and stored in {@code statistics.safetensors}. The package {@code inspect}
 * draws conclusions from them, {@code report} draws charts.
 */
@NullMarked
package dev.mincover.lab.statistics;

import org.jspecify.annotations.NullMarked;
