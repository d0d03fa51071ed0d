package dev.mincover.lab.replay;

/** What a recorded optimizer computes that is not SM3 as Mincover has it. */
public enum Compatibility {
  /** It computes what its config says, as Mincover does. */
  NONE,

  /**
   * Under a moving average of squares (beta2 below 1), an accumulator becomes max(old, new) and
   * never shrinks. Mincover's accumulators shrink once gradients do.
   */
  KEEP_MAX
}
