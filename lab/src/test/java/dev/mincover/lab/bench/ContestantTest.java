package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ContestantTest {

  private static final Workload WORKLOAD = Workload.of("37x50");

  static List<Contestant> contestants() {
    return Contestant.ALL;
  }

  /** Against its gradient, at every step, and by no more than a learning rate of 1e-6 does. */
  @ParameterizedTest
  @MethodSource("contestants")
  void itDescends(Contestant contestant) {
    DataType type = contestant.type();
    try (Buffers buffers = new Buffers(WORKLOAD, type)) {
      double before = product(buffers);
      try (Stepper stepper = contestant.binding().bind(buffers, 2)) {
        for (int step = 0; step < 200; step++) {
          stepper.step();
        }
        // Steps below half a place of a 16-bit weight are lost.
        if (!contestant.name().equals("sm3-bf16")) {
          assertThat(product(buffers)).isLessThan(before);
        }
        assertThat(product(buffers)).isCloseTo(before, within(1.0));
      }
    }
  }

  @Test
  void statesOfLibtorchAreAsLargeAsItsAlgorithmsSay() {
    Map<String, Long> expected =
        Map.of(
            "sgd-pass", 0L,
            "torch-fused-adam", 8L * 1850 + 4,
            "torch-fused-adagrad", 4L * 1850 + 4,
            "torch-adam", 8L * 1850 + 8);
    try (Buffers buffers = new Buffers(WORKLOAD, DataType.FLOAT32)) {
      for (Contestant contestant : Contestant.ALL) {
        Long bytes = expected.get(contestant.name());
        if (bytes != null) {
          try (Stepper stepper = contestant.binding().bind(buffers, 1)) {
            assertThat(stepper.stateBytes()).as(contestant.name()).isEqualTo(bytes);
          }
        }
      }
    }
  }

  @Test
  void contestantsAreNamedOnceAndTheUnitIsFirst() {
    assertThat(Contestant.ALL).extracting(Contestant::name).doesNotHaveDuplicates();
    assertThat(Contestant.ALL.getFirst().name()).isEqualTo(Contestant.SGD_PASS);
  }

  /** The sum of weight times gradient, which falls as weights descend. */
  private static double product(Buffers buffers) {
    double sum = 0;
    for (int i = 0; i < WORKLOAD.weights(); i++) {
      sum +=
          (double) value(buffers, buffers.weights().getFirst(), i)
              * value(buffers, buffers.gradients().getFirst(), i);
    }
    return sum;
  }

  private static float value(Buffers buffers, MemorySegment values, int i) {
    return buffers.parameters().getFirst().type() == DataType.FLOAT32
        ? values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i)
        : Float.intBitsToFloat(values.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) << 16);
  }
}
