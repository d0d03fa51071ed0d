package dev.mincover.tensor;

/** How the values of a tensor are stored, in native byte order. */
public enum DataType {
  /** IEEE 754 single precision: 24 significant bits. */
  FLOAT32(4),

  /** The upper half of a float32: its range, 8 significant bits. */
  BFLOAT16(2),

  /** IEEE 754 half precision: 11 significant bits, at most 65504. */
  FLOAT16(2);

  private final int bytes;

  DataType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes a value. */
  public int bytes() {
    return bytes;
  }
}
