package dev.mincover.internal.storage;

import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Float32 values kept in some format, decoded and encoded a stretch at a time. What a value is
 * stored as depends on the value, the key and its index (and in {@link Int8} on its block), never
 * on how a tensor is cut into stretches; so threads may share one, each on stretches of its own.
 */
public sealed interface Storage permits Float32, BFloat16, Float16, Int8 {

  /**
   * Decodes n consecutive values.
   *
   * @param at index of the first, from 0 over the whole tensor
   * @param into its first n elements are overwritten
   */
  void load(long at, int n, float[] into);

  /**
   * Encodes n consecutive values.
   *
   * @param at index of the first, from 0 over the whole tensor
   * @param from its first n elements are read
   * @param key of this step and this tensor, from {@link RandomBits#key}; read only where rounding
   *     is stochastic
   */
  void store(long at, int n, float[] from, long key);

  /** Decodes n consecutive values of a type, as {@link #load}. */
  static void load(DataType type, MemorySegment values, long at, int n, float[] into) {
    switch (type) {
      case FLOAT32 -> Float32.load(values, at, n, into);
      case BFLOAT16 -> BFloat16.load(values, at, n, into);
      case FLOAT16 -> Float16.load(values, at, n, into);
    }
  }

  /**
   * Values of a type.
   *
   * @param stochastic how values of 16 bits are rounded: at random, or to nearest even
   */
  static Storage of(DataType type, MemorySegment values, boolean stochastic) {
    return switch (type) {
      case FLOAT32 -> new Float32(values);
      case BFLOAT16 -> new BFloat16(values, stochastic);
      case FLOAT16 -> new Float16(values, stochastic);
    };
  }
}
