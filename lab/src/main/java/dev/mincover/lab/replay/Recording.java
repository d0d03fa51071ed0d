package dev.mincover.lab.replay;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A training run of one tensor as another implementation recorded it: the gradients that went in
 * and the weights that came out. Values are row-major.
 *
 * @param file where it was read from, for people
 * @param name of the sequence
 * @param shape of the weights
 * @param recipe what the recorded optimizer computed
 * @param compatibility what it computed besides
 * @param initial the weights before step 1, finite
 * @param steps in their order
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record Recording(
    String file,
    String name,
    Shape shape,
    Sm3 recipe,
    Compatibility compatibility,
    float[] initial,
    List<Step> steps) {

  /**
   * One step.
   *
   * @param gradient what went in
   * @param weights what came out; null if that was not recorded
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Step(Gradient gradient, double @Nullable [] weights) {}

  /** Axes of an empty tensor may not be longer, in all: they have state that no weight pays for. */
  private static final long MAX_EMPTY = 1 << 24;

  private static final List<String> ROWS = List.of("indices", "values", "values_shape");

  /** Copies the list of steps. */
  public Recording {
    steps = List.copyOf(steps);
  }

  /** Reads and checks a sequence whose name is known to be usable. */
  static Recording read(String file, String name, Field sequence) {
    Field dimensions = sequence.get("shape");
    long[] lengths = dimensions.indices();
    Shape shape = dimensions.checked(() -> Shape.of(lengths));
    checkEmpty(dimensions, shape);
    Sm3 recipe = RecordedConfig.recipe(sequence.get("config"));
    Compatibility compatibility = RecordedConfig.compatibility(sequence.get("config"), recipe);
    float[] initial = initial(sequence.get("param0"), shape);
    Recording recording =
        new Recording(file, name, shape, recipe, compatibility, initial, steps(sequence, shape));
    // Whether the recipe fits the tensor is known to core alone.
    sequence
        .checked(() -> Optimizer.bind(recipe, List.of(recording.parameter(initial)), 1))
        .close();
    return recording;
  }

  private static void checkEmpty(Field dimensions, Shape shape) {
    if (shape.size() > 0) {
      return; // As many weights follow.
    }
    long left = MAX_EMPTY;
    for (long dimension : shape.dimensions()) {
      if (dimension > left) {
        throw dimensions.problem(
            "%s is %s, which has no values but too long axes; they may add up to %d"
                .formatted(dimensions.path(), shape, MAX_EMPTY));
      }
      left -= dimension;
    }
  }

  /** This recording, as if another recipe had been recorded. */
  Recording with(Sm3 recipe) {
    return new Recording(file, name, shape, recipe, compatibility, initial, steps);
  }

  /** This recording, to be replayed in another way. */
  Recording with(Compatibility compatibility) {
    return new Recording(file, name, shape, recipe, compatibility, initial, steps);
  }

  /** How many steps have recorded weights. */
  public int comparable() {
    return (int) steps.stream().filter(step -> step.weights() != null).count();
  }

  /** The tensor, over weights to be overwritten. */
  Parameter parameter(float[] weights) {
    return Parameter.of(name, weights, shape.dimensions());
  }

  private static float[] initial(Field field, Shape shape) {
    double[] values = field.values(shape.dimensions());
    float[] weights = floats(values);
    for (int i = 0; i < weights.length; i++) {
      if (!Float.isFinite(weights[i])) {
        throw field.problem(
            "%s holds %s at %d; float32 weights must start finite"
                .formatted(field.path(), values[i], i));
      }
    }
    return weights;
  }

  private static List<Step> steps(Field sequence, Shape shape) {
    List<Field> gradients = sequence.get("grads").elements();
    List<Field> recorded = sequence.get("steps").elements();
    if (gradients.size() != recorded.size()) {
      throw sequence.problem(
          "grads has %d entries and steps has %d; give one of each for every step"
              .formatted(gradients.size(), recorded.size()));
    }
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < gradients.size(); i++) {
      Field step = recorded.get(i);
      if (!step.node().isObject()) {
        throw step.error("give an object with the weights after the step as \"param\"");
      }
      Field weights = step.get("param");
      steps.add(
          new Step(
              gradient(gradients.get(i), shape),
              weights.isAbsent() ? null : weights.values(shape.dimensions())));
    }
    if (steps.stream().allMatch(step -> step.weights() == null)) {
      throw sequence.problem(
          "no step has a \"param\", so there is nothing to compare; record weights after a step");
    }
    return steps;
  }

  private static Gradient gradient(Field gradient, Shape shape) {
    if (gradient.isAbsent()) {
      throw gradient.error("give its values, zeros included, or {\"indices\", \"values\"} of rows");
    }
    return gradient.node().isObject()
        ? rows(gradient, shape)
        : Gradient.dense(floats(gradient.values(shape.dimensions())));
  }

  private static Gradient rows(Field gradient, Shape shape) {
    gradient.requireKnownKeys(ROWS);
    Field indices = gradient.get("indices");
    if (shape.rank() == 0) {
      throw indices.problem(
          "%s are those of rows, and a scalar has none; give its gradient as a number"
              .formatted(indices.path()));
    }
    long count = shape.dimension(0);
    long[] rows = indices.indices();
    for (long row : rows) {
      if (row >= count) {
        throw indices.problem(
            "%s holds %d; shape %s has the rows 0 to %d"
                .formatted(indices.path(), row, shape, count - 1));
      }
    }
    long[] needed = shape.dimensions();
    needed[0] = rows.length;
    Field noted = gradient.get("values_shape");
    if (!noted.isAbsent() && !Arrays.equals(noted.indices(), needed)) {
      throw noted.problem(
          "%s is %s; %d rows of shape %s are %s"
              .formatted(
                  noted.path(),
                  Arrays.toString(noted.indices()),
                  rows.length,
                  shape,
                  Arrays.toString(needed)));
    }
    return Gradient.rows(rows, floats(gradient.get("values").values(needed)));
  }

  /** Rounded to nearest; what is too large becomes infinite. */
  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
