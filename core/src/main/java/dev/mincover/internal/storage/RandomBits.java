package dev.mincover.internal.storage;

/**
 * Random bits by key and index: a generator without a state, so that a value gets the same bits
 * whichever thread rounds it. The key's stream is SplitMix64's [1], entered anywhere.
 *
 * <p>[1] Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014), with
 * Stafford's variant 13 of the mixer.
 */
public final class RandomBits {

  private static final long GAMMA = 0x9e3779b97f4a7c15L; // 2^64 / golden ratio, odd

  private RandomBits() {}

  /** The 32 bits at {@code index} of the stream of {@code key}. */
  static int bits(long key, long index) {
    return (int) (mix(key + index * GAMMA) >>> 32);
  }

  /**
   * The key of one step of one tensor.
   *
   * @param seed of the whole run
   * @param step from 1
   * @param name of the tensor
   */
  public static long key(long seed, long step, String name) {
    long key = mix(mix(seed + GAMMA) + step * GAMMA);
    for (int i = 0; i < name.length(); i++) {
      key = mix((key + GAMMA) ^ name.charAt(i));
    }
    return key;
  }

  /** A permutation of the longs in which each bit depends on all. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
