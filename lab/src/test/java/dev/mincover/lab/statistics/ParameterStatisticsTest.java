package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.tensor.Shape;
import org.junit.jupiter.api.Test;

class ParameterStatisticsTest {

  /** A 2 x 3 matrix, one of whose weights never had a gradient. */
  private static final ParameterStatistics MATRIX =
      new ParameterStatistics(
          "w",
          Shape.of(2, 3),
          new float[] {1, 2, 0, 4, 5, 6},
          new float[][] {{3, 7}, {4, 6, 8}},
          new float[][] {{5, 9}, {4, 6, 10}},
          new float[0][]);

  @Test
  void nuIsTheLeastOfTheSlices() {
    assertThat(MATRIX.nuSm3II()).containsExactly(3, 3, 3, 4, 6, 7);
    assertThat(MATRIX.nuSm3I()).containsExactly(4, 5, 5, 4, 6, 9);
  }

  @Test
  void tightnessIsTheMedianRatio() {
    // 3, 1.5, 1, 1.2 and 7/6, without the weight whose sum is 0.
    assertThat(MATRIX.tightnessSm3II()).isCloseTo(1.2, within(1e-6));
    // 4, 2.5, 1, 1.2 and 1.5.
    assertThat(MATRIX.tightnessSm3I()).isCloseTo(1.5, within(1e-6));
    assertThat(MATRIX.tightness(new float[] {8, 4, 0, 4, 0, 0})).isEqualTo(1);
  }

  @Test
  void ofAnEvenNumberTheMedianIsBetweenTheMiddleTwo() {
    ParameterStatistics vector =
        new ParameterStatistics(
            "b",
            Shape.of(4),
            new float[] {1, 1, 1, 1},
            new float[][] {{1, 2, 4, 100}},
            new float[][] {{1, 2, 4, 100}},
            new float[0][]);
    assertThat(vector.tightnessSm3II()).isEqualTo(3);
  }

  @Test
  void withoutAGradientThereIsNoTightness() {
    ParameterStatistics idle =
        new ParameterStatistics(
            "b", Shape.of(), new float[1], new float[1][1], new float[1][1], new float[0][]);
    assertThat(idle.tightnessSm3II()).isNaN();
    assertThat(idle.heatMap(8, 8).cell(0, 0)).isNaN();
  }

  @Test
  void slicesOfHigherRanks() {
    float[] ones = new float[12];
    ParameterStatistics cube =
        new ParameterStatistics(
            "c",
            Shape.of(2, 3, 2),
            ones,
            new float[][] {{5, 9}, {9, 2, 9}, {4, 9}},
            new float[][] {{5, 9}, {9, 2, 9}, {4, 9}},
            new float[0][]);
    assertThat(cube.nuSm3II()).containsExactly(4, 5, 2, 2, 4, 5, 4, 9, 2, 2, 4, 9);
  }

  @Test
  void theLargestComeFirst() {
    ParameterStatistics.Largest largest = MATRIX.largest(4);
    assertThat(largest.adagrad()).containsExactly(6, 5, 4, 2);
    assertThat(largest.sm3ii()).containsExactly(7, 6, 4, 3);
    assertThat(largest.sm3i()).containsExactly(9, 6, 5, 5);
    assertThat(MATRIX.largest(100).adagrad()).containsExactly(6, 5, 4, 2, 1, 0);
  }

  @Test
  void aHeatMapHasMeansOfLogarithms() {
    HeatMap whole = MATRIX.heatMap(64, 64);
    assertThat(whole.rows()).isEqualTo(2);
    assertThat(whole.columns()).isEqualTo(3);
    assertThat(whole.cell(1, 0)).isCloseTo(Math.log10(4), within(1e-12));
    assertThat(whole.cell(0, 2)).isNaN();

    HeatMap small = MATRIX.heatMap(1, 2);
    assertThat(small.tensorRows()).isEqualTo(2);
    assertThat(small.tensorColumns()).isEqualTo(3);
    assertThat(small.cells()).hasSize(2);
    // The first two of three columns share a cell, and what is 0 does not count.
    assertThat(small.cell(0, 0)).isCloseTo(Math.log10(1 * 2 * 4 * 5) / 4, within(1e-12));
    assertThat(small.cell(0, 1)).isCloseTo(Math.log10(6), within(1e-12));
  }

  @Test
  void aHeatMapOfAVectorIsARowAndThatOfAConvolutionIsFolded() {
    HeatMap vector = HeatMap.of(Shape.of(5), new float[] {1, 1, 1, 1, 10}, 4, 4);
    assertThat(vector.rows()).isEqualTo(1);
    assertThat(vector.columns()).isEqualTo(4);
    HeatMap kernels = HeatMap.of(Shape.of(4, 3, 2), new float[24], 64, 64);
    assertThat(kernels.rows()).isEqualTo(4);
    assertThat(kernels.columns()).isEqualTo(6);
    assertThat(HeatMap.of(Shape.of(0, 3), new float[0], 64, 64).cells()).isEmpty();
    assertThat(HeatMap.of(Shape.of(3, 0), new float[0], 64, 64).cells()).isEmpty();
  }

  @Test
  void lengthsMustBeThoseOfTheShape() {
    assertThatThrownBy(() ->
            new ParameterStatistics(
                "w",
                Shape.of(2, 3),
                new float[6],
                new float[][] {new float[2], new float[2]},
                new float[][] {new float[2], new float[3]},
                new float[0][]))
        .hasMessageContaining("w of shape [2, 3]: 2 entries in sm3-ii/1, expected 3");
  }
}
