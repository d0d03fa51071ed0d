package dev.mincover.lab.compare;

import dev.mincover.lab.option.JsonOption;
import dev.mincover.lab.run.RunDirectory;

/**
 * What a comparison writes and shows.
 *
 * @param directory for all files; not made yet, unless the comparison is resumed
 * @param json where the figures go besides
 * @param live whether a browser can watch the charts while the trainings go on
 */
public record ComparisonOutput(RunDirectory directory, JsonOption json, boolean live) {}
