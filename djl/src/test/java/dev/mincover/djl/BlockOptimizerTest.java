package dev.mincover.djl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import dev.mincover.AverageSwap;
import dev.mincover.average.Average;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What DJL and its PyTorch engine do with memory, types and gradients. */
class BlockOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1).momentum(Momentum.average(0.9));

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  private static Parameter parameter(NDArray array) {
    array.setRequiresGradient(true);
    Parameter parameter = Parameter.builder().setName("w").setType(Parameter.Type.WEIGHT).build();
    parameter.setArray(array);
    return parameter;
  }

  private NDArray floats(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    return manager.create(values, new Shape(rows, columns));
  }

  /** A loss whose gradient is 2 w. */
  private static void backward(NDArray weights) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(weights.mul(weights).sum());
    }
  }

  private static float[] values(NDArray array) {
    return array.toType(DataType.FLOAT32, true).toFloatArray();
  }

  /** The weights after three steps, with something done to the array after each. */
  private float[] trained(Recipe recipe, NDArray array, Runnable between) {
    try (BlockOptimizer optimizer = BlockOptimizer.bind(recipe, Map.of("w", parameter(array)), 2)) {
      for (int t = 0; t < 3; t++) {
        backward(array);
        optimizer.step();
        between.run();
      }
      return values(array);
    }
  }

  /** DJL gives an array other memory when it is set or loaded. */
  @Test
  void weightsThatMoveAreFollowed() {
    float[] expected = trained(SM3, floats(4, 3), () -> {});
    NDArray array = floats(4, 3);
    float[] actual = trained(SM3, array, () -> array.set(FloatBuffer.wrap(values(array))));
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void transposedWeightsAreStepped() {
    float[] expected = trained(SM3, floats(4, 3).transpose().duplicate(), () -> {});
    NDArray transposed = floats(4, 3).transpose();
    assertThat(ArrayMemory.of(transposed)).isNull();
    assertThat(trained(SM3, transposed, () -> {})).isEqualTo(expected);
    NDArray strided = floats(6, 3).get("::2");
    assertThat(trained(SM3, strided, () -> {}))
        .isEqualTo(trained(SM3, floats(6, 3).get("::2").duplicate(), () -> {}));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT16", "FLOAT32"})
  void sixteenBitsAreStepped(DataType type) {
    NDArray array = floats(4, 3).toType(type, true);
    float[] before = values(array);
    float[] after = trained(SM3, array, () -> {});
    assertThat(array.getDataType()).isEqualTo(type);
    for (int i = 0; i < before.length; i++) {
      if (before[i] != 0) {
        assertThat(Math.abs(after[i])).isLessThan(Math.abs(before[i]) + 0.3f);
        assertThat(after[i]).isNotEqualTo(before[i]);
      }
    }
  }

  @Test
  void othersAreRefused() {
    NDArray doubles = manager.ones(new Shape(2), DataType.FLOAT64);
    assertThatThrownBy(() -> BlockOptimizer.bind(SM3, Map.of("w", parameter(doubles)), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parameter 'w' is float64 on cpu()");
    try (Model model = Models.model()) {
      assertThatThrownBy(() -> BlockOptimizer.bind(SM3, model.getBlock(), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is not initialised; call trainer.initialize(shape) first");
    }
    Map<String, Parameter> one = Map.of("w", parameter(floats(2, 2)));
    try (BlockOptimizer optimizer = BlockOptimizer.bind(SM3, one, 1)) {
      assertThatThrownBy(() -> optimizer.step(List.of("v")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no parameter that learns is named 'v'; these do: [w]");
    }
  }

  /** The engine refuses changes of arrays on other threads than the one that loaded it. */
  @Test
  void anyThreadMayStep() {
    float[] expected = trained(SM3, floats(4, 3), () -> {});
    NDArray array = floats(4, 3);
    float[] actual = CompletableFuture.supplyAsync(() -> trained(SM3, array, () -> {})).join();
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void sparseGradientsChangeTheirRowsOnly() {
    for (Recipe recipe : List.of(SM3, Sm3.adaGrad(0.1), Adam.learningRate(0.1))) {
      NDArray table = floats(6, 3);
      NDArray indices = manager.create(new long[] {1, 4, 1});
      Map<String, Parameter> parameters = new LinkedHashMap<>();
      parameters.put("table", parameter(table));
      float[] before = values(table);
      try (BlockOptimizer optimizer = BlockOptimizer.bind(recipe, parameters, 1)) {
        for (int t = 0; t < 3; t++) {
          try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray rows =
                indices.getNDArrayInternal().embedding(indices, table, SparseFormat.COO).get(0);
            collector.backward(rows.sum());
          }
          try (NDArray gradient = table.getGradient()) {
            assertThat(gradient.isSparse()).isTrue();
            // Of this step alone: the optimizer has emptied it after the one before.
            assertThat(gradient.toDense().sum().getFloat()).isEqualTo(9);
          }
          optimizer.step();
        }
        float[] after = values(table);
        for (int row = 0; row < 6; row++) {
          float[] then = Arrays.copyOfRange(before, 3 * row, 3 * row + 3);
          float[] now = Arrays.copyOfRange(after, 3 * row, 3 * row + 3);
          if (row == 1 || row == 4) {
            assertThat(now).isNotEqualTo(then);
          } else {
            assertThat(now).isEqualTo(then);
          }
        }
      }
    }
  }

  @Test
  void averagesTakeTheWeightsPlaceForAWhile() {
    NDArray array = floats(4, 3);
    try (BlockOptimizer optimizer =
        BlockOptimizer.bind(SM3.average(Average.polyak(0.5)), Map.of("w", parameter(array)), 1)) {
      backward(array);
      optimizer.step();
      float[] trained = values(array);
      try (AverageSwap _ = optimizer.swapInAverage()) {
        assertThat(values(array)).isNotEqualTo(trained);
        assertThatThrownBy(optimizer::step).hasMessageContaining("averages are in the weights'");
      }
      assertThat(values(array)).isEqualTo(trained);
    }
  }

  /** The engine reports zeros for it, which would decay its weights. */
  @Test
  void aParameterThatNoBackwardPassReachesStaysAsItIs() {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    parameters.put("used", parameter(floats(4, 3)));
    parameters.put("unused", parameter(floats(4, 3).toType(DataType.FLOAT16, true)));
    NDArray used = requireNonNull(parameters.get("used")).getArray();
    NDArray unused = requireNonNull(parameters.get("unused")).getArray();
    float[] before = values(unused);
    try (BlockOptimizer optimizer = BlockOptimizer.bind(SM3.weightDecay(0.5), parameters, 1)) {
      backward(used);
      optimizer.step();
      assertThat(values(unused)).isEqualTo(before);
      backward(unused);
      optimizer.step();
      float[] once = values(unused);
      assertThat(once).isNotEqualTo(before);
      backward(used);
      optimizer.step(); // From here on it has zeros, and momentum and decay move it.
      assertThat(values(unused)).isNotEqualTo(once);
    }
  }

  @Test
  void tiedAndFrozenParameters() {
    Parameter tied = parameter(floats(4, 3));
    Parameter frozen = parameter(floats(2, 2));
    frozen.getArray().setRequiresGradient(false);
    frozen.freeze(true);
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    parameters.put("first", tied);
    parameters.put("second", tied);
    parameters.put("frozen", frozen);
    try (BlockOptimizer optimizer = BlockOptimizer.bind(SM3, parameters, 1)) {
      assertThat(optimizer.core().parameters())
          .extracting(dev.mincover.tensor.Parameter::name)
          .containsExactly("first", "frozen");
      float[] before = values(frozen.getArray());
      backward(tied.getArray());
      optimizer.step();
      assertThat(values(frozen.getArray())).isEqualTo(before);
    }
  }

  /** The memory itself, not a copy of it. */
  @Test
  void memoryIsAliased() {
    NDArray array = floats(4, 3);
    MemorySegment memory = requireNonNull(ArrayMemory.of(array));
    memory.set(JAVA_FLOAT_UNALIGNED, 4, 17);
    assertThat(array.getFloat(0, 1)).isEqualTo(17);
    NDArray row = array.get(2);
    assertThat(requireNonNull(ArrayMemory.of(row)).address()).isEqualTo(memory.address() + 24);
  }
}
