package dev.mincover.lab.optimizer;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.SafetensorsWriter;
import dev.mincover.lab.libtorch.FusedOptimizer;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * An optimizer of libtorch that takes its learning rates from a schedule. It does not check
 * gradients.
 */
public final class BoundLibtorchOptimizer implements BoundOptimizer {

  private static final String NAME = "libtorch.optimizer";
  private static final String STEPS = "libtorch.steps";

  private final FusedOptimizer optimizer;
  private final Schedule schedule;
  private final List<String> names;
  private final List<Tensor> weights;
  private final int threads;
  private long steps;

  /**
   * Takes over an optimizer, and closes it when it is closed itself.
   *
   * @param parameters the weights that the optimizer steps, by name, in its order
   * @param threads of libtorch that share a step
   */
  public BoundLibtorchOptimizer(
      FusedOptimizer optimizer, Schedule schedule, Map<String, Tensor> parameters, int threads) {
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.names = List.copyOf(parameters.keySet());
    this.weights = List.copyOf(parameters.values());
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
  public void save(Path file, Map<String, String> metadata, List<NamedTensor> others)
      throws IOException {
    Map<String, String> all = new LinkedHashMap<>(metadata);
    all.put(NAME, name());
    all.put(STEPS, Long.toString(steps));
    SafetensorsWriter.write(file, tensors(others), all);
  }

  @Override
  public Map<String, String> load(Path file, List<NamedTensor> others) throws IOException {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      stored.verify();
      Map<String, String> metadata = new LinkedHashMap<>(stored.metadata());
      if (!name().equals(metadata.remove(NAME))) {
        throw new IllegalArgumentException(
            "checkpoint %s is not one of libtorch's %s".formatted(file, name()));
      }
      String saved = String.valueOf(metadata.remove(STEPS));
      if (!saved.matches("[0-9]{1,18}")) {
        throw new IllegalArgumentException(
            "checkpoint %s has '%s' for %s".formatted(file, saved, STEPS));
      }
      stored.copyTo(tensors(others));
      steps = Long.parseLong(saved);
      return metadata;
    }
  }

  private String name() {
    return optimizer.getClass().getSimpleName();
  }

  private List<NamedTensor> tensors(List<NamedTensor> others) {
    List<NamedTensor> tensors = optimizer.tensors(names);
    tensors.addAll(others);
    return tensors;
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
