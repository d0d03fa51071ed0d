package dev.mincover.tribuo;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tribuo.math.Parameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.Tensor;

/**
 * SM3-II (arXiv:1901.11150, section 3) in the place of Tribuo's own optimisers. A weight matrix of
 * m x n keeps m + n accumulators where AdaGrad keeps m x n.
 *
 * <pre>{@code
 * new LinearSGDTrainer(new LogMulticlass(), Sm3Optimiser.of(Sm3.learningRate(0.5)), epochs, seed)
 * }</pre>
 *
 * <p>All arithmetic is float64, as Tribuo's is, and so are accumulators and momentum. A sparse
 * gradient costs what its active entries cost, and gives the bits of the dense gradient with zeros.
 * Two options are exceptions. Momentum reaches the active entries only: the others keep theirs, and
 * do not move. An average of squares scales all accumulators at each step.
 *
 * <p>Tribuo hands over the sum of the gradients of a minibatch, times the size of the minibatch,
 * and the mean weight of its examples, by which its optimisers multiply. Without epsilon, a factor
 * that all gradients share has no influence on SM3: whatever the size of the minibatch, the first
 * step moves every weight by the learning rate.
 *
 * <p>Like Tribuo's optimisers it is used in the order initialise, step, finalise, reset, by one
 * thread at a time. Trainers work on a {@link #copy}.
 */
public final class Sm3Optimiser implements StochasticGradientOptimiser {

  /** Which weights share an accumulator. */
  public enum CoverKind {
    /** A matrix has an accumulator for each row and each column, a vector one for each weight. */
    SLICES,
    /** An accumulator for each weight: AdaGrad without epsilon. */
    SINGLETONS
  }

  @Config(
      mandatory = true,
      description = "Learning rate, before warm-up and decay; finite and at least 0.")
  private double learningRate;

  @Config(description = "Steps over which the learning rate ramps up; 0 for none.")
  private long warmupSteps = 0;

  @Config(description = "Power of the warm-up; above 0, 1 is linear.")
  private double warmupPower = 2;

  @Config(
      description =
          "Steps after which the learning rate decays with the inverse square root; 0 for never.")
  private long inverseSqrtSteps = 0;

  @Config(description = "Steps of the whole training, for the cool-down; 0 for no cool-down.")
  private long totalSteps = 0;

  @Config(description = "Share of the steps, at the end, in which the learning rate sinks to 0.")
  private double cooldownFraction = 0.1;

  @Config(description = "Which weights share an accumulator.")
  private CoverKind cover = CoverKind.SLICES;

  @Config(description = "What becomes of past updates, if momentum is above 0.")
  private Momentum.Kind momentumKind = Momentum.Kind.AVERAGE;

  @Config(description = "How much of the past updates stays, in [0, 1); 0 for no momentum.")
  private double momentum = 0;

  @Config(description = "How much of the past squares stays, in (0, 1]; 1 for their sum.")
  private double secondMoment = 1;

  @Config(description = "Added to a sum of squares under the root; 0 for the paper's rule.")
  private double epsilon = 0;

  /** From initialise to reset. */
  private @Nullable Sm3Training training;

  /** For OLCUT, which sets the fields and calls {@link #postConfig}. */
  private Sm3Optimiser() {}

  /**
   * SM3-II with a constant learning rate and the paper's defaults.
   *
   * @param learningRate finite and at least 0
   * @throws IllegalArgumentException if it is out of range
   */
  public Sm3Optimiser(double learningRate) {
    this(Sm3.learningRate(learningRate));
  }

  private Sm3Optimiser(Sm3 recipe) {
    RecipeFields fields = RecipeFields.of(recipe);
    learningRate = fields.learningRate();
    warmupSteps = fields.warmupSteps();
    warmupPower = fields.warmupPower();
    inverseSqrtSteps = fields.inverseSqrtSteps();
    totalSteps = fields.totalSteps();
    cooldownFraction = fields.cooldownFraction();
    cover = fields.cover();
    momentumKind = recipe.momentum().kind();
    momentum = recipe.momentum().beta();
    secondMoment = recipe.secondMoment().beta();
    epsilon = recipe.epsilon();
  }

  /**
   * An optimiser from a recipe. It takes SM3-II with slices or singletons, momentum of every kind
   * (kept in float64), sums and averages of squares, epsilon, and a schedule that is a constant,
   * then perhaps a warm-up, an inverse square root and a cool-down, in this order. What a Tribuo
   * configuration cannot record or an optimiser of Tribuo cannot do is refused.
   *
   * @throws IllegalArgumentException naming the choice that is refused, and what to use instead
   */
  public static Sm3Optimiser of(Sm3 recipe) {
    return new Sm3Optimiser(recipe);
  }

  /**
   * Checks what a configuration has set.
   *
   * @throws PropertyException naming the value that is out of range
   */
  @Override
  public void postConfig() {
    try {
      var _ = recipe();
    } catch (IllegalArgumentException refusal) {
      throw new PropertyException(refusal, "", "", String.valueOf(refusal.getMessage()));
    }
  }

