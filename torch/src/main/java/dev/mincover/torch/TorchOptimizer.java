package dev.mincover.torch;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteException;
import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.Gradient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer bound to the parameters of a JavaCPP PyTorch module: it reads gradients and
 * overwrites weights where libtorch keeps them, without a copy.
 *
 * <pre>{@code
 * try (var optimizer = TorchOptimizer.bind(Sm3.learningRate(0.1), module, 2)) {
 *   loss.backward();
 *   optimizer.step();
 *   optimizer.zeroGradients();
 * }
 * }</pre>
 *
 * <p>Parameters are float32, bfloat16 or float16 on the CPU, and gradients any of the three,
 * whatever their parameter is. Parameters that are dense but permuted (a transposed matrix, a
 * channels-last convolution) are updated in place as well, their axes in memory order; views with
 * gaps go through a contiguous copy. Tied parameters are bound once, under their first name. A
 * parameter that requires no gradient when bound is frozen; one whose gradient is undefined is left
 * as it is. This object keeps the tensors alive until it is closed, whatever {@link PointerScope}
 * they came from.
 *
 * <p>Sparse gradients as {@code embedding} gives them, coalesced or not, are {@link Gradient#rows}:
 * a step costs what the rows given do. Other sparse gradients, and those of parameters whose axis 0
 * is not the outermost in memory, become dense, with zeros that momentum and weight decay reach.
 */
public final class TorchOptimizer implements AutoCloseable {

  private final List<TorchParameter> parameters;

  /** Those of the parameters that are not frozen. */
  private final List<TorchParameter> learning;

  private final Optimizer optimizer;

  /** The scope of all views of libtorch's memory: once closed, no view can reach a freed tensor. */
  private final Arena views;

  private final Map<String, Gradient> gradients = new HashMap<>();

  /** The average, while it is in the place of the weights. */
  private @Nullable Averaged averaged;

  private TorchOptimizer(List<TorchParameter> parameters, Optimizer optimizer, Arena views) {
    this.parameters = parameters;
    learning =
        new ArrayList<>(parameters.stream().filter(each -> !each.parameter().frozen()).toList());
    this.optimizer = optimizer;
    this.views = views;
  }

  /**
   * Binds a recipe to all parameters of a module, by their names in it.
   *
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException as {@link #bind(Recipe, Map, int)}
   */
  public static TorchOptimizer bind(Recipe recipe, Module module, int threads) {
    try (var _ = new PointerScope()) {
      return bind(recipe, namedParameters(module), threads);
    }
  }

  /**
   * Binds a recipe to parameters under names of one's own.
   *
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if a parameter is not float32, bfloat16 or float16 on the CPU,
   *     or its memory overlaps with itself (an expanded tensor) or with another parameter
   */
  @SuppressWarnings("MustBeClosedChecker") // What is returned closes the arena.
  public static TorchOptimizer bind(Recipe recipe, Map<String, Tensor> parameters, int threads) {
    List<TorchParameter> bound = new ArrayList<>();
    Arena views = Arena.ofShared();
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Map<Long, String> seen = new HashMap<>();
      for (Map.Entry<String, Tensor> entry : parameters.entrySet()) {
        long identity = entry.getValue().unsafeGetTensorImpl().address();
        if (seen.putIfAbsent(identity, entry.getKey()) == null) {
          bound.add(new TorchParameter(entry.getKey(), entry.getValue(), views));
        }
      }
      requireCopiesApart(bound);
      var core =
          Optimizer.bind(recipe, bound.stream().map(TorchParameter::parameter).toList(), threads);
      return new TorchOptimizer(bound, core, views);
    } catch (RuntimeException | Error failure) {
      bound.forEach(TorchParameter::close);
      views.close();
      throw failure;
    }
  }

  /**
   * Takes one step from the gradients that the parameters hold. Everything is checked before
   * anything changes, but for {@link Guard#UNCHECKED}. With {@link Guard#SKIP} it may leave all as
   * it is.
   *
   * @throws IllegalStateException if a parameter's memory or layout was replaced since it was
   *     bound, its gradient is not of a type and shape that fit, the average is in the place of the
   *     weights, or this optimizer is closed
   * @throws NonFiniteException as the recipe's {@link Guard} says
   */
  public synchronized void step() {
    // Gradients that had to be copied live until the scope ends, after core has read them.
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      gradients.clear();
      for (TorchParameter parameter : learning) {
        parameter.requireUnmoved();
        Gradient gradient = parameter.gradient();
        if (gradient != null) {
          gradients.put(parameter.name(), gradient);
        }
      }
      // Those without a gradient as well: they, too, enter the average of the weights.
      learning.forEach(TorchParameter::fetch);
      long before = optimizer.steps();
      try {
        optimizer.step(gradients);
      } catch (NonFiniteException bad) {
        if (bad.changed()) {
          publishStepped();
        }
        throw bad;
      }
      if (optimizer.steps() != before) { // Otherwise the step was skipped.
        publishStepped();
      }
    } finally {
      gradients.clear();
    }
  }

  private void publishStepped() {
    for (TorchParameter parameter : learning) {
      if (gradients.containsKey(parameter.name())) {
        parameter.publish();
      }
    }
  }

  /**
   * Puts the average of the weights in their place, for evaluation. Until the result is closed,
   * steps are refused; closing it, or this optimizer, brings the trained weights back, bit for bit.
   * Autograd knows of both changes.
   *
   * <pre>{@code
   * try (var _ = optimizer.swapInAverage()) {
   *   evaluate(module);
   * }
   * }</pre>
   *
   * @throws IllegalStateException if the recipe has no average, it is in place already, a
   *     parameter's memory or layout was replaced since it was bound, or this optimizer is closed
   */
  public synchronized AverageSwap swapInAverage() {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      for (TorchParameter parameter : learning) {
        parameter.requireUnmoved();
        parameter.fetch();
      }
      Averaged swapped = new Averaged(optimizer.swapInAverage());
      averaged = swapped;
      learning.forEach(TorchParameter::publish);
      return swapped;
    }
  }

  /** The average in the place of the weights, as libtorch sees them. */
  private final class Averaged implements AverageSwap {

    private final AverageSwap core;

    Averaged(AverageSwap core) {
      this.core = core;
    }

    @Override
    public void close() {
      synchronized (TorchOptimizer.this) {
        if (!equals(averaged)) {
          return; // Closed before.
        }
        averaged = null;
        try (var _ = new PointerScope();
            var _ = new NoGradGuard()) {
          core.close();
          for (TorchParameter parameter : learning) {
            // Memory that a parameter was given since holds the weights of whoever gave it.
            if (!parameter.isMoved()) {
              parameter.publish();
            }
          }
        }
      }
    }
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
   * Saves weights, state and recipe to a safetensors file, as {@link Optimizer#save(Path, Map,
   * List)} does, under the names that the parameters were bound with. The axes of a parameter that
   * is permuted in memory stand in the file in the order that they have there.
   *
   * @param metadata free text by key, such as the position in the data; {@link #load} returns it
   * @param others what else the training consists of, such as the module's buffers
   * @throws IOException if the file cannot be written; an older file is as it was
   * @throws IllegalStateException if a parameter's memory or layout was replaced since it was
   *     bound, the average is in the place of the weights, or this optimizer is closed
   */
  public synchronized void save(Path file, Map<String, String> metadata, List<NamedTensor> others)
      throws IOException {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      for (TorchParameter parameter : parameters) {
        parameter.requireUnmoved();
        parameter.fetch();
      }
      optimizer.save(file, metadata, others);
    }
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written, as {@link #load(Path,
   * RecipeChanges)} with {@link RecipeChanges#LEARNING_RATE}.
   *
   * @throws IOException as {@link #load(Path, RecipeChanges)}
   */
  public Map<String, String> load(Path file) throws IOException {
    return load(file, RecipeChanges.LEARNING_RATE);
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written.
   *
   * @throws IOException as {@link #load(Path, RecipeChanges, List)}
   */
  public Map<String, String> load(Path file, RecipeChanges changes) throws IOException {
    return load(file, changes, List.of());
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written; the module then trains
   * on with the same bits. Autograd knows that the weights have changed.
   *
   * @param changes in what this recipe may differ from the one that was saved
   * @param others all tensors that were given to {@link #save(Path, Map, List)}; overwritten
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit, naming the first difference and the
   *     remedy; nothing has changed
   * @throws IllegalStateException as {@link #save}
   */
  public synchronized Map<String, String> load(
      Path file, RecipeChanges changes, List<NamedTensor> others) throws IOException {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      parameters.forEach(TorchParameter::requireUnmoved);
      Map<String, String> metadata = optimizer.load(file, changes, others);
      parameters.forEach(TorchParameter::publish);
      return metadata;
    }
  }

  /** Makes every gradient undefined, so that the next backward pass starts anew. */
  public synchronized void zeroGradients() {
    parameters.forEach(TorchParameter::clearGradient);
  }

  /**
   * The optimizer of core underneath, for its counters and accumulators; step and swap with this
   * object.
   */
  public Optimizer core() {
    return optimizer;
  }

  /**
   * Frees the optimizer's state and lets go of the tensors, which live on if others hold them. They
   * keep the trained weights, even if the average is in their place.
   */
  @Override
  public synchronized void close() {
    if (views.scope().isAlive()) {
      if (averaged != null) {
        averaged.close();
      }
      optimizer.close();
      views.close();
      parameters.forEach(TorchParameter::close);
      parameters.clear();
      learning.clear();
    }
  }

  /** Core sees the copy of a view with gaps, and so not what the view itself overlaps. */
  private static void requireCopiesApart(List<TorchParameter> parameters) {
    for (TorchParameter copied : parameters) {
      for (TorchParameter other : parameters) {
        if (copied != other && copied.isCopied() && copied.overlaps(other)) {
          throw new IllegalArgumentException(
              "parameters '%s' and '%s' share memory; bind one of them"
                  .formatted(copied.name(), other.name()));
        }
      }
    }
  }

  private static Map<String, Tensor> namedParameters(Module module) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    StringTensorDict dictionary = module.named_parameters();
    for (long i = 0; i < dictionary.size(); i++) {
      var item = dictionary.get(i);
      named.put(item.key().getString(), item.value());
    }
    return named;
  }
}
