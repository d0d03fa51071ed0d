package dev.mincover;

import static java.util.Objects.requireNonNull;

import dev.mincover.average.Average;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.rule.Rule;
import dev.mincover.internal.rule.Rules;
import dev.mincover.internal.step.AverageBuffers;
import dev.mincover.internal.step.Step;
import dev.mincover.internal.step.StepRate;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.thread.WorkerTeam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The optimizer: a {@link Recipe} bound to parameters. It owns their state, which lies outside the
 * heap, and the threads that share a step. Closing it frees both and leaves the weights.
 *
 * <pre>{@code
 * try (Optimizer optimizer = Optimizer.bind(Sm3.learningRate(0.1), parameters)) {
 *   optimizer.step(Map.of("weight", Gradient.dense(gradient)));
 * }
 * }</pre>
 *
 * <p>Calls from several threads are taken one at a time.
 */
public final class Optimizer implements AutoCloseable {

  private final Recipe recipe;
  private final Options options;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /** Parameters that learn, and by the same index their rules and the gradients of a step. */
  private final List<Parameter> learning = new ArrayList<>();

  private final Map<String, Integer> indices = new HashMap<>();
  private final List<Rule> rules = new ArrayList<>();
  private final @Nullable StepGradient[] gradients;

  /** As the user has given them. */
  private final @Nullable Gradient[] given;

  private final NativeMemory memory = new NativeMemory();
  private final WorkerTeam team;
  private final Step step;
  private final StepGuard guard;
  private final @Nullable AverageBuffers averages;
  private final Checkpoint checkpoint;
  private final int threads;
  private final StepRate rate;
  private long steps;
  private long skippedSteps;
  private boolean failed;
  private boolean closed;

  /**
   * Binds a recipe to parameters and allocates their state, for steps on the calling thread.
   *
   * @throws IllegalArgumentException as {@link #bind(Recipe, Collection, int)}
   */
  public static Optimizer bind(Recipe recipe, Collection<Parameter> parameters) {
    return bind(recipe, parameters, 1);
  }