  /** The recipe that this optimiser follows. */
  public Sm3 recipe() {
    Schedule schedule = Schedule.constant(learningRate);
    if (warmupSteps != 0) {
      schedule = schedule.warmup(warmupSteps, warmupPower);
    }
    if (inverseSqrtSteps != 0) {
      schedule = schedule.inverseSqrt(inverseSqrtSteps);
    }
    if (totalSteps != 0) {
      schedule = schedule.cooldown(totalSteps, cooldownFraction);
    }
    return Sm3.learningRate(schedule)
        .cover(cover == CoverKind.SLICES ? Cover.slices() : Cover.singletons())
        .momentum(new Momentum(momentumKind, momentum, Momentum.Format.FLOAT32))
        .secondMoment(new SecondMoment(secondMoment))
        .epsilon(epsilon);
  }

  /**
   * Allocates the state for {@code parameters}, all 0, and starts at step 1.
   *
   * @throws IllegalArgumentException if a tensor is neither a vector nor a matrix
   */
  @Override
  public void initialise(Parameters parameters) {
    training = new Sm3Training(recipe(), parameters.get());
  }

  /**
   * Overwrites the gradients with the updates that Tribuo adds to the weights: {@code eta * g /
   * sqrt(nu)}, where g is the gradient times {@code weight}. Tribuo's gradients point uphill.
   *
   * @param updates a gradient for each tensor of the parameters, in their order and shapes
   * @param weight of the example, or the mean weight of the minibatch; finite. 0 moves nothing.
   * @return {@code updates}
   * @throws IllegalStateException before {@link #initialise} and after {@link #reset}
   * @throws IllegalArgumentException if there are more or fewer gradients than tensors, if a shape
   *     differs, or if a weighted gradient or its square is not finite. Nothing has changed then.
   */
  @Override
  public Tensor[] step(Tensor[] updates, double weight) {
    requireTraining().step(updates, weight);
    return updates;
  }

  /** Frees the state. */
  @Override
  public void reset() {
    training = null;
  }

  /** An optimiser with the same configuration and no state. */
  @Override
  public Sm3Optimiser copy() {
    return new Sm3Optimiser(recipe());
  }

  /** Steps taken since {@link #initialise}, or since the training that was loaded began. */
  public long steps() {
    return requireTraining().steps();
  }

  /**
   * The accumulators of a tensor, copied: of a matrix under slices those of its rows and those of
   * its columns, otherwise one array, row-major.
   *
   * @param tensor from 0, in the order of the parameters
   * @throws IllegalStateException before {@link #initialise} and after {@link #reset}
   */
  public double[][] accumulators(int tensor) {
    return requireTraining().tensor(tensor).accumulators();
  }

  /**
   * Bytes of accumulators and momentum that are allocated now; 0 before {@link #initialise} and
   * after {@link #reset}.
   */
  public long stateBytes() {
    return training == null ? 0 : training.stateBytes();
  }

  /**
   * Bytes of accumulators and momentum that training tensors of these shapes takes; nothing is
   * allocated.
   *
   * @param shapes of one or two dimensions each, such as {@code [labels, features + 1]} for a
   *     linear model
   * @throws IllegalArgumentException if a shape is neither that of a vector nor of a matrix
   */
  public long stateBytes(int[]... shapes) {
    long bytes = 0;
    for (int i = 0; i < shapes.length; i++) {
      bytes += TensorState.bytes(recipe(), i, shapes[i]);
    }
    return bytes;
  }

  /**
   * Bytes of working memory that are allocated now: 20 for each active entry of the largest sparse
   * gradient so far, and a few rows once a dense one has come.
   */
  public long scratchBytes() {
    return training == null ? 0 : training.scratchBytes();
  }

  /**
   * Saves weights, state and step in the safetensors format, with a checksum. Trainers of Tribuo
   * work on a {@link #copy}, so that this is for a loop of one's own.
   *
   * @param metadata free text by key; keys that start with {@code mincover.} are kept for Mincover
   * @throws IllegalArgumentException if a key is kept for Mincover
   * @throws IllegalStateException before {@link #initialise} and after {@link #reset}
   * @throws IOException if it cannot be written; an older file is as it was
   */
  public void save(Path file, Map<String, String> metadata) throws IOException {
    TrainingFile.save(file, requireTraining(), metadata);
  }

  /**
   * Loads what {@link #save} has written into the weights that {@link #initialise} was given and
   * into the state. The training goes on with the same bits.
   *
   * @return the metadata that was given to {@link #save}
   * @throws IllegalStateException before {@link #initialise} and after {@link #reset}
   * @throws IllegalArgumentException if the file is of another optimiser or of other parameters;
   *     nothing has changed then. The learning rate may differ.
   * @throws IOException if the file cannot be read or is damaged; nothing has changed then
   */
  public Map<String, String> load(Path file) throws IOException {
    return TrainingFile.load(file, requireTraining());
  }

  private Sm3Training requireTraining() {
    if (training == null) {
      throw new IllegalStateException(
          "the optimiser has no parameters: call initialise before, and again after reset");
    }
    return training;
  }

  @Override
  public ConfiguredObjectProvenance getProvenance() {
    return new ConfiguredObjectProvenanceImpl(this, "StochasticGradientOptimiser");
  }

  @Override
  public String toString() {
    return "Sm3Optimiser(learningRate=%s,warmupSteps=%d,warmupPower=%s,inverseSqrtSteps=%d,totalSteps=%d,cooldownFraction=%s,cover=%s,momentumKind=%s,momentum=%s,secondMoment=%s,epsilon=%s)"
        .formatted(
            learningRate,
            warmupSteps,
            warmupPower,
            inverseSqrtSteps,
            totalSteps,
            cooldownFraction,
            cover,
            momentumKind,
            momentum,
            secondMoment,
            epsilon);
  }
}
