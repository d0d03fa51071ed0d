package dev.mincover.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TorchOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  @Test
  void trainsAModuleByItsNamesWithoutCopyingIt() {
    try (var _ = new PointerScope()) {
      LinearImpl linear = new LinearImpl(3, 2);
      long before = linear.weight().data_ptr().address();
      float[] weights = Tensors.values(linear.weight());
      try (var optimizer = TorchOptimizer.bind(SM3, linear, 1)) {
        assertThat(optimizer.core().parameters())
            .extracting(parameter -> parameter.name())
            .containsExactly("weight", "bias");
        linear.forward(Tensors.of(new float[] {1, -1, 0}, 1, 3)).sum().backward();
        optimizer.step();
        float[] stepped = Tensors.values(linear.weight());
        assertThat(linear.weight().data_ptr().address()).isEqualTo(before);
        assertThat(stepped)
            .containsExactly(
                weights[0] - 0.1f,
                weights[1] + 0.1f,
                weights[2],
                weights[3] - 0.1f,
                weights[4] + 0.1f,
                weights[5]);
        optimizer.zeroGradients();
        assertThat(linear.weight().grad().defined()).isFalse();
        optimizer.step();
        assertThat(Tensors.values(linear.weight())).isEqualTo(stepped);
      }
    }
  }

  static Stream<Arguments> layouts() {
    return Stream.of(ScalarType.Float, ScalarType.BFloat16, ScalarType.Half)
        .flatMap(type ->
            Stream.of(
                layout(type, "contiguous", tensor -> tensor.clone(), true, 6, 5),
                layout(type, "transposed", TorchOptimizerTest::transposed, true, 6, 5),
                layout(type, "channels last", TorchOptimizerTest::channelsLast, true, 4, 3, 2, 5),
                layout(type, "with gaps", TorchOptimizerTest::everySecondColumn, false, 6, 5)));
  }

  private static Arguments layout(
      ScalarType type, String name, UnaryOperator<Tensor> lay, boolean inPlace, long... shape) {
    return Arguments.argumentSet(type + ", " + name, type, lay, inPlace, shape);
  }

  private static Tensor transposed(Tensor tensor) {
    return tensor.t().contiguous().t();
  }

  private static Tensor channelsLast(Tensor tensor) {
    return tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
  }

  private static Tensor everySecondColumn(Tensor tensor) {
    Tensor wide = torch.zeros(6, 10).to(tensor.scalar_type());
    Tensor view = torch.as_strided(wide, new long[] {6, 5}, 10, 2);
    return view.copy_(tensor);
  }

  /** However weights and gradients lie, the result has the bits of the contiguous one. */
  @ParameterizedTest
  @MethodSource("layouts")
  void layoutDoesNotShow(
      ScalarType type, UnaryOperator<Tensor> lay, boolean inPlace, long[] shape) {
    try (var _ = new PointerScope()) {
      Random random = new Random(3);
      Tensor plain = Tensors.learning(Tensors.gaussians(random, shape), type, shape);
      float[] initial = Tensors.values(plain);
      Tensor laid = laid(plain, lay);
      Sm3 recipe = SM3.momentum(Momentum.average(0.9));
      try (var one = TorchOptimizer.bind(recipe, Map.of("w", plain), 1);
          var other = TorchOptimizer.bind(recipe, Map.of("w", laid), 2)) {
        long address = laid.data_ptr().address();
        for (int t = 0; t < 4; t++) {
          Tensor factor = Tensors.of(Tensors.gaussians(random, shape), shape).to(type);
          plain.mul(factor).sum().backward();
          laid.mul(factor).sum().backward();
          one.step();
          other.step();
          assertThat(Tensors.values(laid)).isEqualTo(Tensors.values(plain)).isNotEqualTo(initial);
          one.zeroGradients();
          other.zeroGradients();
        }
        assertThat(laid.data_ptr().address()).isEqualTo(address);
        long weights = other.core().parameters().iterator().next().weights().address();
        assertThat(weights == address).isEqualTo(inPlace);
      }
    }
  }

  /** Equal weights in another layout, which learn. */
  static Tensor laid(Tensor weights, UnaryOperator<Tensor> lay) {
    try (var _ = new NoGradGuard()) {
      return lay.apply(weights).detach().set_requires_grad(true);
    }
  }

  @Test
  void autogradNoticesThatWeightsChanged() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[] {1, 2}, 2).set_requires_grad(true);
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        Tensor early = w.mul(w).sum();
        w.sum().backward();
        optimizer.step();
        assertThatThrownBy(early::backward)
            .hasMessageContaining("modified by an inplace operation");
      }
    }
  }

  @Test
  void keepsTensorsAliveThatItsCallerLetsGo() {
    TorchOptimizer optimizer;
    Tensor kept = new Tensor();
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[100_000], 100_000).set_requires_grad(true);
      w.sum().backward();
      optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1);
      kept.put(w);
    }
    for (int i = 0; i < 10; i++) {
      try (var _ = new PointerScope()) {
        var _ = Tensors.of(new float[100_000], 100_000);
      }
      optimizer.step();
    }
    assertThat(Tensors.values(kept)[99_999]).isNegative();
    kept.close();
    optimizer.step();
    optimizer.close();
    assertThatThrownBy(optimizer::step).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesMemoryReplacedAfterBinding() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[] {1, 2}, 2).set_requires_grad(true);
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        w.sum().backward();
        Tensor other = Tensors.of(new float[] {3, 4}, 2);
        w.__dispatch_set_data(other);
        assertThatThrownBy(optimizer::step)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("'w' was given other memory");
        assertThat(Tensors.values(other)).containsExactly(3, 4);
      }
    }
  }

  @Test
  void tiedParametersAreBoundOnce() {
    try (var _ = new PointerScope()) {
      Module model = new Module();
      Tensor tied = Tensors.of(new float[] {1, 2}, 2);
      model.register_parameter("embedding", tied);
      model.register_parameter("head", tied);
      try (var optimizer = TorchOptimizer.bind(SM3, model, 1)) {
        assertThat(optimizer.core().parameters()).hasSize(1);
        assertThat(optimizer.core().parameters().iterator().next().name()).isEqualTo("embedding");
      }
    }
  }

  @Test
  void aFrozenParameterMayHoldAnOldGradient() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[] {1, 2}, 2).set_requires_grad(true);
      w.sum().backward();
      w.set_requires_grad(false);
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        optimizer.step();
        assertThat(Tensors.values(w)).containsExactly(1, 2);
      }
    }
  }

  @Test
  void aGradientOfAnotherShapeOrTypeIsRefused() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[6], 2, 3).set_requires_grad(true);
      w.mutable_grad().put(Tensors.of(new float[6], 3, 2));
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        assertThatThrownBy(optimizer::step)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("gradient of parameter 'w' is Float [3, 2]");
        w.mutable_grad().put(Tensors.of(new float[6], 2, 3).to(ScalarType.Double));
        assertThatThrownBy(optimizer::step)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("gradient of parameter 'w' is Double [2, 3]");
      }
    }
  }

  @Test
  void viewsOfMemoryDieWithTheOptimizer() {
    try (var _ = new PointerScope()) {
      Tensor w = Tensors.of(new float[] {1, 2}, 2).set_requires_grad(true);
      TorchOptimizer optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1);
      var view = optimizer.core().parameters().iterator().next().weights();
      assertThat(view.scope().isAlive()).isTrue();
      optimizer.close();
      optimizer.close();
      assertThat(view.scope().isAlive()).isFalse();
    }
  }

  @Test
  void refusesWhatItCannotBind() {
    try (var _ = new PointerScope()) {
      Tensor expanded = Tensors.of(new float[] {1, 2}, 2, 1).expand(2, 3);
      assertThatThrownBy(() -> TorchOptimizer.bind(SM3, Map.of("w", expanded), 1))
          .hasMessageContaining("'w' repeats one weight along axis 1");
      Tensor wider = Tensors.of(new float[] {1}, 1).to(ScalarType.Double);
      assertThatThrownBy(() -> TorchOptimizer.bind(SM3, Map.of("w", wider), 1))
          .hasMessageContaining("'w' is Double on cpu; only float32, bfloat16 and float16");
      Tensor w = Tensors.of(new float[] {1, 2}, 2);
      Map<String, Tensor> overlapping = new LinkedHashMap<>();
      overlapping.put("all", w.set_requires_grad(true));
      try (var _ = new NoGradGuard()) {
        overlapping.put("first", w.detach().narrow(0, 0, 1).set_requires_grad(true));
      }
      assertThatThrownBy(() -> TorchOptimizer.bind(SM3, overlapping, 1))
          .hasMessageContaining("share memory");
      Tensor wide = torch.zeros(4, 6).set_requires_grad(true);
      Map<String, Tensor> copied = new LinkedHashMap<>();
      copied.put("all", wide);
      try (var _ = new NoGradGuard()) {
        copied.put("left", wide.detach().narrow(1, 0, 2).set_requires_grad(true));
      }
      assertThatThrownBy(() -> TorchOptimizer.bind(SM3, copied, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("share memory");
    }
  }

  /** 16-bit weights that lie side by side do not overlap; in float32's size they would. */
  @Test
  void neighboursOf16BitsAreNotTakenToOverlap() {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Tensor all = torch.zeros(4, 4).to(ScalarType.BFloat16);
      Map<String, Tensor> neighbours = new LinkedHashMap<>();
      neighbours.put("copied", torch.as_strided(all, new long[] {2, 2}, 4, 2));
      neighbours.put("next", all.narrow(0, 2, 2));
      try (var optimizer = TorchOptimizer.bind(SM3, neighbours, 1)) {
        assertThat(optimizer.core().parameters()).hasSize(2);
      }
      Map<String, Tensor> overlapping = new LinkedHashMap<>(neighbours);
      overlapping.put("next", all.view(16).narrow(0, 6, 4));
      assertThatThrownBy(() -> TorchOptimizer.bind(SM3, overlapping, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("share memory");
    }
  }

  @Test
  void stepsDoNotLeakNativeMemory() {
    try (var _ = new PointerScope()) {
      Tensor w;
      try (var _ = new NoGradGuard()) {
        w = torch.zeros(256, 256).t().contiguous().t().detach().set_requires_grad(true);
      }
      w.mutable_grad().put(torch.ones(256, 256)); // In the other order, so that it is copied.
      Tensor embedding = torch.zeros(256, 256).set_requires_grad(true);
      embedding.mutable_grad().put(torch.ones(256, 256).to_sparse()); // Made dense.
      Map<String, Tensor> parameters = Map.of("w", w, "embedding", embedding);
      try (var optimizer = TorchOptimizer.bind(SM3, parameters, 1)) {
        for (int i = 0; i < 50; i++) {
          optimizer.step();
        }
        long before = Pointer.physicalBytes();
        for (int i = 0; i < 400; i++) {
          optimizer.step();
        }
        assertThat(Pointer.physicalBytes() - before)
            .isLessThan(50L << 20); // 400 copies of one are 100 MiB.
      }
    }
  }
}
