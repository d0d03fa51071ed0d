package dev.mincover.djl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.util.Objects.requireNonNull;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import dev.mincover.AverageSwap;
import dev.mincover.average.Average;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Sm3;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** What ends a JVM if memory is not handled with care; the first argument says which. */
final class HostileMemory {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  private HostileMemory() {}

  public static void main(String[] arguments) {
    switch (arguments[0]) {
      case "closed" -> stepAfterTheModelIsClosed();
      case "swapped" -> weightsComeBackAfterTheModelIsClosed();
      case "large" -> moreThanABufferHolds();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void stepAfterTheModelIsClosed() {
    Model model = Models.model();
    BlockOptimizer optimizer;
    try (Trainer trainer =
        Models.trainer(model, MincoverOptimizer.builder(Adam.learningRate(1)).build(), 1)) {
      optimizer = BlockOptimizer.bind(SM3, model.getBlock(), 2);
      Models.backward(trainer, 0);
      optimizer.step();
    }
    model.close();
    try {
      optimizer.step();
    } catch (IllegalStateException expected) {
      System.out.println("refused");
    }
    optimizer.close();
  }

  private static void weightsComeBackAfterTheModelIsClosed() {
    for (int i = 0; i < 20; i++) {
      NDManager manager = NDManager.newBaseManager("PyTorch");
      NDArray array = manager.ones(new Shape(2048, 2048));
      BlockOptimizer optimizer =
          BlockOptimizer.bind(SM3.average(Average.polyak(0.5)), Map.of("w", parameter(array)), 2);
      backward(array);
      optimizer.step();
      AverageSwap swap = optimizer.swapInAverage();
      manager.close(); // The memory would be given back to the system here.
      if (i % 2 == 0) {
        swap.close();
      }
      optimizer.close();
    }
    System.out.println("put back");
  }

  /** Its last row is beyond what one buffer reaches. */
  private static void moreThanABufferHolds() {
    long rows = (1L << 31) / (4 * 8192) + 3;
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray array = manager.ones(new Shape(rows, 8192));
      try (BlockOptimizer optimizer = BlockOptimizer.bind(SM3, Map.of("w", parameter(array)), 2)) {
        backward(array);
        optimizer.step();
        MemorySegment memory = requireNonNull(ArrayMemory.of(array));
        float first = memory.get(JAVA_FLOAT_UNALIGNED, 0);
        float last = memory.get(JAVA_FLOAT_UNALIGNED, memory.byteSize() - 4);
        System.out.println("%,d bytes, from %s to %s".formatted(memory.byteSize(), first, last));
        NDArray columns = array.transpose();
        array.setRequiresGradient(false);
        try {
          BlockOptimizer.bind(SM3, Map.of("w", parameter(columns)), 2);
        } catch (IllegalArgumentException expected) {
          System.out.println(expected.getMessage());
        }
      }
    }
  }

  private static Parameter parameter(NDArray array) {
    array.setRequiresGradient(true);
    Parameter parameter = Parameter.builder().setName("w").setType(Parameter.Type.WEIGHT).build();
    parameter.setArray(array);
    return parameter;
  }

  private static void backward(NDArray array) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(array.sum());
    }
  }
}
