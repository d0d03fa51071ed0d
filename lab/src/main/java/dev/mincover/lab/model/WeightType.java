package dev.mincover.lab.model;

import dev.mincover.checkpoint.StoredType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The types that a model's weights can have, with their names in libtorch and in safetensors files.
 */
public enum WeightType {
  /** IEEE 754 single precision. */
  FLOAT32(ScalarType.Float, StoredType.F32),
  /** The upper half of a float32. */
  BFLOAT16(ScalarType.BFloat16, StoredType.BF16),
  /** IEEE 754 half precision. */
  FLOAT16(ScalarType.Half, StoredType.F16);

  private final ScalarType engine;
  private final StoredType file;

  WeightType(ScalarType engine, StoredType file) {
    this.engine = engine;
    this.file = file;
  }

  /** Bytes per weight. */
  public int bytes() {
    return file.bits() / Byte.SIZE;
  }

  ScalarType engine() {
    return engine;
  }

  StoredType file() {
    return file;
  }
}
