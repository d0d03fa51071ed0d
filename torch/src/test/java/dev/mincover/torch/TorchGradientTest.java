package dev.mincover.torch;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients and weights of all kinds, from libtorch to core. */
class TorchGradientTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  @ParameterizedTest
  @EnumSource(names = {"Float", "BFloat16", "Half"})
  void rowsOfAnEmbeddingReachCoreWhereTheyLie(ScalarType type) {
    try (var _ = new PointerScope();
        Arena views = Arena.ofConfined()) {
      Tensor w = Tensors.learning(new float[15], type, 5, 3);
      embed(w, true, 1, 3, 3);
      try (var parameter = new TorchParameter("w", w, views)) {
        var rows = (Gradient.Rows) requireNonNull(parameter.gradient());
        assertThat(rows.type()).isEqualTo(parameter.parameter().type());
        assertThat(rows.count()).isEqualTo(3);
        assertThat(List.of(rows.index(0), rows.index(1), rows.index(2)))
            .containsExactly(1L, 3L, 3L);
        assertThat(rows.values().address()).isEqualTo(w.grad()._values().data_ptr().address());
        assertThat(rows.values().byteSize()).isEqualTo(9L * rows.type().bytes());
      }
    }
  }

  /** Rows, given once or more often, have the bits of the dense gradient of the same embedding. */
  @Test
  void aSparseEmbeddingLearnsLikeADenseOne() {
    try (var _ = new PointerScope()) {
      Random random = new Random(5);
      float[] initial = Tensors.gaussians(random, 9, 4);
      Tensor sparse = Tensors.learning(initial, ScalarType.Float, 9, 4);
      Tensor dense = Tensors.learning(initial, ScalarType.Float, 9, 4);
      try (var one = TorchOptimizer.bind(SM3, Map.of("w", sparse), 1);
          var other = TorchOptimizer.bind(SM3, Map.of("w", dense), 2)) {
        for (int t = 0; t < 5; t++) {
          long[] tokens = random.longs(7, 0, 8).toArray(); // Never the last row.
          Tensor factor = Tensors.of(Tensors.gaussians(random, 7, 4), 7, 4);
          embedding(sparse, true, tokens).mul(factor).sum().backward();
          embedding(dense, false, tokens).mul(factor).sum().backward();
          assertThat(sparse.grad().is_sparse()).isTrue();
          one.step();
          other.step();
          assertThat(Tensors.values(sparse)).isEqualTo(Tensors.values(dense)).isNotEqualTo(initial);
          one.zeroGradients();
          other.zeroGradients();
        }
        assertThat(one.core().accumulators("w")).isDeepEqualTo(other.core().accumulators("w"));
      }
    }
  }

  static Stream<Arguments> sparseLayouts() {
    UnaryOperator<Tensor> inMemory = tensor -> tensor.clone();
    UnaryOperator<Tensor> gaps = TorchGradientTest::gaps;
    return Stream.of(
        Arguments.argumentSet("contiguous", inMemory, 1, true),
        Arguments.argumentSet("with gaps", gaps, 1, true),
        Arguments.argumentSet("inner axes permuted", permuted(0, 2, 1), 1, true),
        Arguments.argumentSet("axis 0 innermost", permuted(2, 1, 0), 1, false),
        Arguments.argumentSet("two sparse axes", inMemory, 2, false),
        Arguments.argumentSet("three sparse axes, permuted", permuted(2, 1, 0), 3, false));
  }

  private static UnaryOperator<Tensor> permuted(long... axes) { // Each its own inverse.
    return tensor -> tensor.permute(axes).contiguous().permute(axes);
  }

  private static Tensor gaps(Tensor tensor) {
    return torch.zeros(6, 2, 8).narrow(2, 1, 3).copy_(tensor);
  }

  /** However the weights lie and whatever a sparse gradient names: that of the dense one. */
  @ParameterizedTest
  @MethodSource("sparseLayouts")
  void sparseGradientsOfAllLayoutsAreThoseOfTheDenseOne(
      UnaryOperator<Tensor> lay, int sparseAxes, boolean rows) {
    try (var _ = new PointerScope();
        Arena views = Arena.ofConfined()) {
      Random random = new Random(8);
      Tensor plain =
          Tensors.learning(Tensors.gaussians(random, 6, 2, 3), ScalarType.Float, 6, 2, 3);
      Tensor laid = TorchOptimizerTest.laid(plain, lay);
      Tensor gradient;
      try (var _ = new NoGradGuard()) {
        gradient = Tensors.of(Tensors.gaussians(random, 6, 2, 3), 6, 2, 3);
        gradient.narrow(0, 2, 3).zero_();
      }
      plain.mutable_grad().put(gradient);
      laid.mutable_grad().put(gradient.to_sparse(sparseAxes));
      try (var parameter = new TorchParameter("w", laid, views)) {
        assertThat(parameter.gradient() instanceof Gradient.Rows).isEqualTo(rows);
      }
      try (var one = TorchOptimizer.bind(SM3, Map.of("w", plain), 1);
          var other = TorchOptimizer.bind(SM3, Map.of("w", laid), 1)) {
        for (int t = 0; t < 3; t++) {
          one.step();
          other.step();
          assertThat(Tensors.values(laid)).isEqualTo(Tensors.values(plain));
        }
      }
    }
  }

  /** Entries given twice are summed in float32 where they cannot be given as rows. */
  @Test
  void repeatedRowsAreSummedBeforeTheyBecomeDense() {
    try (var _ = new PointerScope();
        Arena views = Arena.ofConfined()) {
      Tensor w =
          TorchOptimizerTest.laid(
              Tensors.learning(new float[6], ScalarType.Half, 3, 2), permuted(1, 0));
      Tensor twice = Tensor.create(new long[] {2, 2}, 1, 2);
      Tensor values = Tensors.of(new float[] {2048, 1, 1, 3}, 2, 2).to(ScalarType.Half);
      w.mutable_grad().put(torch.sparse_coo_tensor(twice, values, 3, 2));
      try (var parameter = new TorchParameter("w", w, views)) {
        Gradient gradient = requireNonNull(parameter.gradient());
        assertThat(gradient.type()).isEqualTo(DataType.FLOAT32);
        // In the order of the weights' memory; 2049 is no float16.
        assertThat(gradient.values().toArray(ValueLayout.JAVA_FLOAT))
            .containsExactly(0, 0, 2049, 0, 0, 4);
      }
    }
  }

  @Test
  void anEmptyBatchOfRowsChangesNothing() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.learning(new float[] {1, 2, 3, 4}, ScalarType.Float, 2, 2);
      embed(w, true);
      assertThat(w.grad().is_sparse()).isTrue();
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        optimizer.step();
        assertThat(optimizer.core().steps()).isOne();
        assertThat(Tensors.values(w)).containsExactly(1, 2, 3, 4);
      }
    }
  }

  static Stream<Arguments> typesOf16BitWeights() {
    return Stream.of(ScalarType.BFloat16, ScalarType.Half)
        .flatMap(weights ->
            Stream.of(ScalarType.Float, ScalarType.BFloat16, ScalarType.Half)
                .map(gradients -> Arguments.of(weights, gradients)));
  }

  /** The bits that core gives on arrays with the same bits. */
  @ParameterizedTest
  @MethodSource("typesOf16BitWeights")
  void sixteenBitWeightsStepAsInCore(ScalarType weights, ScalarType gradients) {
    try (var _ = new PointerScope()) {
      Random random = new Random(13);
      Tensor w = Tensors.learning(Tensors.gaussians(random, 7, 19), weights, 7, 19);
      short[] initial = Tensors.bits(w);
      short[] expected = initial.clone();
      Parameter parameter =
          Parameter.of("w", Shape.of(7, 19), MemorySegment.ofArray(expected), type(weights));
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 2);
          Optimizer core = Optimizer.bind(SM3, List.of(parameter), 1)) {
        for (int t = 0; t < 3; t++) {
          Tensor gradient = Tensors.of(Tensors.gaussians(random, 7, 19), 7, 19).to(gradients);
          w.mutable_grad().put(gradient);
          optimizer.step();
          MemorySegment same =
              gradients == ScalarType.Float
                  ? MemorySegment.ofArray(Tensors.values(gradient))
                  : MemorySegment.ofArray(Tensors.bits(gradient));
          core.step(Map.of("w", Gradient.dense(same, type(gradients))));
          assertThat(Tensors.bits(w)).isEqualTo(expected).isNotEqualTo(initial);
        }
      }
    }
  }

  /**
   * Backward passes in 16 bits give 16-bit rows; float32 holds their values, and so their steps.
   */
  @ParameterizedTest
  @EnumSource(names = {"BFloat16", "Half"})
  void sixteenBitRowsStepAsTheirValuesInFloat32(ScalarType type) {
    try (var _ = new PointerScope()) {
      Random random = new Random(21);
      float[] initial = Tensors.gaussians(random, 6, 5);
      Tensor w = Tensors.learning(initial, type, 6, 5);
      Tensor wide = Tensors.learning(initial, type, 6, 5);
      short[] rounded = Tensors.bits(w);
      try (var one = TorchOptimizer.bind(SM3, Map.of("w", w), 1);
          var other = TorchOptimizer.bind(SM3, Map.of("w", wide), 1)) {
        for (int t = 0; t < 3; t++) {
          Tensor factor = Tensors.of(Tensors.gaussians(random, 3, 5), 3, 5).to(type);
          embedding(w, true, 4, 0, 4).mul(factor).sum().backward();
          wide.mutable_grad().put(w.grad().to(ScalarType.Float).to_dense());
          one.step();
          other.step();
          assertThat(Tensors.bits(w)).isEqualTo(Tensors.bits(wide));
          one.zeroGradients();
        }
        assertThat(Tensors.bits(w)).isNotEqualTo(rounded);
      }
    }
  }

  private static DataType type(ScalarType type) {
    return switch (type) {
      case Float -> DataType.FLOAT32;
      case BFloat16 -> DataType.BFLOAT16;
      case Half -> DataType.FLOAT16;
      default -> throw new AssertionError(type);
    };
  }

  private static void embed(Tensor weights, boolean sparse, long... tokens) {
    embedding(weights, sparse, tokens).sum().backward();
  }

  private static Tensor embedding(Tensor weights, boolean sparse, long... tokens) {
    Tensor indices =
        tokens.length == 0
            ? torch.zeros(0).to(ScalarType.Long)
            : Tensor.create(tokens, tokens.length);
    return torch.embedding(weights, indices, -1, false, sparse);
  }
}
