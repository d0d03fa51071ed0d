package dev.mincover.lab.report;

import dev.mincover.lab.run.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A quantity over the course of a training.
 *
 * @param points in the order of the steps
 */
record Curve(List<Point> points) {

  /**
   * The largest number of points per curve in a chart. More would need space that the pixels cannot
   * show.
   */
  private static final int MOST_POINTS = 400;

  /**
   * A value after a step.
   *
   * @param tokens bytes trained on so far
   * @param seconds of training so far
   */
  record Point(double step, double tokens, double seconds, double value) {}

  /** Copies the list. */
  Curve {
    points = List.copyOf(points);
  }

  /**
   * Returns a column of a run's metrics as a curve.
   *
   * @param value above 0, as logarithmic axes need it; other values are left out
   */
  static Curve of(List<Metrics.Row> rows, ToDoubleFunction<Metrics.Row> value) {
    List<Point> points = new ArrayList<>();
    for (Metrics.Row row : rows) {
      double y = value.applyAsDouble(row);
      if (y > 0 && Double.isFinite(y)) {
        points.add(new Point(row.step(), row.tokens(), row.seconds(), y));
      }
    }
    return new Curve(points);
  }

  /** Converts a loss from nats to bits; NaN if it was not measured. */
  static double bits(@Nullable Float nats) {
    return nats == null ? Double.NaN : nats / Math.log(2);
  }

  /**
   * Returns the exponential average of the values up to each point, over about the last {@code
   * span} points. The first averages are over the points so far, and not drawn to 0.
   */
  Curve smoothed(double span) {
    double keep = 1 - 1 / Math.max(1, span);
    double sum = 0;
    double weight = 0;
    List<Point> smooth = new ArrayList<>();
    for (Point point : points) {
      sum = keep * sum + point.value();
      weight = keep * weight + 1;
      smooth.add(new Point(point.step(), point.tokens(), point.seconds(), sum / weight));
    }
    return new Curve(smooth);
  }

  /** Returns the mean of curves, at the steps that all of them have. */
  static Curve mean(List<Curve> curves) {
    Map<Double, List<Point>> bySteps = new TreeMap<>();
    for (Curve curve : curves) {
      curve.points.forEach(
          point -> bySteps.computeIfAbsent(point.step(), _ -> new ArrayList<>()).add(point));
    }
    List<Point> means = new ArrayList<>();
    bySteps.forEach((step, at) -> {
      if (at.size() == curves.size()) {
        means.add(
            new Point(
                step,
                at.stream().mapToDouble(Point::tokens).average().orElseThrow(),
                at.stream().mapToDouble(Point::seconds).average().orElseThrow(),
                at.stream().mapToDouble(Point::value).average().orElseThrow()));
      }
    });
    return new Curve(means);
  }

  /** Returns evenly spread points, including the first and the last. */
  Curve thinned() {
    return thinned(MOST_POINTS);
  }

  /** Returns at most {@code most} points, at least 2. */
  Curve thinned(int most) {
    if (points.size() <= most) {
      return this;
    }
    List<Point> kept = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      kept.add(points.get((int) ((long) i * (points.size() - 1) / (most - 1))));
    }
    return new Curve(kept);
  }
}
