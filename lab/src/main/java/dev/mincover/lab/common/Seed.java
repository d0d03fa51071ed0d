package dev.mincover.lab.common;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** The random numbers of the lab. Equal seeds give equal numbers on every machine. */
public final class Seed {

  private Seed() {}

  /** Returns a generator L64X128MixRandom that starts from {@code seed}. */
  public static RandomGenerator generator(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }
}
