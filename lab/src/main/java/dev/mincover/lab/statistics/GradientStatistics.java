package dev.mincover.lab.statistics;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The gradient statistics of a run, {@code statistics.safetensors}. For a parameter {@code w} the
 * file holds the tensor {@code w/adagrad} with the shape of the parameter, and vectors {@code
 * w/sm3-ii/0}, {@code w/sm3-i/0}, {@code w/optimizer/0} and so on, one for each array of {@link
 * ParameterStatistics}.
 *
 * @param steps number of steps whose gradients are in the sums; steps with gradients that were not
 *     finite are not
 * @param parameters in the model's order
 */
public record GradientStatistics(long steps, List<ParameterStatistics> parameters) {

  private static final String STEPS = "steps";

  /** The names in the model's order, a line each: files order tensors by name. */
  private static final String PARAMETERS = "parameters";

  private static final String ADAGRAD = "/adagrad";
  private static final String SM3_II = "/sm3-ii/";
  private static final String SM3_I = "/sm3-i/";
  private static final String OPTIMIZER = "/optimizer/";

  private static final ValueLayout.OfFloat FLOAT =
      JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Copies the list. */
  public GradientStatistics {
    parameters = List.copyOf(parameters);
  }

  /**
   * Returns the statistics of one parameter.
   *
   * @throws UserError if there are none
   */
  public ParameterStatistics parameter(String name) {
    for (ParameterStatistics parameter : parameters) {
      if (parameter.name().equals(name)) {
        return parameter;
      }
    }
    throw new UserError("no statistics of parameter %s were recorded".formatted(name));
  }

  /** Whether a run has recorded statistics. */
  public static boolean areIn(RunDirectory run) {
    return Files.isRegularFile(run.statistics());
  }

  /**
   * Writes the file, replacing an older one at once when it is complete.
   *
   * @throws UserError if it cannot be written
   */
  public void write(Path file) {
    List<NamedTensor> tensors = new ArrayList<>();
    for (ParameterStatistics parameter : parameters) {
      String name = parameter.name();
      tensors.add(tensor(name + ADAGRAD, parameter.shape(), parameter.adagrad()));
      add(tensors, name + SM3_II, parameter.sm3ii());
      add(tensors, name + SM3_I, parameter.sm3i());
      add(tensors, name + OPTIMIZER, parameter.optimizer());
    }
    String names = String.join("\n", parameters.stream().map(ParameterStatistics::name).toList());
    TensorFile.write(file, tensors, Map.of(STEPS, Long.toString(steps), PARAMETERS, names));
  }

  private static void add(List<NamedTensor> tensors, String prefix, float[][] vectors) {
    for (int k = 0; k < vectors.length; k++) {
      tensors.add(tensor(prefix + k, Shape.of(vectors[k].length), vectors[k]));
    }
  }

  private static NamedTensor tensor(String name, Shape shape, float[] values) {
    // libtorch has builds for little-endian processors only.
    return NamedTensor.of(name, shape, MemorySegment.ofArray(values));
  }

  /**
   * Reads the statistics of a run.
   *
   * @throws UserError if it has none, or the file is damaged
   */
  public static GradientStatistics read(RunDirectory run) {
    if (!areIn(run)) {
      throw new UserError(
          "no %s in %s; train with --statistics all to record them"
              .formatted(run.statistics().getFileName(), run.path()));
    }
    return read(run.statistics());
  }

  private static GradientStatistics read(Path file) {
    try (SafetensorsFile content = TensorFile.open(file)) {
      List<ParameterStatistics> parameters = new ArrayList<>();
      for (String name : names(content)) {
        parameters.add(parameter(content, name));
      }
      return new GradientStatistics(steps(file, content.metadata()), parameters);
    } catch (IllegalArgumentException e) {
      throw new UserError(
          "%s is damaged: %s; train again with --statistics all".formatted(file, e.getMessage()));
    }
  }

  /** The parameters in the model's order, which is that of older files that do not list them. */
  private static List<String> names(SafetensorsFile content) {
    String names = content.metadata().get(PARAMETERS);
    if (names != null) {
      return names.isEmpty() ? List.of() : List.of(names.split("\n"));
    }
    return content.tensors().stream()
        .map(StoredTensor::name)
        .filter(name -> name.endsWith(ADAGRAD))
        .map(name -> name.substring(0, name.length() - ADAGRAD.length()))
        .toList();
  }

  private static long steps(Path file, Map<String, String> metadata) {
    String steps = metadata.getOrDefault(STEPS, "");
    if (!steps.matches("\\d{1,18}")) {
      throw new UserError(
          "%s does not tell the number of steps; give the statistics of a training run"
              .formatted(file));
    }
    return Long.parseLong(steps);
  }

  private static ParameterStatistics parameter(SafetensorsFile content, String name) {
    StoredTensor adagrad =
        content
            .find(name + ADAGRAD)
            .orElseThrow(() ->
                new IllegalArgumentException("it lacks tensor '%s%s'".formatted(name, ADAGRAD)));
    return new ParameterStatistics(
        name,
        adagrad.shape(),
        values(content, adagrad),
        vectors(content, name + SM3_II),
        vectors(content, name + SM3_I),
        vectors(content, name + OPTIMIZER));
  }

  private static float[][] vectors(SafetensorsFile content, String prefix) {
    List<float[]> vectors = new ArrayList<>();
    Optional<StoredTensor> next = content.find(prefix + 0);
    while (next.isPresent()) {
      vectors.add(values(content, next.get()));
      next = content.find(prefix + vectors.size());
    }
    return vectors.toArray(float[][]::new);
  }

  private static float[] values(SafetensorsFile content, StoredTensor tensor) {
    if (tensor.type() != StoredType.F32) {
      throw new IllegalArgumentException(
          "tensor '%s' is %s, not F32".formatted(tensor.name(), tensor.type()));
    }
    return content.elements(tensor).toArray(FLOAT);
  }
}
