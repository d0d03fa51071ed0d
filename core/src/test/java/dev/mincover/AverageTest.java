package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.average.Average;
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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class AverageTest {

  private static final Map<String, Gradient> ONE = Map.of("w", Gradient.dense(new float[] {1, -1}));

  @Test
  void polyakRampsAsTensorFlowDoes() {
    float[] w = {1, 2};
    double[] expected = {1, 2};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.3));
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)), 2)) {
      for (int n = 1; n <= 6; n++) {
        bound.step(ONE);
        // 2/11, 3/12, 4/13 = 0.3077: from there on the decay given.
        double d = Math.min(0.3, (1.0 + n) / (10.0 + n));
        for (int i = 0; i < 2; i++) {
          expected[i] -= (1 - d) * (expected[i] - w[i]);
        }
        try (var _ = bound.swapInAverage()) {
          assertThat((double) w[0]).isCloseTo(expected[0], within(1e-6));
          assertThat((double) w[1]).isCloseTo(expected[1], within(1e-6));
        }
      }
    }
  }

  @Test
  void tailIsTheMeanFromItsStartOn() {
    float[] w = {1, 2};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.tail(3));
    double sum = 0;
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)))) {
      for (int n = 1; n <= 6; n++) {
        bound.step(ONE);
        sum += n >= 3 ? w[0] : 0;
        double expected = n < 3 ? w[0] : sum / (n - 2);
        try (var _ = bound.swapInAverage()) {
          assertThat((double) w[0]).isCloseTo(expected, within(1e-6));
        }
      }
    }
  }

  @Test
  void swappingBackRestoresEveryBitOfEveryType() {
    Random random = new Random(3);
    for (DataType type : DataType.values()) {
      int size = 100_000;
      byte[] bits = new byte[size * type.bytes()];
      random.nextBytes(bits);
      MemorySegment w = MemorySegment.ofArray(bits);
      float[] frozen = {7};
      Sm3 recipe = Sm3.learningRate(0.1).average(Average.tail(1));
      try (var bound =
          Optimizer.bind(
              recipe,
              List.of(
                  Parameter.of("w", Shape.of(size), w, type),
                  Parameter.of("frozen", frozen, 1).freeze()),
              3)) {
        byte[] before = bits.clone();
        long bytes = bound.stateBytes();
        try (var _ = bound.swapInAverage()) {
          boolean copied = type != DataType.FLOAT32;
          assertThat(bound.stateBytes()).isEqualTo(bytes + (copied ? 2L * size : 0));
        }
        assertThat(bound.stateBytes()).isEqualTo(bytes);
        assertThat(bits).isEqualTo(before);
        assertThat(frozen).containsExactly(7);
      }
    }
  }

  @Test
  void sixteenBitWeightsSeeTheirAverageRounded() {
    short[] bits = new short[1];
    MemorySegment w = MemorySegment.ofArray(bits);
    w.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, bfloat16(1));
    Sm3 recipe = Sm3.learningRate(0.5).average(Average.tail(1));
    try (var bound =
        Optimizer.bind(recipe, List.of(Parameter.of("w", Shape.of(1), w, DataType.BFLOAT16)))) {
      bound.step(Map.of("w", Gradient.dense(new float[] {1})));
      assertThat(bits[0]).isEqualTo(bfloat16(0.5f));
      bound.step(Map.of("w", Gradient.dense(new float[] {0})));
      bound.step(Map.of("w", Gradient.dense(new float[] {-1})));
      // 0.5, 0.5, 0.5 + 0.5 / sqrt(2) = 0.85355 rounded to 0.85547.
      try (var _ = bound.swapInAverage()) {
        assertThat(bits[0]).isEqualTo(bfloat16((0.5f + 0.5f + 0.85547f) / 3));
      }
      assertThat(bits[0]).isEqualTo(bfloat16(0.85547f));
    }
  }

  @Test
  void stepsWaitUntilTheWeightsAreBack() {
    float[] w = {1, 2};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.9));
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)))) {
      bound.step(ONE);
      float[] trained = w.clone();
      var swapped = bound.swapInAverage();
      assertThat(w).isNotEqualTo(trained);
      assertThatThrownBy(() -> bound.step(ONE))
          .hasMessageContaining("averages are in the weights'");
      assertThatThrownBy(bound::swapInAverage).hasMessageContaining("already");
      swapped.close();
      swapped.close();
      assertThat(w).isEqualTo(trained);
      bound.step(ONE);
      assertThat(w).isNotEqualTo(trained);
    }
  }

  @Test
  void anOldSwapDoesNotEndANewOne() {
    float[] w = {1, 2};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.9));
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)))) {
      bound.step(ONE);
      var old = bound.swapInAverage();
      old.close();
      float[] trained = w.clone();
      try (var _ = bound.swapInAverage()) {
        old.close();
        assertThat(w).isNotEqualTo(trained);
      }
      assertThat(w).isEqualTo(trained);
    }
  }

  @Test
  void closingTheOptimizerBringsTheWeightsBack() {
    float[] w = {1, 2};
    var bound =
        Optimizer.bind(
            Sm3.learningRate(0.1).average(Average.polyak(0.9)), List.of(Parameter.of("w", w, 2)));
    bound.step(ONE);
    float[] trained = w.clone();
    var swapped = bound.swapInAverage();
    bound.close();
    assertThat(w).isEqualTo(trained);
    swapped.close();
    assertThat(w).isEqualTo(trained);
  }

  @Test
  void aSwapThatCannotEndYetCanBeTriedAgain() throws InterruptedException {
    float[] a = {1, 2};
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment b = confined.allocate(4);
      Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.9));
      List<Parameter> both =
          List.of(Parameter.of("w", a, 2), Parameter.of("confined", Shape.of(1), b));
      try (var bound = Optimizer.bind(recipe, both)) {
        bound.step(ONE);
        float[] trained = a.clone();
        var swapped = bound.swapInAverage();
        float[] averaged = a.clone();
        AtomicReference<Throwable> elsewhere = new AtomicReference<>();
        Thread other =
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    swapped.close();
                  } catch (IllegalStateException e) {
                    elsewhere.set(e);
                  }
                });
        other.join();
        assertThat(elsewhere.get()).hasMessageContaining("'confined' is confined to one thread");
        assertThat(a).isEqualTo(averaged);
        swapped.close();
        assertThat(a).isEqualTo(trained);
      }
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed too early, on purpose.
  void whatIsStillThereIsRestoredOnClose() {
    float[] a = {1, 2};
    short[] c = {bfloat16(1)};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.9));
    Arena arena = Arena.ofShared();
    MemorySegment b = arena.allocate(8);
    var bound =
        Optimizer.bind(
            recipe,
            List.of(
                Parameter.of("gone", Shape.of(2), b),
                Parameter.of("w", a, 2),
                Parameter.of("half", Shape.of(1), MemorySegment.ofArray(c), DataType.BFLOAT16)));
    bound.step(
        Map.of(
            "w", Gradient.dense(new float[] {1, -1}),
            "half", Gradient.dense(new float[] {1}),
            "gone", Gradient.dense(new float[2])));
    float[] trained = a.clone();
    short half = c[0];
    var swapped = bound.swapInAverage();
    assertThat(a).isNotEqualTo(trained);
    arena.close();
    assertThatThrownBy(swapped::close).hasMessageContaining("'gone' was freed");
    bound.close();
    assertThat(a).isEqualTo(trained);
    assertThat(c[0]).isEqualTo(half);
    swapped.close();
    assertThat(a).isEqualTo(trained);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed too early, on purpose.
  void weightsWithoutAGradientAreCheckedAsWell() {
    float[] a = {1, 2};
    Sm3 recipe = Sm3.learningRate(0.1).average(Average.polyak(0.9));
    Arena arena = Arena.ofShared();
    try (var bound =
        Optimizer.bind(
            recipe,
            List.of(
                Parameter.of("w", a, 2), Parameter.of("gone", Shape.of(1), arena.allocate(4))))) {
      arena.close();
      assertThatThrownBy(() -> bound.step(ONE)).hasMessageContaining("'gone' was freed");
      assertThat(a).containsExactly(1, 2);
      assertThat(bound.steps()).isZero();
    }
  }

  @Test
  void badAveragesAreRefused() {
    assertThatThrownBy(() -> Average.polyak(1)).hasMessageContaining("decay of the average is 1.0");
    assertThatThrownBy(() -> Average.tail(0)).hasMessageContaining("starts at step 0");
    float[] w = {1, 2};
    try (var bound = Optimizer.bind(Sm3.learningRate(0.1), List.of(Parameter.of("w", w, 2)))) {
      assertThatThrownBy(bound::swapInAverage).hasMessageContaining("keeps no average");
    }
  }

  private static short bfloat16(float value) {
    return (short) ((Float.floatToRawIntBits(value) + 0x8000) >>> 16);
  }
}
