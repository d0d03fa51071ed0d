package dev.mincover.tribuo;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.SafetensorsWriter;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.DenseVector;
import org.tribuo.math.la.Tensor;

/**
 * A training in a file, in the format of docs/reference/checkpoints.md, with elements in float64.
 * Tribuo's parameters have no names: tensor i stands under {@code tensor.i}.
 */
final class TrainingFile {

  private static final String RESERVED = "mincover.";
  private static final String FORMAT = RESERVED + "format";
  private static final String VERSION = "1";
  private static final String STEP = RESERVED + "step";
  private static final String RECIPE = RESERVED + "recipe ";
  private static final String LEARNING_RATE = RECIPE + "learning rate";

  private TrainingFile() {}

  /** A tensor of the file: a copy of what is there, and how to put other values in its place. */
  private record Part(NamedTensor tensor, Runnable restore) {
    static Part of(String name, int[] shape, double[] values, Consumer<double[]> restore) {
      Shape axes = Shape.of(Arrays.stream(shape).asLongStream().toArray());
      return new Part(
          new NamedTensor(name, StoredType.F64, axes, MemorySegment.ofArray(values)),
          () -> restore.accept(values));
    }
  }

  /** See {@link Sm3Optimiser#save}. */
  static void save(Path file, Sm3Training training, Map<String, String> metadata)
      throws IOException {
    Map<String, String> all = new HashMap<>(recipe(training.recipe()));
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      if (entry.getKey().startsWith(RESERVED)) {
        throw new IllegalArgumentException(
            "metadata has the key '%s'; keys that start with '%s' are kept for Mincover"
                .formatted(entry.getKey(), RESERVED));
      }
      all.put(entry.getKey(), entry.getValue());
    }
    all.put(FORMAT, VERSION);
    all.put(STEP, String.valueOf(training.steps()));
    SafetensorsWriter.write(file, parts(training).stream().map(Part::tensor).toList(), all);
  }

  /** See {@link Sm3Optimiser#load}. */
  static Map<String, String> load(Path file, Sm3Training training) throws IOException {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      Map<String, String> metadata = new HashMap<>(opened.metadata());
      if (!VERSION.equals(metadata.get(FORMAT)) || !opened.hasChecksum()) {
        throw new DamagedFileException(
            file, "is no checkpoint of format %s with a checksum".formatted(VERSION));
      }
      opened.verify();
      recipe(training.recipe())
          .forEach((key, expected) -> {
            String stored = metadata.get(key);
            if (!key.equals(LEARNING_RATE) && !expected.equals(stored)) {
              throw new IllegalArgumentException(
                  "%s was saved with %s %s; this optimiser has %s"
                      .formatted(file, key.substring(RECIPE.length()), stored, expected));
            }
          });
      long steps = steps(file, metadata);
      List<Part> parts = parts(training);
      opened.copyTo(parts.stream().map(Part::tensor).toList());
      parts.forEach(part -> part.restore().run());
      training.resume(steps);
      metadata.keySet().removeIf(key -> key.startsWith(RESERVED));
      return metadata;
    }
  }

  private static long steps(Path file, Map<String, String> metadata) throws DamagedFileException {
    try {
      long steps = Long.parseLong(metadata.getOrDefault(STEP, ""));
      if (steps >= 0) {
        return steps;
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    throw new DamagedFileException(file, "has no number of steps: " + metadata.get(STEP));
  }

  /** In the words of core's checkpoints. */
  private static Map<String, String> recipe(Sm3 recipe) {
    Momentum momentum = recipe.momentum();
    double beta = recipe.secondMoment().beta();
    return Map.of(
        RECIPE + "rule",
        "sm3",
        RECIPE + "algorithm",
        "sm3-ii",
        RECIPE + "cover",
        recipe.cover().otherwise() instanceof Cover.Slices ? "slices" : "singletons",
        RECIPE + "momentum",
        momentum.isNone()
            ? "none"
            : "%s %s float64"
                .formatted(
                    momentum.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    momentum.beta()),
        RECIPE + "second moment",
        beta == 1 ? "sum" : "average " + beta,
        RECIPE + "epsilon",
        String.valueOf(recipe.epsilon()),
        LEARNING_RATE,
        recipe.learningRate().toString());
  }

  private static List<Part> parts(Sm3Training training) {
    List<Part> parts = new ArrayList<>();
    Tensor[] weights = training.weights();
    for (int i = 0; i < weights.length; i++) {
      String name = "tensor." + i;
      TensorState state = training.tensor(i);
      parts.add(weights(name, i, weights[i]));
      parts.addAll(accumulators("optimizer/" + name + "/", state));
      double[][] momentum = state.momentum();
      if (momentum != null) {
        parts.add(rows("optimizer/" + name + "/momentum", state.shape(), momentum));
      }
    }
    return parts;
  }

  private static List<Part> accumulators(String prefix, TensorState state) {
    List<double[]> arrays = state.mu().arrays();
    if (state.mu() instanceof Accumulators.Singletons) {
      return List.of(rows(prefix + "mu", state.shape(), arrays.toArray(double[][]::new)));
    }
    List<Part> axes = new ArrayList<>();
    for (int axis = 0; axis < arrays.size(); axis++) {
      double[] mu = arrays.get(axis);
      axes.add(
          Part.of(
              prefix + "mu." + axis,
              new int[] {mu.length},
              mu.clone(),
              values -> System.arraycopy(values, 0, mu, 0, mu.length)));
    }
    return axes;
  }

  private static Part rows(String name, int[] shape, double[][] rows) {
    int columns = shape[shape.length - 1];
    double[] flat = new double[Math.multiplyExact(rows.length, columns)];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * columns, columns);
    }
    return Part.of(
        name,
        shape,
        flat,
        values -> {
          for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, i * columns, rows[i], 0, columns);
          }
        });
  }

  private static Part weights(String name, int index, Tensor weights) {
    return switch (weights) {
      case DenseVector vector ->
          Part.of(
              name,
              vector.getShape(),
              vector.toArray(),
              values -> {
                for (int j = 0; j < values.length; j++) {
                  vector.set(j, values[j]);
                }
              });
      case DenseMatrix matrix -> {
        int columns = matrix.getDimension2Size();
        double[] flat = new double[Math.multiplyExact(matrix.getDimension1Size(), columns)];
        for (int k = 0; k < flat.length; k++) {
          flat[k] = matrix.get(k / columns, k % columns);
        }
        yield Part.of(
            name,
            matrix.getShape(),
            flat,
            values -> {
              for (int k = 0; k < values.length; k++) {
                matrix.set(k / columns, k % columns, values[k]);
              }
            });
      }
      default ->
          throw new IllegalArgumentException(
              "the weights of tensor %d are a %s; only DenseVector and DenseMatrix can be saved"
                  .formatted(index, weights.getClass().getName()));
    };
  }
}
