package dev.mincover.lab.train;

import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.statistics.StatisticsSelection;

/**
 * What a training run writes and shows.
 *
 * @param directory for all files; not made yet
 * @param statistics which parameters get gradient statistics
 * @param sample bytes of generated text to print at the end; 0 for none
 * @param report whether the run ends with a page of charts
 * @param live whether a browser can watch the charts while the run goes on
 */
public record TrainingOutput(
    RunDirectory directory,
    StatisticsSelection statistics,
    int sample,
    boolean report,
    boolean live) {}
