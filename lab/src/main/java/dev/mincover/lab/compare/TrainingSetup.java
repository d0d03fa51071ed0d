package dev.mincover.lab.compare;

import dev.mincover.lab.run.Summary;
import dev.mincover.lab.train.LanguageTask;

/**
 * What all trainings of a comparison or a sweep have in common, as JSON files describe it.
 *
 * @param threads of each training
 * @param batch windows per step
 * @param model size and type of the network
 * @param corpus a description of the text
 */
public record TrainingSetup(int threads, int batch, Summary.Model model, String corpus) {

  static TrainingSetup of(LanguageTask task, int threads) {
    return new TrainingSetup(
        threads, task.batch(), task.modelSummary(), task.corpus().description());
  }
}
