package dev.mincover.lab.optimizer;

import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.average.Average;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.recipe.Recipe;
import dev.mincover.torch.TorchOptimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** An optimizer of Mincover's core that steps libtorch tensors. */
public final class BoundCoreOptimizer implements BoundOptimizer {

  private final Recipe recipe;
  private final TorchOptimizer optimizer;

  /**
   * Binds a recipe to tensors and allocates its state.
   *
   * @param threads that share a step
   * @throws IllegalArgumentException as {@link TorchOptimizer#bind(Recipe, Map, int)}
   */
  public BoundCoreOptimizer(Recipe recipe, Map<String, Tensor> parameters, int threads) {
    this.recipe = recipe;
    this.optimizer = TorchOptimizer.bind(recipe, parameters, threads);
  }

  /** The optimizer of the core that takes the steps. */
  public Optimizer core() {
    return optimizer.core();
  }

  @Override
  public double learningRate() {
    // A step that is skipped does not advance the schedule.
    return recipe.learningRate().at(optimizer.core().steps() + 1);
  }

  @Override
  public void step() {
    optimizer.step();
  }

  @Override
  public void zeroGradients() {
    optimizer.zeroGradients();
  }

  @Override
  public long stateBytes() {
    return optimizer.core().stateBytes();
  }

  @Override
  public long skippedSteps() {
    return optimizer.core().skippedSteps();
  }

  @Override
  public void withFinalWeights(Runnable task) {
    if (recipe.options().average() instanceof Average.None) {
      task.run();
    } else {
      try (var _ = optimizer.swapInAverage()) {
        task.run();
      }
    }
  }

  @Override
  public void save(Path file, Map<String, String> metadata, List<NamedTensor> others)
      throws IOException {
    optimizer.save(file, metadata, others);
  }

  @Override
  public Map<String, String> load(Path file, List<NamedTensor> others) throws IOException {
    return optimizer.load(file, RecipeChanges.LEARNING_RATE, others);
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
