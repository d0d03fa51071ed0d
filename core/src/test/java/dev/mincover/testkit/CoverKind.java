package dev.mincover.testkit;

import dev.mincover.cover.Cover;
import java.util.stream.IntStream;

/** Every way of covering a parameter, for tests that take them one by one. */
enum CoverKind {
  SLICES,
  SINGLETONS,
  WHOLE,
  FIRST_AXIS,
  LAST_AXIS,
  OUTER_AXES,
  AXES_REVERSED,
  SETS;

  /** A cover of this kind; sets are random and overlap. */
  Cover of(long seed, int... shape) {
    int last = Math.max(0, shape.length - 1);
    return switch (this) {
      case SLICES -> Cover.slices();
      case SINGLETONS -> Cover.singletons();
      case WHOLE -> Cover.whole();
      case FIRST_AXIS -> Cover.axes(0);
      case LAST_AXIS -> Cover.axes(last);
      case OUTER_AXES -> last == 0 ? Cover.axes(0) : Cover.axes(0, last);
      case AXES_REVERSED ->
          Cover.axes(IntStream.rangeClosed(0, last).map(axis -> last - axis).toArray());
      case SETS ->
          OracleTerms.sets(
              RandomRun.randomCover(seed, IntStream.of(shape).reduce(1, Math::multiplyExact)));
    };
  }
}
