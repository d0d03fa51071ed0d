/**
 * {@code mincover compare} without its options: the same training with one optimizer after the
 * other, and the search for their learning rates. {@link dev.mincover.lab.compare.ComparisonPlan}
 * says what is compared, {@link dev.mincover.lab.compare.ComparisonRunner} runs it, {@link
 * dev.mincover.lab.compare.ComparisonResult} is the file that it writes.
 */
@NullMarked
package dev.mincover.lab.compare;

import org.jspecify.annotations.NullMarked;
