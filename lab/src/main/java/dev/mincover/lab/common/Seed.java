package dev.mincover.lab.common;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** The one kind of randomness of the lab: equal seeds give equal numbers on every machine. */
public final class Seed {

  private Seed() {}

  /** A generator L64X128MixRandom that starts from {@code seed}. */
  public static RandomGenerator generator(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }
}
