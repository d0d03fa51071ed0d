package dev.mincover.lab.compare;

import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.train.TrainingLoop;
import dev.mincover.lab.train.TrainingPlan;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * How long trainings take on this machine, measured with a few steps of each optimizer.
 *
 * @param startSeconds that a process needs before its first step at full speed and after its last
 * @param evaluationSeconds of an evaluation
 * @param stepSeconds of a step, by the name of the optimizer
 */
public record Calibration(
    double startSeconds, double evaluationSeconds, Map<String, Double> stepSeconds) {

  /** The share of the time that is planned for: speed varies. */
  private static final double SAFETY = 0.9;

  private static final long SEED = 0;
  private static final int LEAST_STEPS = 6;

  /**
   * Number of steps of the measured training. Only the first few are taken, far from the cool-down.
   */
  private static final long TRAINING = 10_000;

  /** Copies the times. */
  public Calibration {
    stepSeconds = Map.copyOf(stepSeconds);
  }

  /**
   * Measures. The time from the start of this process to the end of the first steps stands for the
   * start of any other process.
   *
   * @param seconds approximate time for the measurement
   * @param stop asked before every step; once it returns true, the result is meaningless
   */
  public static Calibration measure(
      Task task,
      List<ComparedOptimizer> optimizers,
      int threads,
      double seconds,
      BooleanSupplier stop) {
    // Loads libtorch, and lets the JVM compile what the first optimizer needs.
    train(task, optimizers.getFirst(), threads, 0, stop);
    double start = uptime();
    Map<String, Double> stepSeconds = new LinkedHashMap<>();
    double evaluation = 0;
    for (ComparedOptimizer optimizer : optimizers) {
      Part part = train(task, optimizer, threads, seconds / optimizers.size(), stop);
      stepSeconds.put(optimizer.name(), part.stepSeconds());
      evaluation = part.evaluationSeconds(); // By the last one the JVM has compiled the code.
    }
    return new Calibration(start, evaluation, stepSeconds);
  }

  private record Part(double stepSeconds, double evaluationSeconds) {}

  private static Part train(
      Task task, ComparedOptimizer optimizer, int threads, double seconds, BooleanSupplier stop) {
    TrainingPlan plan =
        TrainingPlan.of(task, optimizer.settings(task.weights()), TRAINING, SEED, threads);
    double end = uptime() + seconds;
    List<Double> times = new ArrayList<>();
    try (Model model = plan.model();
        BoundOptimizer bound = plan.bind(model);
        TrainingLoop loop = plan.loop(model, bound)) {
      loop.train(
          TRAINING,
          Long.MAX_VALUE,
          () -> (times.size() >= LEAST_STEPS && uptime() >= end) || stop.getAsBoolean(),
          report -> times.add(report.seconds()));
      if (stop.getAsBoolean()) {
        return new Part(0, 0);
      }
      double before = uptime();
      loop.validationLoss();
      // The first third is slower while the JVM compiles.
      int from = times.size() / 3;
      double step = (times.getLast() - times.get(from)) / (times.size() - 1 - from);
      return new Part(step, uptime() - before);
    }
  }

  /** Seconds since this process started. */
  public static double uptime() {
    return ManagementFactory.getRuntimeMXBean().getUptime() * 1e-3;
  }

  /**
   * Returns the number of steps with which all trainings end in time.
   *
   * @param seconds left for all of them
   * @param optimizers each is trained once with every seed
   * @param evaluations per training
   * @return 0 or less if there is no time for one step
   */
  public long steps(
      double seconds, List<ComparedOptimizer> optimizers, int seeds, int evaluations) {
    double once = startSeconds + evaluations * evaluationSeconds;
    double steps = optimizers.stream().mapToDouble(this::stepSeconds).sum();
    double time = SAFETY * seconds - once * optimizers.size() * seeds;
    return (long) Math.floor(time / (steps * seeds));
  }

  /**
   * Returns the number of steps of the last round with which a sweep ends in time.
   *
   * @param seconds left for the sweep
   * @return 0 or less if there is no time for one step
   */
  public long sweepSteps(double seconds, List<ComparedOptimizer> optimizers, Sweep sweep) {
    // Very many steps in the last round, so that rounding does not matter.
    long many = 1L << 30;
    Sweep longer = new Sweep(sweep.rates(), sweep.warmups(), many, sweep.seeds());
    double steps = optimizers.stream().mapToDouble(this::stepSeconds).sum();
    double once = sweep.trainings() * evaluationSeconds * optimizers.size();
    return (long) Math.floor((SAFETY * seconds - once) * many / (steps * longer.stepsInAll()));
  }

  /**
   * Returns the seconds that trainings will take.
   *
   * @param steps per training
   */
  public double seconds(
      long steps, List<ComparedOptimizer> optimizers, int seeds, int evaluations) {
    double once = startSeconds + evaluations * evaluationSeconds;
    double each = optimizers.stream().mapToDouble(this::stepSeconds).sum();
    return seeds * (once * optimizers.size() + steps * each);
  }

  /** Returns the seconds of a step of an optimizer. */
  public double stepSeconds(ComparedOptimizer optimizer) {
    return stepSeconds.getOrDefault(optimizer.name(), 0.0);
  }
}
