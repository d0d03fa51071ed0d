package dev.mincover.nd4j;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * SM3 in the place of an updater of SameDiff's:
 *
 * <pre>{@code
 * new TrainingConfig.Builder().updater(Sm3Updater.of(Sm3.learningRate(0.1)))
 * }</pre>
 *
 * <p>Each variable is stepped once its gradient is there, with the bits that core gives. Its
 * accumulators are those of its rows and columns, and are saved and loaded with the graph. The
 * configuration goes through JSON. Variables are float32.
 *
 * <p>An updater is asked for an update, which SameDiff subtracts. It costs one array of zeros as
 * large as the largest variable, and about twice the time of {@link ArrayOptimizer}, which all of
 * Mincover's recipes can use. What needs weights, names or several gradients at once is refused.
 *
 * <p>DL4J shows an updater the parameters of several layers as one vector, in which there are no
 * rows and columns. There it throws; {@link NetworkOptimizer} steps networks of DL4J.
 */
public final class Sm3Updater implements IUpdater {

  private static final long serialVersionUID = 1;

  private double learningRate;
  private @Nullable ISchedule learningRateSchedule;
  private final Sm3.Algorithm algorithm;

  /** One of slices, singletons, whole; or null, and then {@link #axes} are given. */
  private final @Nullable String cover;

  private final int @Nullable [] axes;
  private final Momentum.Kind momentum;
  private final double momentumBeta;
  private final Momentum.Format momentumFormat;
  private final double secondMomentBeta;
  private final double epsilon;

  /** Infinity is none. */
  private final double clipValue;

  private final Guard guard;

  /** What the variables of a graph share; made again after a copy. */
  private transient @Nullable UpdateScratch scratch;

  /** SM3-II with the paper's defaults and a constant learning rate. */
  public Sm3Updater(double learningRate) {
    this(Sm3.learningRate(learningRate));
  }

  private Sm3Updater(Sm3 recipe) {
    Options options = recipe.options();
    if (recipe.learningRate() instanceof Schedule.Constant(double eta)) {
      learningRate = eta;
    } else {
      learningRateSchedule = RateSchedule.of(recipe.learningRate());
    }
    algorithm = recipe.algorithm();
    Cover chosen = recipe.cover().otherwise();
    axes =
        chosen instanceof Cover.Axes(List<Integer> list)
            ? list.stream().mapToInt(Integer::intValue).toArray()
            : null;
    cover =
        switch (chosen) {
          case Cover.Slices _ -> "slices";
          case Cover.Singletons _ -> "singletons";
          case Cover.Whole _ -> "whole";
          case Cover.Axes _ -> null;
          case Cover.Sets _ -> throw refusal("a cover by sets belongs to one variable");
        };
    momentum = recipe.momentum().kind();
    momentumBeta = recipe.momentum().beta();
    momentumFormat = recipe.momentum().format();
    secondMomentBeta = recipe.secondMoment().beta();
    epsilon = recipe.epsilon();
    clipValue = options.clipValue();
    guard = options.guard();
  }

  @JsonCreator
  private Sm3Updater(
      @JsonProperty("learningRate") double learningRate,
      @JsonProperty("learningRateSchedule") @Nullable ISchedule learningRateSchedule,
      @JsonProperty("algorithm") Sm3.Algorithm algorithm,
      @JsonProperty("cover") @Nullable String cover,
      @JsonProperty("axes") int @Nullable [] axes,
      @JsonProperty("momentum") Momentum.Kind momentum,
      @JsonProperty("momentumBeta") double momentumBeta,
      @JsonProperty("momentumFormat") Momentum.Format momentumFormat,
      @JsonProperty("secondMomentBeta") double secondMomentBeta,
      @JsonProperty("epsilon") double epsilon,
      @JsonProperty("clipValue") double clipValue,
      @JsonProperty("guard") Guard guard) {
    this.learningRate = learningRate;
    this.learningRateSchedule = learningRateSchedule;
    this.algorithm = algorithm;
    this.cover = cover;
    this.axes = axes;
    this.momentum = momentum;
    this.momentumBeta = momentumBeta;
    this.momentumFormat = momentumFormat;
    this.secondMomentBeta = secondMomentBeta;
    this.epsilon = epsilon;
    this.clipValue = clipValue;
    this.guard = guard;
    recipe(Schedule.constant(0)); // Checks the ranges.
  }

