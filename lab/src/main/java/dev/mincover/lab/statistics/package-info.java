/**
 * The numbers that explain SM3: how far the statistics of its covers lie above each weight's own
 * sum of squared gradients, recorded while a model trains, and what follows from them.
 */
@NullMarked
package dev.mincover.lab.statistics;

import org.jspecify.annotations.NullMarked;
