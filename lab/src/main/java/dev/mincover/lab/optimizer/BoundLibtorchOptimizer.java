package dev.mincover.lab.optimizer;

import dev.mincover.lab.libtorch.LibtorchOptimizer;
import dev.mincover.schedule.Schedule;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * An optimizer of libtorch that takes its learning rates from a schedule. It does not check
 * gradients.
 */
public final class BoundLibtorchOptimizer implements BoundOptimizer {

  private final LibtorchOptimizer optimizer;
  private final Schedule schedule;
  private final List<Tensor> weights;
  private final int threads;
  private long steps;

  /**
   * Takes over an optimizer, and closes it when it is closed itself.
   *
   * @param weights the weights that the optimizer steps
   * @param threads of libtorch that share a step
   */
  public BoundLibtorchOptimizer(
      LibtorchOptimizer optimizer, Schedule schedule, List<Tensor> weights, int threads) {
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.weights = List.copyOf(weights);
    this.threads = threads;
  }

  @Override
  public double learningRate() {
    return schedule.at(steps + 1);
  }

  @Override
  public void step() {
    // Only for this thread and this step: operations of the model run on one thread each.
    int before = torch.get_num_threads();
    torch.set_num_threads(threads);
    try {
      optimizer.step(learningRate());
    } finally {
      torch.set_num_threads(before);
    }
    steps++;
  }

  @Override
  public void zeroGradients() {
    weights.forEach(weight -> weight.mutable_grad().reset());
  }

  @Override
  public long stateBytes() {
    return optimizer.stateBytes();
  }

  @Override
  public long skippedSteps() {
    return 0;
  }

  @Override
  public void withFinalWeights(Runnable task) {
    task.run();
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
