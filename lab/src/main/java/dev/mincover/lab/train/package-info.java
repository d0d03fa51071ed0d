/**
 * Training: {@link dev.mincover.lab.train.TrainingPlan} says what is trained, {@link
 * dev.mincover.lab.train.TrainingLoop} takes the steps, and {@link
 * dev.mincover.lab.train.TrainingRunner} is {@code mincover train} without its options.
 */
@NullMarked
package dev.mincover.lab.train;

import org.jspecify.annotations.NullMarked;
