package dev.mincover.lab.compare;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Version;
import java.nio.file.Path;
import java.util.List;

/**
 * The result of a comparison, {@code comparison.json}. The file holds the values of all groups in
 * one flat object, in the order given here.
 *
 * @param finished false if the comparison was interrupted, or if a training failed
 * @param length of every training
 * @param setup of every training
 * @param baselineBits of the task's baseline on the validation samples
 * @param optimizers in the order of the table
 * @param platform what the trainings ran on
 */
public record ComparisonResult(
    boolean finished,
    @JsonUnwrapped Length length,
    @JsonUnwrapped TrainingSetup setup,
    double baselineBits,
    List<ComparisonRow> optimizers,
    @JsonUnwrapped Platform platform) {

  /**
   * How many trainings there are of each optimizer, and how long they are.
   *
   * @param steps of every training
   * @param tokens that a training of the first seed was trained on; 0 if none has finished
   * @param seeds of weights and batches; each is a training
   */
  public record Length(long steps, long tokens, List<Long> seeds) {

    /** Copies the list. */
    public Length {
      seeds = List.copyOf(seeds);
    }
  }

  /**
   * What the trainings ran on.
   *
   * @param machine processor and JDK
   * @param mincoverVersion version of this software
   * @param javaVersion version of the Java runtime
   */
  public record Platform(String machine, String mincoverVersion, String javaVersion) {

    /** This process's. */
    static Platform here() {
      return new Platform(Machine.description(), Version.number(), Runtime.version().toString());
    }
  }

  /** Copies the list. */
  public ComparisonResult {
    optimizers = List.copyOf(optimizers);
  }

  /** The directories of all runs that took a step. */
  @JsonIgnore
  public List<Path> directories() {
    return optimizers.stream()
        .flatMap(row -> row.runs().stream())
        .filter(run -> run.end().steps() > 0)
        .map(run -> Path.of(run.directory()))
        .toList();
  }

  /** Whether a training failed. */
  boolean hasFailures() {
    return optimizers.stream()
        .flatMap(row -> row.runs().stream())
        .anyMatch(run -> run.end().failure() != null);
  }
}
