package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SgdPassTest {

  private static final float ETA = 0.3f;

  /** Each size alone, then all of them as one set, on one thread and on more than there are. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void passesLikeTheScalarLoop(int threads) {
    int[] sizes = {1, 15, 16, 17, 31, 32, 33, 207, 4098, 1 << 16, 70_001, 262_147};
    for (int size : sizes) {
      assertPasses(threads, size);
    }
    assertPasses(threads, sizes);
    assertPasses(threads, new Random(5).ints(3000, 1, 100).toArray());
  }

  private static void assertPasses(int threads, int... sizes) {
    Random random = new Random(7);
    try (Arena arena = Arena.ofShared()) {
      List<MemorySegment> weights = new ArrayList<>();
      List<MemorySegment> gradients = new ArrayList<>();
      List<float[]> expected = new ArrayList<>();
      for (int size : sizes) {
        float[] w = gaussians(random, size);
        float[] g = gaussians(random, size);
        weights.add(arena.allocateFrom(ValueLayout.JAVA_FLOAT, w));
        gradients.add(arena.allocateFrom(ValueLayout.JAVA_FLOAT, g));
        for (int i = 0; i < size; i++) {
          w[i] -= ETA * g[i];
          w[i] -= ETA / 2 * g[i];
        }
        expected.add(w);
      }
      try (SgdPass pass = new SgdPass(weights, gradients, threads)) {
        pass.step(ETA);
        pass.step(ETA / 2);
      }
      for (int i = 0; i < sizes.length; i++) {
        assertThat(weights.get(i).toArray(ValueLayout.JAVA_FLOAT))
            .as("tensor %d of %d weights", i, sizes[i])
            .isEqualTo(expected.get(i));
      }
    }
  }

  private static float[] gaussians(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
