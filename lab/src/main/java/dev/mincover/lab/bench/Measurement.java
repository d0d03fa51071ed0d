package dev.mincover.lab.bench;

/**
 * What one optimizer took for a step: a row of the report, and an object of its JSON.
 *
 * @param shape name of the workload
 * @param threads of the optimizer
 * @param optimizer name of the contestant
 * @param medianMillis of a step
 * @param gigabytesPerSecond the bytes that the update must move, over the median
 * @param ratioToSgdPass median over the rounds of its time over the SGD pass's
 * @param stateBytesPerWeight kept from step to step
 */
public record Measurement(
    String shape,
    int threads,
    String optimizer,
    double medianMillis,
    double gigabytesPerSecond,
    double ratioToSgdPass,
    double stateBytesPerWeight) {}
