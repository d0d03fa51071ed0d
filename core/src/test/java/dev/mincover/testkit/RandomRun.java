package dev.mincover.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A random parameter with a random gradient for each of a few steps. Gradients have zero entries,
 * zero rows and sizes from 1e-4 to 1e4. The rank is the seed modulo 6.
 */
record RandomRun(
    long seed, List<Integer> shape, List<Double> initial, List<List<Double>> gradients) {

  private static final int STEPS = 6;

  static Stream<RandomRun> ranks0To5() {
    return LongStream.range(0, 60).mapToObj(RandomRun::of);
  }

  static RandomRun of(long seed) {
    var random = new SplittableRandom(seed);
    int[] shape = random.ints(seed % 6, 1, 5).toArray();
    int size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    int rows = shape.length == 0 ? 1 : shape[0];
    return new RandomRun(
        seed,
        Arrays.stream(shape).boxed().toList(),
        values(size, random::nextGaussian),
        IntStream.range(0, STEPS).mapToObj(t -> gradient(random, rows, size / rows)).toList());
  }

  private static List<Double> gradient(SplittableRandom random, int rows, int width) {
    return IntStream.range(0, rows)
        .mapToObj(row -> {
          boolean zeroRow = random.nextInt(3) == 0;
          return values(
              width,
              () ->
                  zeroRow || random.nextInt(4) == 0
                      ? 0.0
                      : random.nextGaussian() * Math.pow(10, random.nextInt(-4, 5)));
        })
        .flatMap(List::stream)
        .toList();
  }

  private static List<Double> values(int size, Supplier<Double> value) {
    return Stream.generate(value).limit(size).toList();
  }

  int[] lengths() {
    return shape.stream().mapToInt(Integer::intValue).toArray();
  }

  double[] weights() {
    return array(initial);
  }

  double[] gradient(int t) {
    return array(gradients.get(t - 1));
  }

  int length() {
    return gradients.size();
  }

  /** Overlapping random sets, and every coordinate in at least one. */
  ReferenceCover randomCover() {
    return randomCover(seed, initial.size());
  }

  /** Overlapping random sets, and every one of {@code size} coordinates in at least one. */
  static ReferenceCover randomCover(long seed, int size) {
    var random = new SplittableRandom(~seed);
    int[][] sets = new int[random.nextInt(1, 8)][];
    for (int r = 0; r < sets.length; r++) {
      int first = r;
      int count = sets.length;
      sets[r] =
          IntStream.range(0, size)
              .filter(i -> i % count == first || random.nextInt(3) == 0)
              .toArray();
    }
    return ReferenceCover.of(size, sets);
  }

  @Override
  public String toString() {
    return "seed %d: shape %s".formatted(seed, shape);
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