  /**
   * Binds a recipe to parameters and allocates their state, zeroed, outside the heap. Weights are
   * not touched. The number of threads changes the speed only: results are equal bit for bit.
   *
   * @param parameters in any order; names must differ and memory must not be shared
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if two parameters have the same name or overlap in memory,
   *     {@code threads} is below 1, or a choice by name fits no parameter or not the one it is for
   */
  public static Optimizer bind(Recipe recipe, Collection<Parameter> parameters, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is %d; it must be at least 1".formatted(threads));
    }
    recipe.requireMatches(parameters.stream().map(Parameter::name).toList());
    return new Optimizer(recipe, parameters, threads);
  }

  /**
   * Bytes of state that a parameter of this name and shape has once it is bound, before the first
   * step: what {@link #stateBytes(String)} returns then. Nothing is allocated, and the type of the
   * weights does not matter. Scratch memory is not counted: parameters share it, and its size
   * depends on the number of threads.
   *
   * @param name as it will be bound under, for covers that are chosen by name
   * @throws IllegalArgumentException if the cover of that name does not fit the shape
   * @throws ArithmeticException if 64 bits cannot count the bytes
   */
  public static long stateBytes(Recipe recipe, String name, Shape shape) {
    return Math.addExact(
        Rules.stateBytes(recipe, name, shape),
        AverageBuffers.bytes(recipe.options().average(), shape));
  }

  private Optimizer(Recipe recipe, Collection<Parameter> parameters, int threads) {
    this.recipe = recipe;
    this.options = recipe.options();
    this.threads = threads;
    for (Parameter parameter : parameters) {
      if (this.parameters.put(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException(
            "two parameters are named '%s'; give each a name of its own"
                .formatted(parameter.name()));
      }
      if (!parameter.frozen()) {
        indices.put(parameter.name(), learning.size());
        learning.add(parameter);
      }
    }
    BindingChecks.requireDistinctMemory(this.parameters.values());
    rate = new StepRate(options, learning.stream().map(Parameter::name).toList());
    gradients = new StepGradient[learning.size()];
    given = new Gradient[learning.size()];
    try {
      for (Parameter parameter : learning) {
        rules.add(Rules.of(recipe, parameter, memory));
      }
      team = new WorkerTeam(threads, memory);
    } catch (RuntimeException | Error failure) {
      memory.close();
      throw failure;
    }
    try {
      step = new Step(rules, team);
      guard = new StepGuard(options, learning, new GradientScan(team));
      averages = options.average() instanceof Average.None ? null : averages();
      checkpoint = new Checkpoint(recipe, this.parameters.values(), rules, averages);
    } catch (RuntimeException | Error failure) {
      team.close();
      memory.close();
      throw failure;
    }
  }

  private AverageBuffers averages() {
    requireUsableWeights();
    return new AverageBuffers(learning, team, memory);
  }

  /**
   * Takes one step: overwrites the weights of every parameter that has a gradient. A parameter
   * without a gradient keeps its weights, accumulators and momentum. Everything is checked before
   * anything changes; {@link Guard} says how gradients are checked.
   *
   * @param gradients by parameter name; none for a frozen parameter
   * @throws IllegalArgumentException if a name is unknown or frozen, a gradient's size is not its
   *     parameter's, a row is out of range, or rows are given to an optimizer that takes none
   * @throws NonFiniteGradientException if a gradient is not finite, or its square is not
   * @throws NonFiniteWeightException if the step has moved a float16 weight out of that format's
   *     range; the step was taken
   * @throws IllegalStateException if this optimizer is closed, averages are in the weights' place,
   *     the memory of a weight or gradient is freed or confined to a thread while others share the
   *     step, or the schedule gives a rate that is negative or not finite in float32; or if an
   *     earlier step failed half way, as when memory is freed by another thread during a step
   */
  public synchronized void step(Map<String, Gradient> gradients) {
    requireOpen();
    requireWhole();
    requireOwnWeights();
    if (averages != null) {
      requireUsableWeights(); // The average takes in those without a gradient as well.
    }
    try {
      int found = 0;
      for (int i = 0; i < given.length; i++) {
        Gradient gradient = gradients.get(learning.get(i).name());
        given[i] = gradient;
        if (gradient != null) {
          BindingChecks.requireFitting(rules.get(i), gradient, threads);
          found++;
        }
      }
      if (found < gradients.size()) {
        refuseUnused(gradients);
      }
      double eta = rate.at(steps + 1);
      for (int i = 0; i < given.length; i++) {
        Gradient gradient = given[i];
        this.gradients[i] = gradient == null ? null : rules.get(i).read(gradient);
      }
      if (!guard.admits(this.gradients)) {
        skippedSteps++;
        return;
      }
      failed = true; // Until it has not.
      step.run(this.gradients, eta, steps + 1);
      steps++;
      if (averages != null) {
        averages.update(options.average().weightOf(steps));
      }
      failed = false;
      guard.refuseAfterTheFact(this.gradients, rules);
    } finally {
      letGo();
    }
  }

  /** Keeps nothing of a step's gradients alive. */
  private void letGo() {
    for (int i = 0; i < given.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient != null) {
        gradient.clear();
      }
      gradients[i] = null;
      given[i] = null;
    }
  }

  /** Steps taken so far. */
  public synchronized long steps() {
    return steps;
  }

  /** Steps that {@link Guard#SKIP} has left out so far; {@link #steps} does not count them. */
  public synchronized long skippedSteps() {
    return skippedSteps;
  }

  /** How far the training has come, in steps: what {@link #state} does not show. */
  public synchronized Progress progress() {
    Map<String, Long> byParameter = new LinkedHashMap<>();
    for (Rule rule : rules) {
      byParameter.put(rule.parameter().name(), rule.steps());
    }
    return new Progress(steps, skippedSteps, byParameter);
  }

  /**
   * Takes over how far a training has come, once its weights and its state have been copied to the
   * memory of {@link #state}. Steps after it give the bits that they would have given there.
   *
   * @throws IllegalArgumentException if the steps of a parameter are missing, or given for a name
   *     that is unknown or frozen; nothing has changed
   * @throws IllegalStateException as {@link #state}
   */
  public synchronized void resume(Progress progress) {
    requireSaveable();
    if (!progress.stepsByParameter().keySet().equals(indices.keySet())) {
      throw new IllegalArgumentException(
          "the progress is of the parameters %s, and %s learn here"
              .formatted(progress.stepsByParameter().keySet(), indices.keySet()));
    }
    steps = progress.steps();
    skippedSteps = progress.skippedSteps();
    progress
        .stepsByParameter()
        .forEach((name, count) -> rules.get(index(name)).restoreSteps(count));
  }

  /**
   * Puts the average of the weights in their place, for evaluation. Until the result is closed,
   * steps are refused; closing it brings the trained weights back, bit for bit.
   *
   * <pre>{@code
   * try (var _ = optimizer.swapInAverage()) {
   *   evaluate(model);
   * }
   * }</pre>
   *
   * <p>float32 weights change places with the average, which takes no memory. 16-bit weights are
   * copied, and the copy is kept while the average, rounded to nearest, is in their place.
   *
   * @throws IllegalStateException if the recipe has no average, it is in place already, or this
   *     optimizer is closed
   */
  public synchronized AverageSwap swapInAverage() {
    requireOpen();
    AverageBuffers averages = this.averages;
    if (averages == null) {
      throw new IllegalStateException(
          "the recipe keeps no average; add one with average(Average.polyak(0.999))");
    }
    if (averages.areSwappedIn()) {
      throw new IllegalStateException("averages are in the weights' place already");
    }
    requireUsableWeights();
    averages.swapIn();
    boolean[] closed = {false};
    return () -> {
      synchronized (Optimizer.this) {
        if (!closed[0] && averages.areSwappedIn()) {
          requireUsableWeights();
          averages.swapOut(_ -> true);
        }
        closed[0] = true;
      }
    };
  }

  /**
   * Weights and state as named tensors over their own memory, for code that writes them elsewhere
   * than {@link #save}. The weights of all parameters have their names;
   * docs/reference/checkpoints.md lists those of the state. The memory is valid until this
   * optimizer is closed, and shows later steps.
   *
   * @throws IllegalStateException if this optimizer is closed, an earlier step failed half way, or
   *     averages are in the weights' place
   */
  public synchronized List<NamedTensor> state() {
    requireSaveable();
    return checkpoint.tensors();
  }

  /**
   * Saves weights, state and recipe to a safetensors file, for {@link #load}.
   *
   * @throws IOException as {@link #save(Path, Map)}
   */
  public void save(Path file) throws IOException {
    save(file, Map.of());
  }

  /**
   * Saves weights, state and recipe to a safetensors file, with text of the user's.
   *
   * @throws IOException as {@link #save(Path, Map, List)}
   */
  public void save(Path file, Map<String, String> metadata) throws IOException {
    save(file, metadata, List.of());
  }

  /**
   * Saves weights, state and recipe to a safetensors file, with text and tensors of the user's. The
   * file is written beside an older one of that name and takes its place once it is whole and on
   * the disk, so that a crash leaves one or the other. Tensors are written from their own memory;
   * the save takes no more than a few MiB besides.
   *
   * @param metadata free text by key, such as the position in the data; {@link #load} returns it
   * @param others what else the training consists of, such as a model's buffers; {@link #load(Path,
   *     RecipeChanges, List)} restores them
   * @throws IOException if it cannot be written; an older file is as it was
   * @throws IllegalArgumentException if a key starts with {@code mincover.}, or a tensor's name
   *     starts with {@code optimizer/} or is another's
   * @throws IllegalStateException as {@link #state}, or if the memory of a weight is freed or
   *     confined to a thread
   */
  public synchronized void save(Path file, Map<String, String> metadata, List<NamedTensor> others)
      throws IOException {
    requireSaveable();
    requireReadableWeights();
    checkpoint.save(file, new Checkpoint.Progress(steps, skippedSteps, metadata), others);
  }

  /**
   * Overwrites weights and state with a checkpoint's, as {@link #load(Path, RecipeChanges)} with
   * {@link RecipeChanges#LEARNING_RATE}.
   */
  public Map<String, String> load(Path file) throws IOException {
    return load(file, RecipeChanges.LEARNING_RATE);
  }

  /**
   * Overwrites weights and state with a checkpoint's.
   *
   * @throws IOException as {@link #load(Path, RecipeChanges, List)}
   */
  public Map<String, String> load(Path file, RecipeChanges changes) throws IOException {
    return load(file, changes, List.of());
  }

  /**
   * Overwrites weights and state with a checkpoint's, and tensors of the user's that were saved
   * with them. Steps after it give the bits that they would have given after {@link #save}.
   * Everything is checked before anything changes: the file's checksum, every name, shape and type,
   * and the recipe.
   *
   * @param changes in what this recipe may differ from the checkpoint's
   * @param others all tensors that were given to {@link #save(Path, Map, List)}; overwritten
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged ({@link
   *     dev.mincover.checkpoint.DamagedFileException}); nothing has changed
   * @throws IllegalArgumentException if it does not fit, naming the first difference and the
   *     remedy; nothing has changed
   * @throws IllegalStateException if this optimizer is closed, averages are in the weights' place,
   *     or the memory of a weight is freed or confined to a thread
   */
  public synchronized Map<String, String> load(
      Path file, RecipeChanges changes, List<NamedTensor> others) throws IOException {
    requireOpen();
    requireOwnWeights();
    requireReadableWeights();
    Checkpoint.Progress progress = checkpoint.load(file, changes, others, () -> failed = true);
    steps = progress.steps();
    skippedSteps = progress.skippedSteps();
    failed = false; // Weights and state are of one step again.
    return progress.metadata();
  }

  /**
   * Hands the state over to an optimizer of the same recipe for the same parameters in other
   * memory, as when an engine has given a parameter new memory. Weights are as they are there. This
   * optimizer is closed.
   *
   * @param parameters those of this optimizer, in any order, with the same names, shapes and types
   * @return takes the next steps, with the bits that this one would have given
   * @throws IllegalArgumentException if they are others, naming the first difference, or as {@link
   *     #bind(Recipe, Collection, int)}; this optimizer is as it was
   * @throws IllegalStateException if this optimizer is closed, an earlier step failed half way, or
   *     averages are in the weights' place
   */
  public synchronized Optimizer rebind(Collection<Parameter> parameters) {
    requireSaveable();
    requireSame(parameters);
    Optimizer other = bind(recipe, parameters, threads);
    checkpoint.handOver(other.checkpoint);
    other.steps = steps;
    other.skippedSteps = skippedSteps;
    close();
    return other;
  }

  private void requireSame(Collection<Parameter> others) {
    for (Parameter other : others) {
      Parameter mine = requireParameter(other.name());
      if (!mine.shape().equals(other.shape())
          || mine.type() != other.type()
          || mine.frozen() != other.frozen()) {
        throw new IllegalArgumentException(
            "parameter '%s' is bound as %s, and given as %s; bind a new optimizer to it"
                .formatted(other.name(), description(mine), description(other)));
      }
    }
    if (others.size() != parameters.size()) {
      throw new IllegalArgumentException(
          "%d parameters are given, and %d are bound; give all of them"
              .formatted(others.size(), parameters.size()));
    }
  }

  private static String description(Parameter parameter) {
    return "%s%s %s"
        .formatted(parameter.frozen() ? "frozen " : "", parameter.type(), parameter.shape());
  }

  private void requireSaveable() {
    requireOpen();
    requireWhole();
    requireOwnWeights();
  }

  private void requireWhole() {
    if (failed) {
      throw new IllegalStateException(
          "a step failed half way and left weights and state between two steps; load a checkpoint, or restore the weights and bind again");
    }
  }

  private void requireOwnWeights() {
    if (averages != null && averages.areSwappedIn()) {
      throw new IllegalStateException(
          "averages are in the weights' place; close what swapInAverage gave first");
    }
  }

  /** The parameters in the order given, frozen ones included. */
  public Collection<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /**
   * All bytes that this optimizer has asked for outside the heap: accumulators, momentum and
   * averages of every parameter, and {@link #scratchBytes}. The allocator's own padding is not
   * counted. The number grows when a sparse gradient first needs stamps or more scratch memory, and
   * while averages of 16-bit weights are swapped in. It is 0 once this optimizer is closed.
   */
  public synchronized long stateBytes() {
    return closed ? 0 : memory.bytes() + (averages == null ? 0 : averages.copyBytes());
  }

  /**
   * Bytes obtained for the accumulators, momentum and average of one parameter; 0 if it is frozen.
   *
   * @throws IllegalArgumentException if no parameter has that name
   */
  public synchronized long stateBytes(String name) {
    return requireParameter(name).frozen() ? 0 : stateBytes(index(name));
  }

  private long stateBytes(int i) {
    return closed ? 0 : rules.get(i).bytes() + (averages == null ? 0 : averages.bytes(i));
  }

  /**
   * Bytes of working memory that all parameters share: scratch memory of the step's threads, and
   * copies of 16-bit weights while averages are swapped in. In addition, each thread has 42 KiB of
   * tiles on the heap, and each parameter with sparse gradients has 12 bytes for each row of the
   * largest of them.
   */
  public synchronized long scratchBytes() {
    long bytes = stateBytes();
    for (int i = 0; i < rules.size(); i++) {
      bytes -= stateBytes(i);
    }
    return bytes;
  }

  /**
   * Copies the accumulators of one parameter to the heap.
   *
   * <ul>
   *   <li>SM3 returns mu. Under slices or chosen axes there is one array per axis, in the order
   *       named, with one value per slice. Under other covers there is one array with one value per
   *       set. For ranks 0 and 1, slices are single weights.
   *   <li>Adam returns v, in one array with one value per weight.
   *   <li>Adafactor returns two arrays, R by row and C by column; below rank 2 it returns one array
   *       with one value per weight.
   * </ul>
   *
   * @throws IllegalArgumentException if no parameter has that name or it is frozen
   * @throws IllegalStateException if this optimizer is closed
   */
  public synchronized float[][] accumulators(String name) {
    requireOpen();
    if (requireParameter(name).frozen()) {
      throw new IllegalArgumentException(
          "parameter '%s' is frozen and has no accumulators".formatted(name));
    }
    return rules.get(index(name)).accumulators();
  }

  /**
   * Frees the state and ends the threads. Weights stay as they are. If averages are in the weights'
   * place, the trained weights are put back first, wherever their memory still exists. Closing
   * again does nothing.
   */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      try {
        if (averages != null) {
          averages.swapOut(parameter -> BindingChecks.isUsable(parameter.weights(), threads));
        }
      } finally {
        team.close();
        memory.close();
      }
    }
  }

  private void requireUsableWeights() {
    for (Parameter parameter : learning) {
      BindingChecks.requireUsable(parameter.name(), "weights", parameter.weights(), threads);
    }
  }

  /** A checkpoint holds those of frozen parameters as well, which no step reads. */
  private void requireReadableWeights() {
    requireUsableWeights();
    for (Parameter parameter : parameters.values()) {
      if (parameter.frozen()) {
        BindingChecks.requireUsable(parameter.name(), "weights", parameter.weights(), 1);
      }
    }
  }

  private void refuseUnused(Map<String, Gradient> gradients) {
    for (String name : gradients.keySet()) {
      if (requireParameter(name).frozen()) {
        throw new IllegalArgumentException(
            "parameter '%s' is frozen but was given a gradient; leave it out".formatted(name));
      }
    }
  }

  private Parameter requireParameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "no parameter is named '%s'; bound are %s".formatted(name, parameters.keySet()));
    }
    return parameter;
  }

  private int index(String name) {
    return requireNonNull(indices.get(name));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this optimizer is closed; bind the recipe again");
    }
  }
}
