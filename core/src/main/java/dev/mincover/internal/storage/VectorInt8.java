package dev.mincover.internal.storage;

import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The loops of {@link Int8} over a whole block, a vector register at a time: the same bits. */
final class VectorInt8 {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  /** As many codes as there are values in a register; of four there is no register. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / 4)));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Added to a number of less than 2^22, leaves it rounded to nearest even in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  private VectorInt8() {}

  /** Whether the codes of a register fill one, and registers a block. */
  static boolean isFast() {
    return F.length() == B.length() && Int8.BLOCK % F.length() == 0;
  }

  static void decode(MemorySegment codes, long at, float scale, float[] into, int first) {
    for (int j = 0; j < Int8.BLOCK; j += F.length()) {
      ByteVector bytes = ByteVector.fromMemorySegment(B, codes, at + j, ORDER);
      ((FloatVector) bytes.convertShape(B2F, F, 0)).mul(scale).intoArray(into, first + j);
    }
  }

  /** Bits of the largest magnitude. */
  static int largest(float[] from, int first) {
    IntVector largest = IntVector.zero(I);
    for (int j = 0; j < Int8.BLOCK; j += F.length()) {
      IntVector bits = FloatVector.fromArray(F, from, first + j).reinterpretAsInts();
      largest = largest.max(bits.and(Integer.MAX_VALUE));
    }
    return largest.reduceLanes(MAX);
  }

  static void encode(MemorySegment codes, long at, float inverse, float[] from, int first) {
    int origin = Float.floatToRawIntBits(ROUNDER);
    for (int j = 0; j < Int8.BLOCK; j += F.length()) {
      FloatVector rounded = FloatVector.fromArray(F, from, first + j).mul(inverse).add(ROUNDER);
      IntVector code = rounded.reinterpretAsInts().sub(origin);
      ((ByteVector) code.convertShape(I2B, B, 0)).intoMemorySegment(codes, at + j, ORDER);
    }
  }
}
