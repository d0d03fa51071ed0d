package dev.mincover.lab.bench;

/**
 * The measured step of one optimizer: a row of the table and an object of the JSON.
 *
 * @param shape name of the workload
 * @param threads of the optimizer
 * @param optimizer name of the optimizer
 * @param medianMillis of a step
 * @param gigabytesPerSecond the bytes that the update must move, divided by the median
 * @param ratioToSgdPass time divided by that of the SGD pass in the same round, median over the
 *     rounds
 * @param stateBytesPerWeight bytes kept from step to step
 */
public record Measurement(
    String shape,
    int threads,
    String optimizer,
    double medianMillis,
    double gigabytesPerSecond,
    double ratioToSgdPass,
    double stateBytesPerWeight) {}
