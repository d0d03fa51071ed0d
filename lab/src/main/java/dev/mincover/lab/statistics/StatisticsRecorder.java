package dev.mincover.lab.statistics;

import dev.mincover.Optimizer;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Parameter;
import dev.mincover.torch.TorchOptimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Follows the gradients of a training with the accumulators of AdaGrad, SM3-II and SM3-I. The
 * latter two use the cover by slices.
 *
 * <p>The accumulators are those of Mincover's core, bound to the model's weights with a learning
 * rate of 0. Such a step updates the accumulators and leaves all weights unchanged. So there is no
 * second copy of the rules, no copy of the gradients, and no memory besides the accumulators. A
 * step whose gradients are not finite is left out.
 */
public final class StatisticsRecorder implements GradientObserver, AutoCloseable {

  /** What the names of an optimizer's state start with. */
  private static final String OPTIMIZER_STATE = "optimizer/";

  private static final Sm3 SM3_II = Sm3.learningRate(0).guard(Guard.UNCHECKED);

  /** Checks the gradients first, on behalf of the others too. */
  private static final Sm3 ADAGRAD = SM3_II.cover(Cover.singletons()).guard(Guard.SKIP);

  private static final Sm3 SM3_I = SM3_II.algorithm(Sm3.Algorithm.SM3_I);

  private final TorchOptimizer adagrad;
  private final TorchOptimizer sm3ii;
  private final TorchOptimizer sm3i;

  /** Steps that an earlier process has observed. */
  private long earlierSteps;

  /**
   * Makes a recorder.
   *
   * @param parameters to follow, by name; parameters that require no gradient get no statistics
   * @param threads that share the work; the results are equal bit for bit
   */
  public StatisticsRecorder(Map<String, Tensor> parameters, int threads) {
    List<TorchOptimizer> bound = new ArrayList<>();
    try {
      for (Sm3 recipe : List.of(ADAGRAD, SM3_II, SM3_I)) {
        bound.add(TorchOptimizer.bind(recipe, parameters, threads));
      }
    } catch (RuntimeException | Error failure) {
      bound.forEach(TorchOptimizer::close);
      throw failure;
    }
    adagrad = bound.get(0);
    sm3ii = bound.get(1);
    sm3i = bound.get(2);
  }

  /** Whether the recorder follows any parameters. */
  public boolean isFollowing() {
    return !adagrad.core().parameters().isEmpty();
  }

  @Override
  public void observe() {
    long before = adagrad.core().steps();
    adagrad.step();
    if (adagrad.core().steps() > before) { // Otherwise the gradients are not finite.
      sm3ii.step();
      sm3i.step();
    }
  }

  /** The number of steps whose gradients are in the sums. */
  public long steps() {
    return earlierSteps + adagrad.core().steps();
  }

  /**
   * Returns the accumulators as named tensors over their own memory, for a checkpoint. Writing into
   * them restores them.
   */
  public List<NamedTensor> state() {
    List<NamedTensor> state = new ArrayList<>();
    addState(state, "statistics/adagrad/", adagrad);
    addState(state, "statistics/sm3-ii/", sm3ii);
    addState(state, "statistics/sm3-i/", sm3i);
    return state;
  }

  private static void addState(List<NamedTensor> all, String prefix, TorchOptimizer optimizer) {
    for (NamedTensor tensor : optimizer.core().state()) {
      if (tensor.name().startsWith(OPTIMIZER_STATE)) {
        String name = prefix + tensor.name().substring(OPTIMIZER_STATE.length());
        all.add(new NamedTensor(name, tensor.type(), tensor.shape(), tensor.elements()));
      }
    }
  }

  /**
   * Goes on with accumulators that were restored.
   *
   * @param steps whose gradients are in them
   */
  public void restoreSteps(long steps) {
    earlierSteps = steps - adagrad.core().steps();
  }

  /** Returns the statistics so far, without the accumulators of the training's optimizer. */
  public GradientStatistics statistics() {
    return statistics(_ -> new float[0][]);
  }

  /**
   * Returns the statistics so far.
   *
   * @param optimizer the one that trains the model, bound to all its parameters
   */
  public GradientStatistics statistics(Optimizer optimizer) {
    return statistics(optimizer::accumulators);
  }

  private GradientStatistics statistics(Function<String, float[][]> optimizer) {
    List<ParameterStatistics> parameters = new ArrayList<>();
    for (Parameter parameter : adagrad.core().parameters()) {
      if (!parameter.frozen()) {
        String name = parameter.name();
        parameters.add(
            new ParameterStatistics(
                name,
                parameter.shape(),
                adagrad.core().accumulators(name)[0],
                sm3ii.core().accumulators(name),
                sm3i.core().accumulators(name),
                optimizer.apply(name)));
      }
    }
    return new GradientStatistics(steps(), parameters);
  }

  /** Frees the accumulators. The weights belong to the model. */
  @Override
  public void close() {
    adagrad.close();
    sm3ii.close();
    sm3i.close();
  }
}
