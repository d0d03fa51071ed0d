package dev.mincover.lab.model;

import dev.mincover.lab.run.DataType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The types that a model's weights can have, and what engine and file format call them. */
public enum WeightType {
  /** IEEE 754 single precision. */
  FLOAT32(ScalarType.Float, DataType.F32),
  /** The upper half of a float32. */
  BFLOAT16(ScalarType.BFloat16, DataType.BF16),
  /** IEEE 754 half precision. */
  FLOAT16(ScalarType.Half, DataType.F16);

  private final ScalarType engine;
  private final DataType file;

  WeightType(ScalarType engine, DataType file) {
    this.engine = engine;
    this.file = file;
  }

  /** Bytes a weight. */
  public int bytes() {
    return file.bytes();
  }

  ScalarType engine() {
    return engine;
  }

  DataType file() {
    return file;
  }
}
