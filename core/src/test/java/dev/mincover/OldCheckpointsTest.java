package dev.mincover;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.average.Average;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Momentum.Format;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checkpoints of each version of the format and each kind of state, kept for good in the test
 * resources: every later version loads them and takes the next steps with the same bits.
 *
 * <p>For each recipe there is {@code NAME.safetensors}, saved after three steps, and {@code
 * NAME-after.safetensors}, saved by the same training two steps later. A new version of the format
 * gets a folder of its own, written once with {@code mvn test -pl core -am
 * -Dsurefire.failIfNoSpecifiedTests=false -Dtest=OldCheckpointsTest
 * -Dmincover.test.write=core/src/test/resources/dev/mincover/checkpoints-2}; the old folders stay
 * as they are.
 */
class OldCheckpointsTest {

  private static final String WRITE = "mincover.test.write";
  private static final int SAVED_AFTER = 3;
  private static final int STEPS = 5;

  private static Map<String, Recipe> recipes() {
    Sm3 sm3 = Sm3.learningRate(Schedule.constant(0.1).warmup(4, 2));
    Momentum momentum = Momentum.average(0.9);
    Map<String, Recipe> recipes = new LinkedHashMap<>();
    recipes.put("sm3-ii", sm3);
    recipes.put("sm3-i", sm3.algorithm(Algorithm.SM3_I));
    recipes.put("axes", sm3.cover("table", Cover.axes(1)).cover("kernel", Cover.axes(0, 2)));
    recipes.put("whole", sm3.cover(Cover.whole()));
    recipes.put(
        "sets", sm3.cover("bias", Cover.sets(new long[] {0, 1, 2}, new long[] {2, 3, 4, 5, 6})));
    recipes.put("adagrad", Sm3.adaGrad(0.1));
    recipes.put("average-of-squares", sm3.secondMoment(SecondMoment.average(0.9)));
    recipes.put("momentum", sm3.momentum(momentum).clipByGlobalNorm(2).weightDecay(0.01));
    recipes.put("momentum-bfloat16", sm3.momentum(momentum.stored(Format.BFLOAT16)));
    recipes.put("momentum-int8", sm3.momentum(Momentum.nesterov(0.9).stored(Format.INT8)));
    recipes.put("stochastic", sm3.momentum(momentum).rounding(Rounding.stochastic(3)));
    recipes.put("polyak", sm3.average(Average.polyak(0.9)));
    recipes.put("tail", sm3.average(Average.tail(2)));
    recipes.put("adam", Adam.learningRate(0.01));
    recipes.put("adafactor", Adafactor.relativeStep().momentum(Momentum.heavyBall(0.9)));
    return recipes;
  }

  /** Small tensors of all types; those of another training start at other values. */
  private static List<Parameter> parameters(float start) {
    return List.of(
        Parameter.of("table", Shape.of(6, 3), floats(18, start)),
        Parameter.of("bias", Shape.of(7), floats(7, start)),
        Parameter.of("scalar", Shape.of(), floats(1, start)),
        Parameter.of("half", Shape.of(2, 5), shorts(10, start, true), DataType.FLOAT16),
        Parameter.of("kernel", Shape.of(2, 3, 2), shorts(12, start, false), DataType.BFLOAT16),
        Parameter.of("frozen", Shape.of(2), floats(2, start)).freeze());
  }

  private static float value(int i, float start) {
    return start + (i % 7) * 0.25f;
  }

  private static MemorySegment floats(int n, float start) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = value(i, start);
    }
    return MemorySegment.ofArray(values);
  }

  private static MemorySegment shorts(int n, float start, boolean half) {
    short[] values = new short[n];
    for (int i = 0; i < n; i++) {
      float value = value(i, start);
      values[i] =
          half
              ? Float.floatToFloat16(value)
              : (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
    }
    return MemorySegment.ofArray(values);
  }

  /** The gradients of step t, of which SM3's table has sparse ones at times. */
  private static Map<String, Gradient> gradients(Recipe recipe, int t) {
    Map<String, Gradient> gradients = new LinkedHashMap<>();
    for (Parameter parameter : parameters(0)) {
      if (!parameter.frozen() && !(t == 2 && parameter.name().equals("bias"))) {
        int n = (int) parameter.shape().size();
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
          values[i] = ((i * 5 + t * 3) % 11 - 5) * 0.125f;
        }
        boolean sparse = recipe instanceof Sm3 && parameter.name().equals("table") && t % 2 == 0;
        gradients.put(
            parameter.name(),
            sparse
                ? Gradient.rows(new long[] {5, t % 5, 5}, Arrays.copyOf(values, 9))
                : Gradient.dense(values));
      }
    }
    return gradients;
  }

  private static void train(Optimizer optimizer, Recipe recipe, int from, int to) {
    for (int t = from; t < to; t++) {
      optimizer.step(gradients(recipe, t));
    }
  }

  private static Path folder(int version) throws URISyntaxException {
    String name = "/dev/mincover/checkpoints-" + version;
    return Path.of(requireNonNull(OldCheckpointsTest.class.getResource(name)).toURI());
  }

  @ParameterizedTest
  @MethodSource("names")
  void goesOnWithTheBitsThatItHadThen(String name) throws IOException, URISyntaxException {
    Recipe recipe = requireNonNull(recipes().get(name));
    Path folder = folder(1);
    try (Optimizer optimizer = Optimizer.bind(recipe, parameters(100), 2)) {
      optimizer.load(folder.resolve(name + ".safetensors"));
      assertThat(optimizer.steps()).isEqualTo(SAVED_AFTER);
      train(optimizer, recipe, SAVED_AFTER, STEPS);
      try (SafetensorsFile after =
          SafetensorsFile.open(folder.resolve(name + "-after.safetensors"))) {
        after.verify();
        List<NamedTensor> tensors = optimizer.state();
        assertThat(tensors).hasSameSizeAs(after.tensors());
        for (NamedTensor tensor : tensors) {
          assertThat(tensor.elements().toArray(JAVA_BYTE))
              .as(tensor.name())
              .isEqualTo(
                  after.elements(after.find(tensor.name()).orElseThrow()).toArray(JAVA_BYTE));
        }
      }
    }
  }

  static List<String> names() {
    return List.copyOf(recipes().keySet());
  }

  @Test
  @EnabledIfSystemProperty(named = WRITE, matches = ".+")
  void write() throws IOException {
    Path folder = Files.createDirectories(Path.of(System.getProperty(WRITE)).toAbsolutePath());
    for (Map.Entry<String, Recipe> entry : recipes().entrySet()) {
      try (Optimizer optimizer = Optimizer.bind(entry.getValue(), parameters(1))) {
        train(optimizer, entry.getValue(), 0, SAVED_AFTER);
        optimizer.save(folder.resolve(entry.getKey() + ".safetensors"));
        train(optimizer, entry.getValue(), SAVED_AFTER, STEPS);
        optimizer.save(folder.resolve(entry.getKey() + "-after.safetensors"));
      }
    }
  }
}
