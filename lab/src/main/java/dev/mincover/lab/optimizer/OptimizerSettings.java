package dev.mincover.lab.optimizer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every choice about the optimizer of a run, by the names of the options, defaults included. JSON
 * files hold the values of all groups in one flat object, in the order given here. A value is null
 * if the optimizer does not offer the choice.
 *
 * @param name such as {@code sm3}
 * @param rate the learning rate over the run
 * @param rule how gradients become updates
 * @param decay weight decay
 * @param gradients what is done to the gradients before the rule sees them
 * @param weights how weights are stored and averaged
 */
public record OptimizerSettings(
    String name,
    @JsonUnwrapped Rate rate,
    @JsonUnwrapped Rule rule,
    @JsonUnwrapped Decay decay,
    @JsonUnwrapped Gradients gradients,
    @JsonUnwrapped Weights weights) {

  /** The default cover. */
  public static final String SLICES = "slices";

  /** The value of {@link Weights#average} that keeps no average. */
  public static final String NO_AVERAGE = "none";

  /**
   * The learning rate over the run. Shares are of the number of steps.
   *
   * @param learningRate the highest rate of the schedule; null for steps relative to the weights
   * @param schedule such as {@code constant} or {@code piecewise:0.1@0.8}; null for relative steps
   * @param warmup share of the steps over which the rate rises
   * @param warmupPower 1 rises linearly, 2 quadratically
   * @param cooldown share of the steps over which the rate falls to 0
   * @param rateMultipliers such as {@code wte.weight=0.5}, in the order given
   */
  public record Rate(
      @Nullable Double learningRate,
      @Nullable String schedule,
      double warmup,
      double warmupPower,
      double cooldown,
      List<String> rateMultipliers) {

    /** Copies the list. */
    public Rate {
      rateMultipliers = List.copyOf(rateMultipliers);
    }
  }

  /**
   * How gradients become updates.
   *
   * @param algorithm {@code sm3-i} or {@code sm3-ii}
   * @param cover the cover of all parameters, then rules such as {@code wte.weight=rows} in the
   *     order given
   * @param momentum beta, or Adam's beta1; 0 is no momentum
   * @param momentumKind null without momentum
   * @param momentumFormat null without momentum
   * @param beta2 of the second moment; 1 is the sum
   * @param epsilon in the denominator
   */
  public record Rule(
      @Nullable String algorithm,
      @Nullable List<String> cover,
      double momentum,
      @Nullable String momentumKind,
      @Nullable String momentumFormat,
      @Nullable Double beta2,
      @Nullable Double epsilon) {

    /** Copies the list. */
    public Rule {
      cover = cover == null ? null : List.copyOf(cover);
    }
  }

  /**
   * Weight decay.
   *
   * @param weightDecay lambda; 0 is no decay
   * @param noDecay patterns of parameters that do not decay; empty without weight decay
   */
  public record Decay(double weightDecay, List<String> noDecay) {

    /** Copies the list. */
    public Decay {
      noDecay = List.copyOf(noDecay);
    }
  }

  /**
   * What is done to the gradients before the rule sees them.
   *
   * @param clipNorm largest norm of all gradients together; null is no limit
   * @param clipValue largest magnitude of a single gradient; null is no limit
   * @param maximise whether the steps climb the loss
   * @param guard what happens to gradients that are not finite
   */
  public record Gradients(
      @Nullable Double clipNorm, @Nullable Double clipValue, boolean maximise, String guard) {}

  /**
   * How weights are stored and averaged.
   *
   * @param rounding of 16-bit weights and momentum
   * @param average of the weights, such as {@code polyak:0.999}
   */
  public record Weights(String rounding, String average) {}
}
