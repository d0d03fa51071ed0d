package dev.mincover.internal.pass;

import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.internal.storage.RandomBits;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Rounding;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a recipe's options say for one parameter by name, as the numbers of a step. Wherever weights
 * lie, their step takes its numbers from here, so that they are rounded alike.
 */
public final class TensorOptions {

  private final String name;
  private final Options options;
  private final Momentum momentum;
  private final double multiplier;
  private final double decay;

  /** The options of the parameter of a name. */
  public TensorOptions(String name, Options options, Momentum momentum) {
    this.name = name;
    this.options = options;
    this.momentum = momentum;
    multiplier = options.multiplier().of(name);
    decay = options.weightDecay().of(name);
  }

  /** How momentum is kept. */
  public Momentum momentum() {
    return momentum;
  }

  /** How 16-bit values are rounded. */
  Rounding rounding() {
    return options.rounding();
  }

  /** What the random bits of a step, if any, are a function of, besides a weight's index. */
  public long key(long step) {
    Rounding rounding = options.rounding();
    return rounding.stochastic() ? RandomBits.key(rounding.seed(), step, name) : 0;
  }

  /**
   * Writes the numbers of a step but those of nu and of the gradient.
   *
   * @param eta the learning rate of all parameters
   */
  public void prepare(Coefficients k, double eta) {
    double rate = eta * multiplier;
    k.keepMomentum = (float) momentum.beta();
    k.addMomentum =
        momentum.kind() == Momentum.Kind.AVERAGE ? Coefficients.complement(momentum.beta()) : 1;
    k.eta = (float) rate;
    k.keepWeight = (float) (1 - rate * decay);
  }

  /** What the options ask of a kernel. */
  public Set<Feature> features() {
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    if (momentum.kind() == Momentum.Kind.NESTEROV) {
      features.add(Feature.NESTEROV);
    }
    if (options.clipValue() != Double.POSITIVE_INFINITY) {
      features.add(Feature.CLIPS);
    }
    if (options.maximise() || options.clipNorm() != Double.POSITIVE_INFINITY) {
      features.add(Feature.SCALES);
    }
    if (decay != 0) {
      features.add(Feature.DECAYS);
    }
    return features;
  }
}
