package dev.mincover.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Prints what a step takes besides, at its peak, as a share of the gradient, for each recipe. */
final class StepMemory {

  private StepMemory() {}

  public static void main(String[] arguments) throws IOException {
    Sm3 plain = Sm3.learningRate(0.1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(4096, 4096);
      NDArray weight = manager.ones(shape);
      NDArray gradient = manager.ones(shape);
      for (Sm3 recipe : List.of(plain, plain.momentum(Momentum.nesterov(0.9)), Sm3.adaGrad(0.1))) {
        try (EngineSm3 optimizer = new EngineSm3(recipe, "w", weight)) {
          optimizer.step(weight, gradient);
          long least = Long.MAX_VALUE; // The JVM itself takes some more now and then.
          for (int i = 0; i < 5; i++) {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // Forgets the peak.
            long before = kibibytes("VmRSS:");
            optimizer.step(weight, gradient);
            least = Math.min(least, kibibytes("VmHWM:") - before);
          }
          System.out.println(1024.0 * least / (Float.BYTES * shape.size()));
        }
      }
    }
  }

  private static long kibibytes(String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(field))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
