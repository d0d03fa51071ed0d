package dev.mincover.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.report.Curve.Point;
import dev.mincover.lab.run.Metrics;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CurveTest {

  private static Curve curve(double... values) {
    return new Curve(
        IntStream.range(0, values.length)
            .mapToObj(i -> new Point(i + 1, 10 * (i + 1), 0.5 * (i + 1), values[i]))
            .toList());
  }

  @Test
  void leavesOutWhatIsNotMeasuredOrNotFinite() {
    List<Metrics.Row> rows =
        List.of(
            new Metrics.Row(1, 10, 0.5, 2, null, 0.1),
            new Metrics.Row(2, 20, 1, 2, Float.NaN, 0.1),
            new Metrics.Row(3, 30, 1.5, 2, (float) Math.log(2), 0.1));
    Curve curve = Curve.of(rows, row -> Curve.bits(row.validationLoss()));
    assertThat(curve.points()).hasSize(1);
    assertThat(curve.points().getFirst().step()).isEqualTo(3);
    assertThat(curve.points().getFirst().value()).isEqualTo(1, within(1e-7));
  }

  @Test
  void smoothsWithoutPullingTheFirstPointsToZero() {
    assertThat(curve(4, 4, 4).smoothed(10)).isEqualTo(curve(4, 4, 4));
    // Weights 1/2 and 1, and 1/4, 1/2 and 1.
    assertThat(curve(4, 1, 8).smoothed(2)).isEqualTo(curve(4, (2 + 1) / 1.5, (1 + 0.5 + 8) / 1.75));
    assertThat(curve(4, 1).smoothed(0.5)).isEqualTo(curve(4, 1));
  }

  @Test
  void averagesAtTheStepsThatAllHave() {
    Curve shorter = new Curve(curve(3, 5, 9).points().subList(0, 2));
    assertThat(Curve.mean(List.of(curve(1, 1, 1), shorter))).isEqualTo(curve(2, 3));
  }

  @Test
  void keepsTheEndsOfWhatItThins() {
    Curve curve = curve(IntStream.rangeClosed(1, 1000).asDoubleStream().toArray());
    List<Point> kept = curve.thinned(7).points();
    assertThat(kept).hasSize(7).isSubsetOf(curve.points());
    assertThat(kept.getFirst().step()).isEqualTo(1);
    assertThat(kept.getLast().step()).isEqualTo(1000);
    assertThat(curve(1, 2, 3).thinned(3)).isEqualTo(curve(1, 2, 3));
  }
}
