package dev.mincover.internal.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RandomBitsTest {

  private static final int N = 1 << 16;

  @Test
  void seedStepAndNameEachMakeAnotherKey() {
    Set<Long> keys = new HashSet<>();
    String[] names = {"", "\0", "a", "b", "ab", "ba", "blocks.0.weight", "blocks.1.weight"};
    for (long seed = -3; seed < 20; seed++) {
      for (long step = 0; step < 200; step++) {
        for (String name : names) {
          keys.add(RandomBits.key(seed, step, name));
        }
      }
    }
    assertThat(keys).hasSize(23 * 200 * names.length);
    assertThat(RandomBits.key(1, 2, "w")).isEqualTo(RandomBits.key(1, 2, "w"));
  }

  /** By how much a key or an index differs from the one it is compared with. */
  @ParameterizedTest(name = "key + {0}, index + 1, or 2^32")
  @ValueSource(longs = {0, 1, 2, 1L << 32, 1L << 63})
  void neighboursHaveNothingInCommon(long keyStep) {
    for (long indexStep : new long[] {0, 1, 2, 64, 1L << 32}) {
      if (keyStep == 0 && indexStep == 0) {
        continue;
      }
      for (int turn = 0; turn < 32; turn += 5) {
        int[] equal = new int[32];
        for (int i = 0; i < N; i++) {
          int one = RandomBits.bits(7, i);
          int other = RandomBits.bits(7 + keyStep, i + indexStep);
          count(~(one ^ Integer.rotateLeft(other, turn)), equal);
        }
        assertHalf(equal);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, 0x123456789abcdefL})
  void bitsAreBalancedAndBytesUniform(long key) {
    int[] ones = new int[32];
    int[][] bins = new int[4][256];
    for (int i = 0; i < N; i++) {
      int bits = RandomBits.bits(key, i);
      count(bits, ones);
      for (int b = 0; b < 4; b++) {
        bins[b][bits >>> (8 * b) & 255]++;
      }
    }
    assertHalf(ones);
    for (int[] counts : bins) {
      double chiSquare = 0;
      for (int count : counts) {
        chiSquare += Math.pow(count - N / 256., 2) / (N / 256.);
      }
      // Of mean 255 and standard deviation 22.6; too even would be wrong as well.
      assertThat(chiSquare).isBetween(255 - 5 * 22.6, 255 + 5 * 22.6);
    }
  }

  @Test
  void stepsOfOneTensorHaveNothingInCommon() {
    int[] equal = new int[32];
    for (int step = 1; step <= N; step++) {
      int one = RandomBits.bits(RandomBits.key(1, step, "w"), 3);
      count(~(one ^ RandomBits.bits(RandomBits.key(1, step + 1, "w"), 3)), equal);
    }
    assertHalf(equal);
  }

  private static void count(int bits, int[] ones) {
    for (int b = 0; b < 32; b++) {
      ones[b] += bits >>> b & 1;
    }
  }

  /** Within five standard deviations. */
  private static void assertHalf(int[] counts) {
    double allowed = 5 * Math.sqrt(N) / 2;
    for (int count : counts) {
      assertThat((double) count).isBetween(N / 2 - allowed, N / 2 + allowed);
    }
  }
}
