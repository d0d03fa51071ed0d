package dev.mincover.lab.data;

import java.util.random.RandomGenerator;

/**
 * The numbers from 0 on, drawn in passes: each number once in a pass, in an order that is random
 * anew for each.
 */
public final class Passes {

  private final RandomGenerator random;
  private final int[] order;
  private int next;

  /**
   * Starts a pass over the numbers below {@code count}.
   *
   * @param count at least 1
   */
  public Passes(int count, RandomGenerator random) {
    this.random = random;
    order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    next = count;
  }

  /** Returns the next number. */
  public int next() {
    if (next == order.length) {
      shuffle(order, random);
      next = 0;
    }
    return order[next++];
  }

  /** Puts values into a random order, by the method of Fisher and Yates. */
  public static void shuffle(int[] values, RandomGenerator random) {
    for (int i = values.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int value = values[i];
      values[i] = values[other];
      values[other] = value;
    }
  }
}
