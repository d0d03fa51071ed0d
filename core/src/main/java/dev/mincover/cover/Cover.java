package dev.mincover.cover;

import java.util.Arrays;
import java.util.List;

/**
 * A family of sets S_r of a parameter's coordinates whose union is all of them (section 3 of the
 * paper). SM3 keeps one accumulator mu(r) per set. A weight's statistic nu is the least accumulator
 * of the sets that hold it: the <em>min</em> over a <em>cover</em>.
 *
 * <p>Fewer and larger sets take less memory and give smaller learning rates. Sets that fit how
 * gradients vary, usually rows and columns, lose little against one set per weight.
 */
public sealed interface Cover {

  /**
   * The slices of codimension one: an accumulator for each row and each column of a matrix, and n_1
   * + ... + n_p for a tensor. For a scalar or vector these are the singletons. This is the default.
   */
  static Cover slices() {
    return new Slices();
  }

  /** A set for each weight, which is AdaGrad. It takes as many values as there are weights. */
  static Cover singletons() {
    return new Singletons();
  }

  /** One set that holds every weight: one accumulator, and one learning rate for all weights. */
  static Cover whole() {
    return new Whole();
  }

  /**
   * The slices of some axes only. {@code axes(0)} has an accumulator for each row and none for
   * columns. A scalar has no axes and keeps its one accumulator.
   *
   * @param axes counted from 0, at least one, each below the parameter's rank
   * @throws IllegalArgumentException if there is none, or one is negative or repeated
   */
  static Cover axes(int... axes) {
    return new Axes(Arrays.stream(axes).boxed().toList());
  }

  /**
   * Sets of the user's choice. They may overlap. Besides one accumulator per set, an optimizer
   * keeps 4 bytes per weight and 4 per member of a set, to find the sets that hold a weight.
   *
   * @param sets positions in row-major order, counted from 0; copied
   */
  static Cover sets(long[]... sets) {
    return new Sets(sets);
  }

  /** See {@link Cover#slices}. */
  record Slices() implements Cover {}

  /** See {@link Cover#singletons}. */
  record Singletons() implements Cover {}

  /** See {@link Cover#whole}. */
  record Whole() implements Cover {}

  /** See {@link Cover#axes}. */
  record Axes(List<Integer> axes) implements Cover {
    /** Checks that the axes differ. */
    public Axes {
      axes = List.copyOf(axes);
      if (axes.isEmpty()) {
        throw new IllegalArgumentException("a cover by no axes; name at least one, such as 0");
      }
      for (int axis : axes) {
        if (axis < 0 || axes.indexOf(axis) != axes.lastIndexOf(axis)) {
          throw new IllegalArgumentException(
              "a cover by the axes %s; axes count from 0 and must differ".formatted(axes));
        }
      }
    }
  }

  /** See {@link Cover#sets}. */
  final class Sets implements Cover {
    private final long[][] sets;

    Sets(long[][] sets) {
      this.sets = new long[sets.length][];
      for (int r = 0; r < sets.length; r++) {
        this.sets[r] = sets[r].clone();
      }
    }

    /** How many sets there are. */
    public int count() {
      return sets.length;
    }

    /** The members of set {@code r}, counted from 0, as a copy. */
    public long[] set(int r) {
      return sets[r].clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Sets that && Arrays.deepEquals(sets, that.sets);
    }

    @Override
    public int hashCode() {
      return Arrays.deepHashCode(sets);
    }

    @Override
    public String toString() {
      return sets.length + " sets";
    }
  }
}