  /**
   * The updater of a recipe.
   *
   * @throws IllegalArgumentException if the recipe asks for what an updater cannot do: weight
   *     decay, an average of the weights, choices by name, a cover by sets, clipping by global
   *     norm, stochastic rounding, maximising, or a schedule that JSON cannot hold ({@link
   *     RateSchedule#of})
   */
  public static Sm3Updater of(Sm3 recipe) {
    Options options = recipe.options();
    refuse(
        options.weightDecay().otherwise() != 0 || !options.weightDecay().rules().isEmpty(),
        "weight decay needs the weights: use weightDecay of the TrainingConfig");
    refuse(!(options.average() instanceof Average.None), "an average of weights needs the weights");
    refuse(
        !recipe.cover().rules().isEmpty() || !options.multiplier().rules().isEmpty(),
        "a choice by name needs the name");
    refuse(options.multiplier().otherwise() != 1, "a multiplier is for names");
    refuse(
        options.clipNorm() != Double.POSITIVE_INFINITY,
        "clipping by global norm needs all gradients");
    refuse(options.rounding().stochastic(), "stochastic rounding needs the order of the variables");
    refuse(options.maximise(), "a TrainingConfig maximises by minimize(false)");
    return new Sm3Updater(recipe);
  }

  private static void refuse(boolean asked, String why) {
    if (asked) {
      throw refusal(why);
    }
  }

  private static IllegalArgumentException refusal(String why) {
    return new IllegalArgumentException(
        "an updater sees one gradient and nothing else, and %s; an ArrayOptimizer does it all"
            .formatted(why));
  }

  /** The recipe, with the learning rate of iterations from 0 at epoch 0. */
  public Sm3 recipe() {
    ISchedule schedule = learningRateSchedule;
    return recipe(
        schedule == null
            ? Schedule.constant(learningRate)
            : step -> schedule.valueAt(Math.toIntExact(step - 1), 0));
  }

  /** The recipe with another learning rate. */
  Sm3 recipe(Schedule schedule) {
    Sm3 plain = Sm3.learningRate(schedule);
    return new Sm3(
            plain.options().clipValue(clipValue).guard(guard),
            algorithm,
            plain.cover(),
            new Momentum(momentum, momentumBeta, momentumFormat),
            new SecondMoment(secondMomentBeta),
            epsilon)
        .cover(chosenCover());
  }

  private Cover chosenCover() {
    if (axes != null) {
      return Cover.axes(axes);
    }
    return switch (cover) {
      case "slices" -> Cover.slices();
      case "singletons" -> Cover.singletons();
      case "whole" -> Cover.whole();
      case null, default ->
          throw new IllegalArgumentException(
              "the cover is '%s'; it must be slices, singletons or whole, or axes must be given"
                  .formatted(cover));
    };
  }

  /** Memory for updates, which all variables share. */
  synchronized UpdateScratch scratch() {
    UpdateScratch existing = scratch;
    if (existing == null) {
      existing = new UpdateScratch();
      scratch = existing;
    }
    return existing;
  }

  /** 0: state has shapes of its own, which only {@code getState} of the updater knows. */
  @Override
  public long stateSize(long numParams) {
    return 0;
  }

  /**
   * An updater for one variable, whose shape {@code setStateViewArray} or the first gradient gives.
   *
   * @param viewArray null
   * @param initializeViewArray as SameDiff says for a constant that becomes a variable
   */
  @Override
  public GradientUpdater<Sm3Updater> instantiate(
      @Nullable INDArray viewArray, boolean initializeViewArray) {
    return new Sm3GradientUpdater(this, initializeViewArray);
  }

  /**
   * An updater for one variable that goes on with saved state.
   *
   * @param updaterState as {@code getState} gave it; empty for a variable that had no step
   */
  @Override
  public GradientUpdater<Sm3Updater> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    Sm3GradientUpdater updater = new Sm3GradientUpdater(this, true);
    updater.setState(updaterState, initializeStateArrays);
    return updater;
  }

  @Override
  public Sm3Updater clone() {
    return new Sm3Updater(
        learningRate,
        learningRateSchedule == null ? null : learningRateSchedule.clone(),
        algorithm,
        cover,
        axes,
        momentum,
        momentumBeta,
        momentumFormat,
        secondMomentBeta,
        epsilon,
        clipValue,
        guard);
  }

  @Override
  public double getLearningRate(int iteration, int epoch) {
    ISchedule schedule = learningRateSchedule;
    return schedule == null ? learningRate : schedule.valueAt(iteration, epoch);
  }

  @Override
  public boolean hasLearningRate() {
    return true;
  }

  /**
   * Sets the learning rate of later steps.
   *
   * @param lr of all steps, if there is no schedule
   * @param lrSchedule by iteration and epoch from 0; null for none
   */
  @Override
  public void setLrAndSchedule(double lr, @Nullable ISchedule lrSchedule) {
    learningRate = lr;
    learningRateSchedule = lrSchedule;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Sm3Updater that && content().equals(that.content());
  }

  @Override
  public int hashCode() {
    return content().hashCode();
  }

  private List<Object> content() {
    return List.of(
        learningRate,
        Objects.toString(learningRateSchedule),
        recipe(Schedule.constant(0)).toString());
  }

  @Override
  public String toString() {
    Object rate = learningRateSchedule == null ? learningRate : learningRateSchedule;
    return "Sm3Updater(%s, %s)".formatted(rate, recipe(Schedule.constant(0)));
  }
}
