package dev.mincover.lab.compare;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.train.Tasks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a comparison was asked for, {@code comparing.json}, and the numbers of steps that
 * it has chosen since: what it takes to go on with it.
 *
 * @param model size and type of the network
 * @param data what is learned from
 * @param digest of the data, {@link Task#digest}
 * @param threads of each training
 * @param portable whether libtorch computes with portable instructions
 * @param optimizers their names
 * @param seeds of weights and batches
 * @param length of each training
 * @param search for learning rates; null for none
 * @param chosen numbers of steps
 */
public record ComparisonRequest(
    Summary.Model model,
    @JsonUnwrapped TaskData data,
    String digest,
    int threads,
    boolean portable,
    List<String> optimizers,
    List<Long> seeds,
    @JsonUnwrapped Length length,
    @Nullable Search search,
    Chosen chosen) {

  private static final String FILE = "comparing.json";

  /**
   * How long each training is to be.
   *
   * @param steps null for as many as the budget has time for
   * @param budget wall time for everything, as given
   */
  public record Length(@Nullable Long steps, String budget) {}

  /**
   * A search before the trainings.
   *
   * @param rates number of learning rates to try with each optimizer
   * @param warmups shares of the steps to try with each rate
   * @param seeds whose mean loss decides
   * @param only whether the comparison ends with the search
   */
  public record Search(int rates, List<Double> warmups, List<Long> seeds, boolean only) {

    /** Copies the lists. */
    public Search {
      warmups = List.copyOf(warmups);
      seeds = List.copyOf(seeds);
    }
  }

  /**
   * Numbers of steps that fit the budget.
   *
   * @param searchSteps of the last round of the search; null if not chosen yet
   * @param steps of each training; null if not chosen yet
   */
  public record Chosen(@Nullable Long searchSteps, @Nullable Long steps) {
    /** Nothing yet. */
    public static final Chosen NOTHING = new Chosen(null, null);
  }

  /** Copies the lists. */
  public ComparisonRequest {
    optimizers = List.copyOf(optimizers);
    seeds = List.copyOf(seeds);
  }

  /**
   * Reads the request of a comparison.
   *
   * @throws UserError if there is no such comparison, or it cannot be resumed
   */
  public static ComparisonRequest read(RunDirectory directory) {
    Path file = directory.path().resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw new UserError(
          "no %s in %s; name the directory of a comparison that 'mincover compare' has begun"
              .formatted(FILE, directory.path()));
    }
    return JsonFile.read(
        file,
        ComparisonRequest.class,
        "the request of a comparison",
        List.of("corpus", "steps", "task", "source", "target"));
  }

  /**
   * Writes the request, replacing an older one.
   *
   * @throws UserError if it cannot be written
   */
  void write(RunDirectory directory) {
    JsonFile.write(this, directory.path().resolve(FILE));
  }

  /** Returns the same request with numbers of steps that were chosen. */
  ComparisonRequest choosing(Chosen numbers) {
    return new ComparisonRequest(
        model, data, digest, threads, portable, optimizers, seeds, length, search, numbers);
  }

  /**
   * Reads the data and returns the task.
   *
   * @throws UserError if a value is out of range, naming its option, or the data cannot be read
   */
  public Task task() {
    return Tasks.of(model, data);
  }

  /**
   * Returns what is to be trained.
   *
   * @throws UserError if a value is out of range, naming its option, or the data are others
   */
  public ComparisonPlan plan(Task task) {
    if (!task.digest().equals(digest)) {
      throw new UserError(
          "the data have changed since the comparison began; restore them, or compare anew");
    }
    Long steps = length.steps();
    return new ComparisonPlan(
        task,
        ComparedOptimizer.named(optimizers, Tasks.type(data.kind())),
        seeds,
        threads,
        new ComparisonPlan.Length(steps, Budget.parse(length.budget())),
        search == null
            ? null
            : new ComparisonPlan.Search(
                new Sweep(
                    search.rates(), search.warmups(), steps == null ? 1 : steps, search.seeds()),
                search.only()));
  }

  /** Returns {@code train} and the options that all trainings have in common. */
  List<String> trainArguments() {
    List<String> arguments = new ArrayList<>(List.of("train", "--task", Names.of(data.kind())));
    add(arguments, "--layers", model.layers());
    add(arguments, "--width", model.width());
    add(arguments, "--heads", model.heads());
    add(arguments, "--context", model.context());
    add(arguments, "--weights", model.weights());
    if (Boolean.FALSE.equals(model.tied())) {
      arguments.add("--untied");
    }
    add(arguments, "--batch", data.batch());
    add(arguments, "--threads", threads);
    if (portable) {
      arguments.add("--portable");
    }
    add(arguments, "--source", data.source());
    add(arguments, "--target", data.target());
    List<String> corpus = data.corpus();
    if (corpus != null) {
      arguments.add("--corpus");
      arguments.addAll(corpus);
    }
    return arguments;
  }

  private static void add(List<String> arguments, String option, @Nullable Object value) {
    if (value != null) {
      arguments.addAll(List.of(option, value.toString()));
    }
  }
}
