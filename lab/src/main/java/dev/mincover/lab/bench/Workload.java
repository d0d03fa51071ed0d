package dev.mincover.lab.bench;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.tensor.Shape;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The tensors of a step.
 *
 * @param name such as {@code 4096x8} or {@code gpt2}
 * @param tensors at least one, none of them empty
 */
public record Workload(String name, List<Shape> tensors) {

  /** The default of {@code mincover bench}. */
  public static final List<String> BY_DEFAULT =
      List.of(
          "4096x4096",
          "50257x768",
          "8192x8192",
          "768x3072",
          "4096x8",
          "8x4096",
          "512x512x3x3",
          "1000000",
          "gpt2");

  /** Copies the list. */
  public Workload {
    tensors = List.copyOf(tensors);
  }

  /**
   * Returns the workload of a name: {@code gpt2}, {@code tiny}, or the dimensions of one tensor.
   *
   * @throws IllegalArgumentException if the name is none of these, a dimension is 0, or the number
   *     of weights exceeds 64 bits
   */
  public static Workload of(String name) {
    return switch (name) {
      case "gpt2" -> new Workload(name, GptSize.named(name).shapes());
      case "tiny" -> new Workload(name, Collections.nCopies(10_000, Shape.of(64)));
      default -> {
        if (!name.matches("[1-9][0-9]{0,17}(x[1-9][0-9]{0,17})*")) {
          throw new IllegalArgumentException(
              "'%s' is no shape; give dimensions such as 4096x4096, gpt2 or tiny".formatted(name));
        }
        long[] dimensions = Arrays.stream(name.split("x")).mapToLong(Long::parseLong).toArray();
        yield new Workload(name, List.of(Shape.of(dimensions)));
      }
    };
  }

  /** The number of weights. */
  public long weights() {
    return tensors.stream().mapToLong(Shape::size).sum();
  }

  /** The number of SM3's accumulators: one per slice, and for vectors one per weight. */
  long slices() {
    return tensors.stream().mapToLong(shape -> Arrays.stream(shape.dimensions()).sum()).sum();
  }
}
