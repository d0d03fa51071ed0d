package dev.mincover.lab.optimizer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every choice about the optimizer of a run, by the names that options have for them, defaults
 * included. Null is what the optimizer gives no choice of.
 *
 * @param name such as {@code sm3}
 * @param learningRate the highest of the schedule; null for relative steps
 * @param schedule such as {@code constant} or {@code piecewise:0.1@0.8}; null for relative steps
 * @param warmup share of the steps
 * @param warmupPower 1 is linear
 * @param cooldown share of the steps
 * @param rateMultipliers such as {@code wte.weight=0.5}, in the order given
 * @param algorithm {@code sm3-i} or {@code sm3-ii}
 * @param cover of all parameters, then such as {@code wte.weight=rows} in the order given
 * @param momentum beta, or Adam's beta1; 0 is none
 * @param momentumKind null without momentum too
 * @param momentumFormat null without momentum too
 * @param beta2 of the second moment; 1 is the sum
 * @param epsilon in the denominator
 * @param weightDecay lambda; 0 is none
 * @param noDecay patterns of parameters that do not decay; empty without weight decay
 * @param clipNorm largest norm of all gradients together; null is off
 * @param clipValue largest magnitude of a gradient; null is off
 * @param maximise whether the loss is climbed
 * @param guard what happens to gradients that are not finite
 * @param rounding of weights in 16 bits
 * @param average of the weights, such as {@code polyak:0.999}
 */
public record OptimizerSettings(
    String name,
    @Nullable Double learningRate,
    @Nullable String schedule,
    double warmup,
    double warmupPower,
    double cooldown,
    List<String> rateMultipliers,
    @Nullable String algorithm,
    @Nullable List<String> cover,
    double momentum,
    @Nullable String momentumKind,
    @Nullable String momentumFormat,
    @Nullable Double beta2,
    @Nullable Double epsilon,
    double weightDecay,
    List<String> noDecay,
    @Nullable Double clipNorm,
    @Nullable Double clipValue,
    boolean maximise,
    String guard,
    String rounding,
    String average) {

  /** What the cover is unless chosen. */
  public static final String SLICES = "slices";

  /** No average. */
  public static final String NO_AVERAGE = "none";

  /** Copies the lists. */
  public OptimizerSettings {
    rateMultipliers = List.copyOf(rateMultipliers);
    cover = cover == null ? null : List.copyOf(cover);
    noDecay = List.copyOf(noDecay);
  }
}
