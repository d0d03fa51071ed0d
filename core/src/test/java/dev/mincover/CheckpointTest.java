package dev.mincover;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.average.Average;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsWriter;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Configurable;
import dev.mincover.recipe.Guard;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A training that is saved and loaded goes on as if it had not been. */
class CheckpointTest {

  private static final Schedule RATE = Schedule.constant(0.1).warmup(7, 2).cooldown(12, 0.3);
  private static final Sm3 SM3 = Sm3.learningRate(RATE);

  @TempDir private Path folder;

  private static <R extends Configurable<R>> R rich(R recipe) {
    return recipe
        .weightDecay(0.01, "*.bias")
        .rateMultiplier("scalar", 0.5)
        .clipByGlobalNorm(3)
        .average(Average.polyak(0.9));
  }

  static Stream<Recipe> recipes() {
    List<Recipe> recipes = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      for (SecondMoment second : List.of(SecondMoment.sum(), SecondMoment.average(0.9))) {
        Sm3 sm3 = SM3.algorithm(algorithm).secondMoment(second);
        recipes.add(sm3);
        recipes.add(sm3.cover(Cover.singletons()));
        recipes.add(sm3.cover(Cover.whole()));
        recipes.add(sm3.cover(Cover.axes(0)));
        recipes.add(sm3.cover("table", Cover.sets(indices(0, 40), indices(20, 60))));
      }
    }
    for (Format format : Format.values()) {
      recipes.add(SM3.momentum(Momentum.average(0.9).stored(format)));
      recipes.add(
          SM3.momentum(Momentum.nesterov(0.9).stored(format)).rounding(Rounding.stochastic(3)));
      recipes.add(Adafactor.learningRate(RATE).momentum(Momentum.heavyBall(0.9).stored(format)));
    }
    recipes.add(rich(SM3.momentum(Momentum.average(0.9))).rounding(Rounding.stochastic(5)));
    recipes.add(rich(Sm3.adaGrad(0.1)));
    recipes.add(rich(Adam.learningRate(RATE)).average(Average.tail(3)));
    recipes.add(Adam.learningRate(RATE));
    recipes.add(rich(Adafactor.relativeStep()));
    recipes.add(SM3.guard(Guard.SKIP));
    return recipes.stream();
  }

  private static long[] indices(int from, int to) {
    return LongStream.range(from, to).toArray();
  }

  /**
   * Weights of several ranks and types, under names that formats trip over, and their gradients.
   */
  private static final class Model {
    final Map<String, Parameter> parameters = new LinkedHashMap<>();

    Model(long seed) {
      Random random = new Random(seed);
      add("table", DataType.FLOAT32, random, 15, 4);
      add("h.0/\"quoted\" \\ weight", DataType.BFLOAT16, random, 9, 130);
      add("größe.bias", DataType.FLOAT32, random, 70);
      add("kernel", DataType.FLOAT16, random, 4, 3, 3, 3);
      add("scalar", DataType.FLOAT32, random);
      add("empty", DataType.FLOAT32, random, 0, 4);
      add("frozen", DataType.FLOAT32, random, 3);
      parameters.computeIfPresent("frozen", (_, parameter) -> parameter.freeze());
    }

    private void add(String name, DataType type, Random random, long... dimensions) {
      Shape shape = Shape.of(dimensions);
      int n = (int) shape.size();
      MemorySegment weights;
      if (type == DataType.FLOAT32) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
          values[i] = (float) random.nextGaussian();
        }
        weights = MemorySegment.ofArray(values);
      } else {
        short[] values = new short[n];
        for (int i = 0; i < n; i++) {
          float value = (float) random.nextGaussian();
          values[i] =
              type == DataType.FLOAT16
                  ? Float.floatToFloat16(value)
                  : (short) (Float.floatToRawIntBits(value) >>> 16);
        }
        weights = MemorySegment.ofArray(values);
      }
      parameters.put(name, Parameter.of(name, shape, weights, type));
    }

    List<Parameter> all() {
      return List.copyOf(parameters.values());
    }

    List<byte[]> weights() {
      return parameters.values().stream()
          .map(parameter -> parameter.weights().toArray(JAVA_BYTE))
          .toList();
    }
  }

  /** The gradients of step t: some parameters have none, and SM3's table has sparse ones. */
  private static Map<String, Gradient> gradients(Model model, Recipe recipe, int t) {
    Random random = new Random(1_000 + t);
    Map<String, Gradient> gradients = new LinkedHashMap<>();
    for (Parameter parameter : model.parameters.values()) {
      if (parameter.frozen() || (t % 3 == 1 && parameter.name().endsWith("bias"))) {
        continue;
      }
      float[] g = new float[(int) parameter.shape().size()];
      for (int i = 0; i < g.length; i++) {
        g[i] = (float) random.nextGaussian();
      }
      boolean sparse = recipe instanceof Sm3 && parameter.name().equals("table") && t % 2 == 0;
      gradients.put(
          parameter.name(),
          sparse
              ? Gradient.rows(new long[] {t % 15, 3, t % 15}, Arrays.copyOf(g, 12))
              : Gradient.dense(g));
    }
    return gradients;
  }

  private static void train(Optimizer optimizer, Model model, Recipe recipe, int from, int to) {
    for (int t = from; t < to; t++) {
      optimizer.step(gradients(model, recipe, t));
    }
  }

  private static List<String> state(Optimizer optimizer) {
    return optimizer.state().stream()
        .map(tensor -> tensor.name() + Arrays.hashCode(tensor.elements().toArray(JAVA_BYTE)))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void goesOnWithTheSameBits(Recipe recipe) throws IOException {
    Path file = folder.resolve("checkpoint.safetensors");
    for (int saved : new int[] {0, 5}) {
      Model expected = new Model(1);
      Model resumed = new Model(2);
      try (Optimizer whole = Optimizer.bind(recipe, expected.all(), 2);
          Optimizer other = Optimizer.bind(recipe, resumed.all(), 1)) {
        train(whole, expected, recipe, 0, saved);
        whole.save(file, Map.of("position", "17"));
        train(whole, expected, recipe, saved, 10);
        train(other, resumed, recipe, 0, 3); // What is loaded leaves nothing of this.
        assertThat(other.load(file)).containsExactly(Map.entry("position", "17"));
        assertThat(other.steps()).isEqualTo(saved);
        train(other, resumed, recipe, saved, 10);
        assertThat(resumed.weights()).containsExactlyElementsOf(expected.weights());
        assertThat(state(other)).isEqualTo(state(whole));
      }
    }
  }

  /** An engine may give a parameter other memory at any time. */
  @ParameterizedTest
  @MethodSource("recipes")
  void goesOnInOtherMemoryWithTheSameBits(Recipe recipe) {
    Model expected = new Model(1);
    Model moved = new Model(1);
    Optimizer moving = Optimizer.bind(recipe, moved.all(), 1);
    try (Optimizer whole = Optimizer.bind(recipe, expected.all(), 2)) {
      for (int t = 0; t < 9; t += 3) {
        train(whole, expected, recipe, t, t + 3);
        train(moving, moved, recipe, t, t + 3);
        Model elsewhere = new Model(2);
        moved.parameters.forEach(
            (name, parameter) -> get(elsewhere, name).weights().copyFrom(parameter.weights()));
        List<Parameter> reversed = elsewhere.all().reversed();
        moving = moving.rebind(reversed);
        moved = elsewhere;
        assertThat(moving.steps()).isEqualTo(whole.steps());
      }
      train(whole, expected, recipe, 9, 11);
      train(moving, moved, recipe, 9, 11);
      assertThat(moved.weights()).containsExactlyElementsOf(expected.weights());
      assertThat(state(moving)).containsExactlyInAnyOrderElementsOf(state(whole));
    } finally {
      moving.close();
    }
  }

  private static Parameter get(Model model, String name) {
    return requireNonNull(model.parameters.get(name));
  }

  @Test
  void onlyTheSameParametersGetTheState() {
    Model model = new Model(1);
    try (Optimizer optimizer = Optimizer.bind(SM3, model.all())) {
      Parameter table = get(model, "table");
      List<Parameter> others = new ArrayList<>(new Model(2).all());
      others.remove(0);
      assertThatThrownBy(() -> optimizer.rebind(others))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("6 parameters are given, and 7 are bound; give all of them");
      others.add(Parameter.of("table", Shape.of(4, 15), MemorySegment.ofArray(new float[60])));
      assertThatThrownBy(() -> optimizer.rebind(others))
          .hasMessage(
              "parameter 'table' is bound as FLOAT32 [15, 4], and given as FLOAT32 [4, 15]; bind a new optimizer to it");
      others.set(6, table.freeze());
      assertThatThrownBy(() -> optimizer.rebind(others))
          .hasMessageContaining("given as frozen FLOAT32 [15, 4]");
      others.set(6, Parameter.of("other", new float[1], 1));
      assertThatThrownBy(() -> optimizer.rebind(others))
          .hasMessageContaining("no parameter is named 'other'");
      train(optimizer, model, SM3, 0, 1); // It is as it was.
    }
  }

  @Test
  void savingDisturbsNothing() throws IOException {
    Sm3 recipe = SM3.secondMoment(SecondMoment.average(0.9)).momentum(Momentum.average(0.9));
    Model one = new Model(1);
    Model other = new Model(1);
    try (Optimizer saving = Optimizer.bind(recipe, one.all());
        Optimizer plain = Optimizer.bind(recipe, other.all())) {
      for (int t = 0; t < 8; t++) {
        train(saving, one, recipe, t, t + 1);
        saving.save(folder.resolve("c"));
        train(plain, other, recipe, t, t + 1);
      }
      assertThat(one.weights()).containsExactlyElementsOf(other.weights());
      assertThat(state(saving)).isEqualTo(state(plain));
    }
  }

  @Test
  void namesDoNotDependOnOptions() {
    Model model = new Model(1);
    try (Optimizer plain = Optimizer.bind(SM3, model.all());
        Optimizer more =
            Optimizer.bind(
                SM3.momentum(Momentum.average(0.9)).average(Average.polyak(0.9)), model.all())) {
      List<String> names = plain.state().stream().map(NamedTensor::name).toList();
      assertThat(more.state().stream().map(NamedTensor::name)).containsAll(names);
      assertThat(names)
          .contains(
              "table",
              "optimizer/table/mu.0",
              "optimizer/table/mu.1",
              "optimizer/größe.bias/mu",
              "frozen")
          .doesNotContain("optimizer/frozen/mu");
    }
  }

  private Path saved(Recipe recipe) throws IOException {
    Path file = folder.resolve("saved.safetensors");
    Model model = new Model(1);
    try (Optimizer optimizer = Optimizer.bind(recipe, model.all())) {
      train(optimizer, model, recipe, 0, 3);
      optimizer.save(file);
    }
    return file;
  }

  /** A load that is refused says so in a line, and changes nothing. */
  private void refuses(
      Recipe savedWith,
      Recipe recipe,
      List<Parameter> parameters,
      RecipeChanges changes,
      String... says)
      throws IOException {
    Path file = saved(savedWith);
    Model model = new Model(3);
    List<Parameter> bound = parameters.isEmpty() ? model.all() : parameters;
    List<byte[]> before = bytes(bound);
    try (Optimizer optimizer = Optimizer.bind(recipe, bound)) {
      List<String> state = state(optimizer);
      assertThatThrownBy(() -> optimizer.load(file, changes))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll(says)
          .hasMessageContaining("saved.safetensors")
          .hasMessageNotContaining("\n");
      assertThat(bytes(bound)).containsExactlyElementsOf(before);
      assertThat(state(optimizer)).isEqualTo(state);
      assertThat(optimizer.steps()).isZero();
    }
  }

  private static List<byte[]> bytes(List<Parameter> parameters) {
    return parameters.stream().map(parameter -> parameter.weights().toArray(JAVA_BYTE)).toList();
  }

  @Test
  void anotherRuleCoverOrMomentumIsRefused() throws IOException {
    Sm3 momentum = SM3.momentum(Momentum.average(0.9));
    for (RecipeChanges changes : RecipeChanges.values()) {
      refuses(SM3, Adam.learningRate(RATE), List.of(), changes, "rule 'sm3'", "'adam'");
      refuses(SM3, SM3.algorithm(Algorithm.SM3_I), List.of(), changes, "algorithm 'sm3-ii'");
      refuses(SM3, SM3.cover(Cover.axes(0)), List.of(), changes, "cover 'slices'", "'axes [0]'");
      refuses(SM3.cover("table", Cover.whole()), SM3, List.of(), changes, "slices; table: whole");
      refuses(
          momentum,
          SM3.momentum(Momentum.nesterov(0.9)),
          List.of(),
          changes,
          "'average 0.9 float32'",
          "'nesterov 0.9 float32'");
    }
  }

  @Test
  void otherNumbersAreRefusedUntilTheyAreAllowed() throws IOException {
    Sm3 momentum = SM3.momentum(Momentum.average(0.9));
    Map<String, Recipe> others = new LinkedHashMap<>();
    others.put("momentum 'average 0.9 float32'", SM3.momentum(Momentum.average(0.8)));
    others.put("second moment 'sum'", momentum.secondMoment(SecondMoment.average(0.9)));
    others.put("epsilon '0.0'", momentum.epsilon(1e-8));
    others.put("weight decay '0.0'", momentum.weightDecay(0.1));
    others.put("clip norm 'Infinity'", momentum.clipByGlobalNorm(1));
    others.put("rounding 'nearest'", momentum.rounding(Rounding.stochastic(1)));
    others.put("average 'none'", momentum.average(Average.polyak(0.9)));
    for (Map.Entry<String, Recipe> other : others.entrySet()) {
      refuses(
          momentum,
          other.getValue(),
          List.of(),
          RecipeChanges.LEARNING_RATE,
          other.getKey(),
          "RecipeChanges.ANY_NUMBER");
      Model model = new Model(3);
      try (Optimizer optimizer = Optimizer.bind(other.getValue(), model.all())) {
        optimizer.load(saved(momentum), RecipeChanges.ANY_NUMBER);
        assertThat(optimizer.steps()).isEqualTo(3);
        train(optimizer, model, other.getValue(), 3, 5);
      }
    }
  }

  @Test
  void anotherLearningRateIsAllowed() throws IOException {
    Model model = new Model(3);
    Recipe other = Sm3.learningRate(step -> 0.5 / step);
    try (Optimizer optimizer = Optimizer.bind(other, model.all())) {
      optimizer.load(saved(SM3));
      assertThat(optimizer.steps()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void momentumInFewerBitsBecomesFloat32Exactly(Format format) throws IOException {
    for (boolean adafactor : new boolean[] {false, true}) {
      Momentum stored = Momentum.average(0.9).stored(format);
      Recipe from =
          adafactor ? Adafactor.learningRate(RATE).momentum(stored) : SM3.momentum(stored);
      Momentum wide = Momentum.average(0.9);
      Recipe to = adafactor ? Adafactor.learningRate(RATE).momentum(wide) : SM3.momentum(wide);
      Path file = saved(from);
      Model model = new Model(3);
      try (Optimizer optimizer = Optimizer.bind(to, model.all())) {
        optimizer.load(file, RecipeChanges.ANY_NUMBER);
        Path again = folder.resolve("again");
        optimizer.save(again);
        if (format != Format.FLOAT32) {
          assertThatThrownBy(() ->
                  Optimizer.bind(from, new Model(1).all()).load(again, RecipeChanges.ANY_NUMBER))
              .as("float32 does not fit into fewer bits")
              .hasMessageContaining("momentum");
        }
      }
    }
  }

  @Test
  void otherParametersAreRefused() throws IOException {
    Model model = new Model(3);
    List<Parameter> fewer = new ArrayList<>(model.all());
    fewer.removeIf(parameter -> parameter.name().equals("kernel"));
    refuses(SM3, SM3, fewer, RecipeChanges.LEARNING_RATE, "'optimizer/kernel/", "nothing is bound");
    List<Parameter> more = new ArrayList<>(model.all());
    more.add(Parameter.of("more", new float[2], 2));
    refuses(SM3, SM3, more, RecipeChanges.LEARNING_RATE, "lacks tensor 'more' (F32 [2])");
    List<Parameter> renamed = new ArrayList<>(fewer);
    renamed.add(
        Parameter.of(
            "kernels",
            Shape.of(4, 3, 3, 3),
            MemorySegment.ofArray(new short[108]),
            DataType.FLOAT16));
    refuses(SM3, SM3, renamed, RecipeChanges.LEARNING_RATE, "lacks tensor 'kernels'");
    List<Parameter> reshaped = new ArrayList<>(fewer);
    reshaped.add(
        Parameter.of(
            "kernel", Shape.of(4, 27), MemorySegment.ofArray(new short[108]), DataType.FLOAT16));
    refuses(
        SM3,
        SM3,
        reshaped,
        RecipeChanges.LEARNING_RATE,
        "'kernel' as F16 [4, 3, 3, 3]",
        "F16 [4, 27] is bound");
    List<Parameter> retyped = new ArrayList<>(fewer);
    retyped.add(
        Parameter.of("kernel", Shape.of(4, 3, 3, 3), MemorySegment.ofArray(new float[108])));
    refuses(
        SM3,
        SM3,
        retyped,
        RecipeChanges.LEARNING_RATE,
        "'kernel' as F16",
        "F32 [4, 3, 3, 3] is bound");
    try (Optimizer optimizer = Optimizer.bind(SM3, retyped)) {
      optimizer.load(saved(SM3), RecipeChanges.ANY_NUMBER); // Which widens it.
    }
  }

  @Test
  void otherTensorsOfATrainingAreKeptWithIt() throws IOException {
    Path file = folder.resolve("with buffers");
    Model model = new Model(1);
    try (Optimizer optimizer = Optimizer.bind(SM3, model.all())) {
      NamedTensor buffer = floats("norm.mean", 1, 2, 3);
      optimizer.save(file, Map.of(), List.of(buffer));
      NamedTensor restored = floats("norm.mean", 0, 0, 0);
      optimizer.load(file, RecipeChanges.LEARNING_RATE, List.of(restored));
      assertThat(restored.elements().toArray(JAVA_BYTE))
          .isEqualTo(buffer.elements().toArray(JAVA_BYTE));

      train(optimizer, model, SM3, 0, 1);
      List<byte[]> weights = model.weights();
      assertThatThrownBy(() -> optimizer.load(file))
          .hasMessageContaining("'norm.mean' (F32 [3]), for which nothing is bound");
      for (NamedTensor unfit :
          List.of(floats("norm.mean", 0, 0), floats("norm.variance", 0, 0, 0), readOnly())) {
        assertThatThrownBy(() -> optimizer.load(file, RecipeChanges.LEARNING_RATE, List.of(unfit)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'" + unfit.name() + "'");
      }
      for (NamedTensor unfit : List.of(floats("optimizer/table/nu", 1), floats("table", 1))) {
        assertThatThrownBy(() -> optimizer.save(file, Map.of(), List.of(unfit)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'" + unfit.name() + "'");
      }
      assertThat(model.weights()).containsExactlyElementsOf(weights);
      optimizer.load(file, RecipeChanges.LEARNING_RATE, List.of(restored)); // Still as it was.
    }
  }

  private static NamedTensor floats(String name, float... values) {
    return NamedTensor.of(name, Shape.of(values.length), MemorySegment.ofArray(values));
  }

  private static NamedTensor readOnly() {
    NamedTensor writable = floats("norm.mean", 0, 0, 0);
    return NamedTensor.of(writable.name(), writable.shape(), writable.elements().asReadOnly());
  }

  @Test
  void stateIsOnlySavedWhereThereIsOne() throws IOException {
    Model model = new Model(1);
    Path file = folder.resolve("none");
    Optimizer optimizer = Optimizer.bind(SM3.average(Average.polyak(0.9)), model.all());
    assertThatThrownBy(() -> optimizer.save(file, Map.of("mincover.step", "3")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'mincover.step'");
    try (AverageSwap _ = optimizer.swapInAverage()) {
      assertThatThrownBy(() -> optimizer.save(file)).hasMessageContaining("averages are in");
      assertThatThrownBy(() -> optimizer.load(file)).hasMessageContaining("averages are in");
    }
    optimizer.close();
    assertThatThrownBy(() -> optimizer.save(file)).hasMessageContaining("closed");
    assertThatThrownBy(() -> optimizer.load(file)).hasMessageContaining("closed");
    assertThat(file).doesNotExist();
  }

  @Test
  void aFileOfAnotherToolHasNoState() throws IOException {
    Path file = folder.resolve("weights.safetensors");
    SafetensorsWriter.write(file, List.of(), Map.of());
    Model model = new Model(1);
    try (Optimizer optimizer = Optimizer.bind(SM3, model.all())) {
      assertThatThrownBy(() -> optimizer.load(file))
          .hasMessageContaining("holds no optimizer state");
      Files.delete(file);
      assertThatThrownBy(() -> optimizer.load(file)).isInstanceOf(IOException.class);
    }
  }
}
