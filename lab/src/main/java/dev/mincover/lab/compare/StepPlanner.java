package dev.mincover.lab.compare;

import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.train.TrainingRunner;

/**
 * Chooses the numbers of steps with which a comparison ends within its budget.
 *
 * @param calibration how fast this machine is
 */
record StepPlanner(ComparisonPlan plan, Calibration calibration) {

  /** The share of the time left that a search may take if trainings come after it. */
  private static final double SWEEP_SHARE = 0.6;

  private static final long LEAST_STEPS = 10;

  /**
   * The sweep with as many steps as there is time for.
   *
   * @throws UserError if there is too little time
   */
  Sweep sweep(Sweep sweep) {
    double share = plan.searchesOnly() ? 1 : SWEEP_SHARE;
    long steps = calibration.sweepSteps(share * secondsLeft(), plan.optimizers(), sweep);
    if (steps < LEAST_STEPS && !Interrupt.isRequested()) {
      throw new UserError(
          "--budget %s is too short for a search, %d trainings of which the last have %d steps; give more, or fewer --optimizers"
              .formatted(budget(), sweep.trainings() * plan.optimizers().size(), LEAST_STEPS));
    }
    return sweep.of(rounded(steps));
  }

  /**
   * Refuses a budget that leaves too little time for the trainings after the search.
   *
   * @throws UserError if there is too little time
   */
  void requireTimeToTrain() {
    steps((plan.search() == null ? 1 : 1 - SWEEP_SHARE) * secondsLeft());
  }

  /**
   * The steps of each training in the time left.
   *
   * @throws UserError if there is too little time
   */
  long steps() {
    return steps(secondsLeft());
  }

  private long steps(double seconds) {
    int seeds = plan.seeds().size();
    long steps = calibration.steps(seconds, plan.optimizers(), seeds, TrainingRunner.EVALUATIONS);
    if (steps < LEAST_STEPS && !Interrupt.isRequested()) {
      throw new UserError(
          "--budget %s is too short for %d steps with each of %d optimizers and %d seeds; give more, or fewer of them"
              .formatted(budget(), LEAST_STEPS, plan.optimizers().size(), seeds));
    }
    return rounded(steps);
  }

  /** Seconds that trainings of so many steps will take. */
  double seconds(long steps) {
    return calibration.seconds(
        steps, plan.optimizers(), plan.seeds().size(), TrainingRunner.EVALUATIONS);
  }

  private String budget() {
    return plan.length().budget().text();
  }

  private double secondsLeft() {
    return plan.length().budget().seconds() - Calibration.uptime();
  }

  private static long rounded(long steps) {
    return steps < 100 ? steps : steps / 10 * 10;
  }
}
