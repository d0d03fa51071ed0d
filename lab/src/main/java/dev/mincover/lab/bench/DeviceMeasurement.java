package dev.mincover.lab.bench;

/**
 * The measured step of one optimizer on a device: a row of the table and an object of the JSON.
 *
 * @param device its name
 * @param shape name of the workload
 * @param optimizer name of the optimizer
 * @param medianMillis of a step
 * @param gigabytesPerSecond the bytes that it must move, divided by the median
 * @param shareOfCopy that bandwidth over the copy's
 * @param stateBytesPerWeight bytes kept from step to step, tables included
 */
public record DeviceMeasurement(
    String device,
    String shape,
    String optimizer,
    double medianMillis,
    double gigabytesPerSecond,
    double shareOfCopy,
    double stateBytesPerWeight) {}
