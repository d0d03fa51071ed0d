package dev.mincover.checkpoint;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The types of the safetensors format, by the names they have in a file. A tensor takes its number
 * of elements times {@link #bits} / 8 bytes, which must be whole; only the whole tensor's size is
 * rounded by nothing, since elements of fewer than 8 bits are packed.
 */
public enum StoredType {
  /** Two values, one byte each. */
  BOOL(8),
  /** 4-bit float. */
  F4(4),
  /** 6-bit float, 2 bits of exponent. */
  F6_E2M3(6),
  /** 6-bit float, 3 bits of exponent. */
  F6_E3M2(6),
  /** Unsigned integer. */
  U8(8),
  /** Signed integer. */
  I8(8),
  /** 8-bit float, 5 bits of exponent. */
  F8_E5M2(8),
  /** 8-bit float, 4 bits of exponent. */
  F8_E4M3(8),
  /** 8-bit power of two, for scales. */
  F8_E8M0(8),
  /** 8-bit float without infinities or a negative zero. */
  F8_E4M3FNUZ(8),
  /** 8-bit float without infinities or a negative zero. */
  F8_E5M2FNUZ(8),
  /** Signed integer. */
  I16(16),
  /** Unsigned integer. */
  U16(16),
  /** IEEE 754 half precision. */
  F16(16),
  /** The upper half of a float32. */
  BF16(16),
  /** Signed integer. */
  I32(32),
  /** Unsigned integer. */
  U32(32),
  /** IEEE 754 single precision. */
  F32(32),
  /** Two single-precision values: a complex number. */
  C64(64),
  /** IEEE 754 double precision. */
  F64(64),
  /** Signed integer. */
  I64(64),
  /** Unsigned integer. */
  U64(64);

  private static final Map<String, StoredType> BY_NAME =
      Stream.of(values()).collect(Collectors.toMap(StoredType::name, type -> type));

  private final int bits;

  StoredType(int bits) {
    this.bits = bits;
  }

  /** Bits per element. */
  public int bits() {
    return bits;
  }

  /** The type of a name; null if there is none. */
  static @Nullable StoredType of(String name) {
    return BY_NAME.get(name);
  }

  /**
   * Bytes of a tensor.
   *
   * @throws IllegalArgumentException if an axis is negative, the bytes are not whole, or 64 bits
   *     cannot count them
   */
  public long bytes(long... shape) {
    long elements = 1;
    boolean empty = false;
    for (long axis : shape) {
      if (axis < 0) {
        throw new IllegalArgumentException("an axis of length " + axis);
      }
      empty |= axis == 0;
    }
    if (empty) {
      return 0; // Whatever the product of the other axes would be.
    }
    try {
      for (long axis : shape) {
        elements = Math.multiplyExact(elements, axis);
      }
      elements = Math.multiplyExact(elements, (long) bits);
    } catch (ArithmeticException _) {
      throw new IllegalArgumentException("more values than 64 bits can count");
    }
    if (elements % Byte.SIZE != 0) {
      throw new IllegalArgumentException(
          "%d bits of %s, which are no whole bytes".formatted(elements, name()));
    }
    return elements / Byte.SIZE;
  }
}
