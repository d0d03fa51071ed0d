package dev.mincover.lab.bench;

import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Optimizers that step a model in turn: SM3 without and with the guard, and the SGD pass if the
 * model is in float32.
 */
final class ModelTurns implements AutoCloseable {

  /** The learning rate. It is so small that constant gradients hardly move a weight. */
  static final double ETA = 1e-6;

  private final @Nullable SgdPass pass;
  private final SteppedModel unchecked;
  private final SteppedModel guarded;
  private final List<Timed> all = new ArrayList<>();

  /**
   * One of the optimizers.
   *
   * @param name in the table of {@link Bench}
   * @param seconds of its steps
   */
  record Timed(String name, Runnable step, List<Double> seconds) {
    private Timed(String name, Runnable step) {
      this(name, step, new ArrayList<>());
    }
  }

  ModelTurns(ModelMemory model, DataType type, int threads) {
    Sm3 recipe = Sm3.learningRate(ETA);
    SgdPass pass = type == DataType.FLOAT32 ? pass(model, threads) : null;
    this.pass = pass;
    unchecked = new SteppedModel(model, recipe.guard(Guard.UNCHECKED), threads);
    guarded = new SteppedModel(model, recipe, threads);
    if (pass != null) {
      all.add(new Timed(Contestant.SGD_PASS, () -> pass.step((float) ETA)));
    }
    all.add(new Timed(Contestant.SM3, unchecked::step));
    all.add(new Timed(Contestant.SM3_GUARDED, guarded::step));
  }

  private static SgdPass pass(ModelMemory model, int threads) {
    List<ModelMemory.Tensor> tensors = model.parts().stream().flatMap(List::stream).toList();
    return new SgdPass(
        tensors.stream().map(ModelMemory.Tensor::weights).toList(),
        tensors.stream().map(ModelMemory.Tensor::gradients).toList(),
        threads);
  }

  /** Takes one step with each optimizer. */
  void take() {
    for (Timed timed : all) {
      Stopwatch step = new Stopwatch();
      timed.step.run();
      timed.seconds.add(step.seconds());
    }
  }

  /** Returns all optimizers. The first is the one with which the others are compared. */
  List<Timed> all() {
    return all;
  }

  /** Returns the bytes of state of one SM3. */
  long stateBytes() {
    return unchecked.stateBytes();
  }

  @Override
  public void close() {
    guarded.close();
    unchecked.close();
    if (pass != null) {
      pass.close();
    }
  }
}
