package dev.mincover.gpu;

import static java.util.Objects.requireNonNull;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.NonFiniteWeightException;
import dev.mincover.Optimizer;
import dev.mincover.Progress;
import dev.mincover.RecipeChanges;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.internal.step.DeviceStep;
import dev.mincover.gpu.internal.step.DeviceTensor;
import dev.mincover.gpu.internal.step.GradientStretches;
import dev.mincover.internal.step.StepRate;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
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
 * An optimizer whose parameters, gradients and state lie on a device: {@link Optimizer} there, with
 * its recipes, names, errors and checkpoints, and with its bits, except those of NaN.
 *
 * <pre>{@code
 * try (Device device = Device.cuda();
 *     DeviceMemory weights = device.allocate(4L * 4096 * 4096);
 *     DeviceOptimizer optimizer =
 *         DeviceOptimizer.bind(
 *             Sm3.learningRate(0.1),
 *             device,
 *             List.of(DeviceParameter.of("weight", Shape.of(4096, 4096), weights)))) {
 *   optimizer.step(Map.of("weight", DeviceGradient.dense(gradient)));
 * }
 * }</pre>
 *
 * <p>A step is done in order with the device's other work, and returns before it is done, unless it
 * has to wait for an answer: {@link Guard#REFUSE} and {@link Guard#SKIP} wait for a look at the
 * gradients, so does clipping by global norm, and float16 weights are looked at after each step.
 * Under {@link Guard#UNCHECKED} nothing is waited for, and a bad gradient is reported by the next
 * call that waits anyway: {@link #synchronize}, {@link #save} or {@link #accumulators}.
 *
 * <p>docs/gpu.md lists what is not supported; it is refused when a recipe is bound. Calls from
 * several threads are taken one at a time.
 */
public final class DeviceOptimizer implements AutoCloseable {

  private final Recipe recipe;
  private final Device device;
  private final Map<String, DeviceParameter> parameters = new LinkedHashMap<>();
  private final Map<String, Integer> indices = new HashMap<>();
  private final List<DeviceTensor> tensors = new ArrayList<>();
  private final StepRate rate;
  private final DeviceStep step;
  private final boolean looksBefore;
  private final boolean hasFloat16;
  private final @Nullable DeviceGradient[] given;
  private long steps;
  private long skippedSteps;
  private boolean failed;
  private boolean closed;

  /**
   * Binds a recipe to parameters and allocates their state, zeroed, on their device. Weights are
   * not touched.
   *
   * @param parameters in any order, all on the device; names must differ and memory must not be
   *     shared
   * @throws IllegalArgumentException as {@link Optimizer#bind(Recipe, Collection, int)}, or if the
   *     recipe has an option that devices do not support
   * @throws dev.mincover.gpu.device.DeviceException if the device's memory is too small
   */
  public static DeviceOptimizer bind(
      Recipe recipe, Device device, Collection<DeviceParameter> parameters) {
    recipe.requireMatches(parameters.stream().map(DeviceParameter::name).toList());
    Supported.require(recipe, device);
    return new DeviceOptimizer(recipe, device, parameters);
  }

  private DeviceOptimizer(Recipe recipe, Device device, Collection<DeviceParameter> parameters) {
    this.recipe = recipe;
    this.device = device;
    for (DeviceParameter parameter : parameters) {
      if (this.parameters.put(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException(
            "two parameters are named '%s'; give each a name of its own"
                .formatted(parameter.name()));
      }
    }
    DeviceChecks.requireMemory(device, this.parameters.values());
    List<DeviceParameter> learning =
        this.parameters.values().stream().filter(parameter -> !parameter.frozen()).toList();
    for (DeviceParameter parameter : learning) {
      // Core refuses a cover that does not fit.
      Optimizer.stateBytes(recipe, parameter.name(), parameter.shape());
      Supported.require(recipe, parameter.name(), parameter.shape());
    }
    rate = new StepRate(recipe.options(), learning.stream().map(DeviceParameter::name).toList());
    hasFloat16 = learning.stream().anyMatch(each -> each.type() == DataType.FLOAT16);
    given = new DeviceGradient[learning.size()];
    try {
      for (DeviceParameter parameter : learning) {
        indices.put(parameter.name(), tensors.size());
        tensors.add(
            new DeviceTensor(
                device,
                recipe,
                parameter.name(),
                parameter.shape(),
                parameter.type(),
                parameter.weights()));
      }
      step = new DeviceStep(device, recipe, tensors);
    } catch (RuntimeException | Error failure) {
      tensors.forEach(DeviceTensor::close);
      throw failure;
    }
    looksBefore = recipe.options().guard() != Guard.UNCHECKED || step.range().hasNorm();
  }

  /**
   * Takes one step: overwrites the weights of every parameter that has a gradient. A parameter
   * without a gradient keeps its weights, accumulators and momentum. All that the guard checks is
   * checked before anything changes.
   *
   * @param gradients by parameter name; none for a frozen parameter
   * @throws IllegalArgumentException if a name is unknown or frozen, or a gradient's size is not
   *     its parameter's, a row is out of range, or rows are given to an optimizer that takes none
   * @throws NonFiniteGradientException if a gradient is not finite, or its square is not
   * @throws NonFiniteWeightException if the step has moved a float16 weight out of that format's
   *     range; the step was taken
   * @throws IllegalStateException if this optimizer is closed, the schedule gives a rate that is
   *     negative or not finite in float32, or an earlier step failed half way
   * @throws dev.mincover.gpu.device.DeviceException if the device fails
   */
  public synchronized void step(Map<String, DeviceGradient> gradients) {
    requireWhole();
    int found = 0;
    for (int i = 0; i < given.length; i++) {
      DeviceTensor tensor = tensors.get(i);
      DeviceGradient gradient = gradients.get(tensor.name);
      given[i] = gradient;
      if (gradient != null) {
        DeviceChecks.requireFitting(device, recipe, tensor, gradient);
        found++;
      }
    }
    if (found < gradients.size()) {
      refuseUnused(gradients);
    }
    double eta = rate.at(steps + 1);
    step.begin(steps + 1);
    for (int i = 0; i < given.length; i++) {
      switch (given[i]) {
        case null -> {}
        case DeviceGradient.Dense dense -> step.give(i, dense.values(), dense.type(), eta);
        case DeviceGradient.Rows rows -> step.give(i, rows.named(), rows.values(), eta);
      }
    }
    step.upload();
    float scale = step.range().scale(0);
    if (looksBefore) {
      GradientStretches scan = step.scan();
      scale = step.range().scale(scan.squares());
      if (!admits(scan, scale)) {
        skippedSteps++;
        return;
      }
    }
    failed = true; // Until it has not.
    step.run(scale);
    steps++;
    for (int i = 0; i < given.length; i++) {
      if (given[i] != null) {
        tensors.get(i).countStep();
      }
    }
    failed = false;
    if (hasFloat16) {
      refuseOverflow();
    }
  }

  private boolean admits(GradientStretches scan, float scale) {
    for (int i = 0; i < given.length; i++) {
      DeviceGradient gradient = given[i];
      if (gradient != null && step.range().isBad(scan.largest(i), scale)) {
        if (recipe.options().guard() == Guard.SKIP) {
          return false;
        }
        DeviceChecks.refuse(tensors.get(i), gradient, step.range().limit(), scale);
      }
    }
    return true;
  }

  private void refuseOverflow() {
    int overflowed = step.overflowed();
    if (overflowed >= 0) {
      DeviceChecks.refuseWeights(tensors.get(overflowed));
    }
  }

  /**
   * Waits until all steps are done.
   *
   * @throws NonFiniteGradientException if the guard is {@link Guard#UNCHECKED} and a gradient was
   *     bad in a step since the last such call. The gradient may be gone by now: its value is told
   *     as NaN, and its index as the empty one
   */
  public synchronized void synchronize() {
    requireOpen();
    requireGood();
    device.synchronize();
  }

  private void requireGood() {
    if (step.tellsBadSquares()) {
      int bad = step.badSquare();
      if (bad >= 0) {
        throw new NonFiniteGradientException(tensors.get(bad).name, new long[0], Float.NaN, true);
      }
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

  /** The parameters in the order given, frozen ones included. */
  public Collection<DeviceParameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /**
   * All bytes of the device that this optimizer has asked for: accumulators, of which those that
   * weights share are there three times, momentum, and {@link #tableBytes}. It is 0 once this
   * optimizer is closed.
   */
  public synchronized long stateBytes() {
    long bytes = closed ? 0 : step.bytes();
    for (DeviceTensor tensor : tensors) {
      bytes += closed ? 0 : tensor.bytes();
    }
    return bytes;
  }

  /**
   * Bytes of the device for the accumulators and momentum of one parameter; 0 if it is frozen.
   *
   * @throws IllegalArgumentException if no parameter has that name
   */
  public synchronized long stateBytes(String name) {
    boolean none = closed || requireParameter(name).frozen();
    return none ? 0 : tensors.get(index(name)).bytes();
  }

  /** Bytes of the device for the tables by which a step finds all tensors. */
  public synchronized long tableBytes() {
    return closed ? 0 : step.bytes();
  }

  /**
   * Copies the accumulators of one parameter to the heap, as {@link Optimizer#accumulators}. Waits
   * for the steps.
   *
   * @throws IllegalArgumentException if no parameter has that name or it is frozen
   * @throws IllegalStateException if this optimizer is closed
   * @throws NonFiniteGradientException as {@link #synchronize}
   */
  public synchronized float[][] accumulators(String name) {
    requireOpen();
    requireGood();
    if (requireParameter(name).frozen()) {
      throw new IllegalArgumentException(
          "parameter '%s' is frozen and has no accumulators".formatted(name));
    }
    return HostCopy.accumulators(tensors.get(index(name)));
  }

  /**
   * Saves weights, state and recipe to a safetensors file, as {@link Optimizer#save(Path)}: {@link
   * #load} and {@link Optimizer#load(Path)} both take it.
   *
   * @throws IOException as {@link #save(Path, Map, List)}
   */
  public void save(Path file) throws IOException {
    save(file, Map.of(), List.of());
  }

  /**
   * Saves weights, state and recipe to a safetensors file, with text and tensors of the user's, as
   * {@link Optimizer#save(Path, Map, List)}. Weights and state are copied to the host first, which
   * takes as much memory there as the file. Waits for the steps.
   *
   * @param metadata free text by key; {@link #load} returns it
   * @param others what else the training consists of, in host memory
   * @throws IOException if it cannot be written; an older file is as it was
   * @throws IllegalArgumentException as {@link Optimizer#save(Path, Map, List)}
   * @throws IllegalStateException if this optimizer is closed, or an earlier step failed half way
   * @throws NonFiniteGradientException as {@link #synchronize}
   */
  public synchronized void save(Path file, Map<String, String> metadata, List<NamedTensor> others)
      throws IOException {
    requireWhole();
    requireGood();
    try (HostCopy copy = new HostCopy(recipe, parameters.values())) {
      copy.download(tensors, progress());
      copy.optimizer().save(file, metadata, others);
    }
  }

  /**
   * Overwrites weights and state with a checkpoint's, as {@link #load(Path, RecipeChanges, List)}
   * with {@link RecipeChanges#LEARNING_RATE}.
   */
  public Map<String, String> load(Path file) throws IOException {
    return load(file, RecipeChanges.LEARNING_RATE, List.of());
  }

  /**
   * Overwrites weights and state with a checkpoint's, of this class or of {@link Optimizer}, as
   * {@link Optimizer#load(Path, RecipeChanges, List)}. Steps after it give the bits that they would
   * have given after the save. Everything is checked before anything changes.
   *
   * @param changes in what this recipe may differ from the checkpoint's
   * @param others all tensors that were saved besides, in host memory; overwritten
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit, naming the first difference and the
   *     remedy; nothing has changed
   * @throws IllegalStateException if this optimizer is closed
   */
  public synchronized Map<String, String> load(
      Path file, RecipeChanges changes, List<NamedTensor> others) throws IOException {
    requireOpen();
    try (HostCopy copy = new HostCopy(recipe, parameters.values())) {
      Map<String, String> metadata = copy.optimizer().load(file, changes, others);
      failed = true; // Until all of it is there.
      copy.upload(tensors);
      Progress progress = copy.optimizer().progress();
      steps = progress.steps();
      skippedSteps = progress.skippedSteps();
      for (DeviceTensor tensor : tensors) {
        tensor.restoreSteps(requireNonNull(progress.stepsByParameter().get(tensor.name)));
      }
      failed = false;
      return metadata;
    }
  }

  /** The state by the names of {@link Optimizer#state}. */
  synchronized Map<String, DeviceMemory> stateByName() {
    return HostCopy.state(tensors);
  }

  private Progress progress() {
    Map<String, Long> byParameter = new LinkedHashMap<>();
    tensors.forEach(tensor -> byParameter.put(tensor.name, tensor.steps()));
    return new Progress(steps, skippedSteps, byParameter);
  }

  /**
   * Waits for the steps and frees the state. Weights stay as they are. Closing again does nothing.
   */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      device.synchronize();
      step.close();
      tensors.forEach(DeviceTensor::close);
    }
  }

  private void refuseUnused(Map<String, DeviceGradient> gradients) {
    for (String name : gradients.keySet()) {
      if (requireParameter(name).frozen()) {
        throw new IllegalArgumentException(
            "parameter '%s' is frozen but was given a gradient; leave it out".formatted(name));
      }
    }
  }

  private DeviceParameter requireParameter(String name) {
    DeviceParameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "no parameter is named '%s'; bound are %s".formatted(name, parameters.keySet()));
    }
    return parameter;
  }

  private int index(String name) {
    return requireNonNull(indices.get(name));
  }

  private void requireWhole() {
    requireOpen();
    if (failed) {
      throw new IllegalStateException(
          "a step failed half way and left weights and state between two steps; load a checkpoint, or restore the weights and bind again");
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this optimizer is closed; bind the recipe again");
    }
  }
}
