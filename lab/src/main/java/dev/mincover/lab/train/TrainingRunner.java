package dev.mincover.lab.train;

import dev.mincover.NonFiniteException;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.common.Version;
import dev.mincover.lab.libtorch.CpuSwitches;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundCoreOptimizer;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.StatisticsRecorder;
import dev.mincover.lab.task.Outcome;
import dev.mincover.lab.task.Task;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs one training from start to end: prints what it does, trains, and writes metrics,
 * checkpoints, summary and weights into the run directory, also when it is interrupted.
 *
 * @param request what the run was asked for
 * @param plan made from the request
 * @param directory for all files
 * @param live whether a browser can watch the charts while the run goes on
 */
public record TrainingRunner(
    TrainingRequest request, TrainingPlan plan, RunDirectory directory, boolean live) {

  /** Evaluations per run, evenly spread over its steps. */
  public static final int EVALUATIONS = 10;

  private static final int LINES = 20;

  /** Trains in a directory that does not exist yet; returns the exit code as {@link #resume}. */
  public int run(PrintWriter out, PrintWriter err) {
    return run(false, out, err);
  }

  /**
   * Goes on with a run that was interrupted, from its newest checkpoint.
   *
   * @return the exit code: 0, or 1 if losses or gradients are no longer finite, or a file cannot be
   *     written
   */
  public int resume(PrintWriter out, PrintWriter err) {
    return run(true, out, err);
  }

  private int run(boolean resumed, PrintWriter out, PrintWriter err) {
    TrainingMessages messages = new TrainingMessages(request, plan, directory, out);
    try (Interrupt _ = new Interrupt();
        Model model = plan.model();
        BoundOptimizer optimizer = bind(model);
        StatisticsRecorder recorder =
            new StatisticsRecorder(request.statistics().of(model.parameters()), plan.threads());
        LiveReport report = live ? new LiveReport(List.of(directory)) : null) {
      try (TrainingLoop loop = plan.loop(model, optimizer)) {
        loop.observeGradients(recorder);
        TrainingCheckpoint checkpoint = new TrainingCheckpoint(plan, optimizer, recorder);
        Checkpoints checkpoints = new Checkpoints(directory.checkpoints(), request.checkpoints());
        if (!resumed) {
          messages.announce(model.parameterCount(), optimizer.stateBytes(), report);
          create(checkpoint, loop.position());
        }
        try (RunDirectory.Lock _ = directory.lock()) {
          if (resumed) {
            TrainingPosition position = checkpoints.restore(checkpoint::load, warning(err));
            if (position.steps() > plan.steps()) {
              throw new UserError(
                  "--steps is %d, and the run has taken %d; give as many or more"
                      .formatted(plan.steps(), position.steps()));
            }
            if (position.steps() == plan.steps() && isFinished()) {
              messages.finished();
              return 0;
            }
            loop.resume(position);
            request.write(directory);
            messages.announce(model.parameterCount(), optimizer.stateBytes(), report);
            messages.resumed(position.steps());
          }
          double baseline = plan.task().baseline();
          Parts parts =
              new Parts(model, optimizer, recorder, loop, checkpoint, checkpoints, baseline);
          try {
            return train(parts, messages, out, err);
          } catch (UserError error) {
            // No option is at fault: a disk may be full, or the directory gone.
            warning(err).accept(error.getMessage() + messages.remedy());
            return 1;
          }
        }
      }
    }
  }

  /**
   * What a training consists of, bound to each other.
   *
   * @param baseline bits of the task's baseline on the validation samples
   */
  private record Parts(
      Model model,
      BoundOptimizer optimizer,
      StatisticsRecorder recorder,
      TrainingLoop loop,
      TrainingCheckpoint checkpoint,
      Checkpoints checkpoints,
      double baseline) {}

  private static Consumer<String> warning(PrintWriter err) {
    return text -> {
      err.println("mincover: " + text);
      err.flush();
    };
  }

  /** Makes the directory with what it takes to resume the run from its start. */
  private void create(TrainingCheckpoint checkpoint, TrainingPosition start) {
    directory.create(staged -> {
      request.write(staged);
      if (request.checkpoints().saves()) {
        Checkpoints.in(staged.checkpoints(), request.checkpoints())
            .save(start.steps(), file -> checkpoint.save(file, start));
      }
    });
  }

  private boolean isFinished() {
    return Files.exists(directory.summary())
        && Summary.read(directory.summary()).course().finished();
  }

  private int train(Parts parts, TrainingMessages messages, PrintWriter out, PrintWriter err) {
    Ended ended = trainAndSave(parts, out);
    TrainingLoop.Outcome outcome = ended.training();
    out.println();
    out.flush();
    String failure = failure(outcome);
    if (failure != null) {
      warning(err).accept(failure);
      return 1;
    }
    Examples examples = ended.task().examples();
    Summary summary = summary(parts, outcome, ended.task().scores());
    messages.result(summary, outcome.validationLoss());
    messages.checkpoints(parts.checkpoints(), summary);
    if (request.output().report()) {
      Report.of(List.of(directory)).write(directory.path().resolve(Report.FILE_NAME));
    }
    messages.files();
    if (summary.course().finished() && request.output().sample() > 0) {
      if (examples != null) {
        messages.examples(examples);
      }
      parts.optimizer().withFinalWeights(() -> messages.sample(sample(parts.model())));
    }
    out.flush();
    return 0;
  }

  /** Lets the model show what it can do, if its training is finished. */
  private Outcome judge(Parts parts, TrainingLoop.Outcome end) {
    if (end.steps() < plan.steps() || !Float.isFinite(end.validationLoss())) {
      return Outcome.NONE;
    }
    Outcome[] outcome = {Outcome.NONE};
    parts
        .optimizer()
        .withFinalWeights(() -> outcome[0] = plan.task().outcome(parts.model(), plan.threads()));
    Examples examples = outcome[0].examples();
    if (examples != null) {
      examples.write(directory);
    }
    return outcome[0];
  }

  /** How a run ended, and what its model does. */
  private record Ended(TrainingLoop.Outcome training, Outcome task) {}

  private Ended trainAndSave(Parts parts, PrintWriter out) {
    TrainingPosition start = parts.loop().position();
    writeSummary(
        parts, new TrainingLoop.Outcome(start.steps(), start.loss(), Float.NaN, null), List.of());
    TrainingLoop.Outcome outcome = takeSteps(parts, out);
    parts.optimizer().withFinalWeights(() -> plan.task().save(parts.model(), directory.model()));
    Outcome judged = judge(parts, outcome); // Before the summary says that the run is finished.
    writeSummary(parts, outcome, judged.scores());
    writeStatistics(parts);
    boolean stopped = outcome.steps() < plan.steps() && outcome.refusal() == null;
    if (stopped && (outcome.steps() == 0 || Float.isFinite(outcome.loss()))) {
      // Everything is on disk before time is spent on the last evaluation.
      outcome =
          new TrainingLoop.Outcome(
              outcome.steps(), outcome.loss(), parts.loop().validationLoss(), outcome.refusal());
      writeSummary(parts, outcome, List.of());
    }
    return new Ended(outcome, judged);
  }

  private BoundOptimizer bind(Model model) {
    NamePatterns.requireMatches(plan.settings(), model.parameters().keySet());
    return OptionChecks.valid(() -> plan.bind(model));
  }

  private TrainingLoop.Outcome takeSteps(Parts parts, PrintWriter out) {
    long steps = plan.steps();
    TrainingLoop loop = parts.loop();
    try (Metrics metrics = Metrics.after(loop.position().steps(), directory.metrics());
        Progress progress = Progress.onOutput("training", steps, LINES, out)) {
      TrainingLoop.Outcome outcome =
          loop.train(
              steps,
              Math.max(1, steps / EVALUATIONS),
              Interrupt::isRequested,
              report -> {
                metrics.add(
                    report.step(),
                    report.tokens(),
                    report.seconds(),
                    report.loss(),
                    report.validationLoss(),
                    report.learningRate());
                Float validation = report.validationLoss();
                if (validation != null && report.step() < steps) {
                  writeSummary(
                      parts,
                      new TrainingLoop.Outcome(report.step(), report.loss(), validation, null),
                      List.of());
                }
                if (parts.checkpoints().isDue(report.step()) && Float.isFinite(report.loss())) {
                  saveCheckpoint(parts, metrics);
                }
                progress.show(report);
              });
      // Weights that are lost already are no place to go on from.
      if (request.checkpoints().saves() && isWhole(outcome)) {
        saveCheckpoint(parts, metrics);
      }
      return outcome;
    }
  }

  private static boolean isWhole(TrainingLoop.Outcome outcome) {
    NonFiniteException refusal = outcome.refusal();
    return (outcome.steps() == 0 || Float.isFinite(outcome.loss()))
        && (refusal == null || !refusal.changed());
  }

  private static void saveCheckpoint(Parts parts, Metrics metrics) {
    TrainingPosition position = parts.loop().position();
    metrics.force(); // A run goes on after a step only if all rows up to it are there.
    parts.checkpoints().save(position.steps(), file -> parts.checkpoint().save(file, position));
  }

  private void writeSummary(Parts parts, TrainingLoop.Outcome outcome, List<Summary.Score> scores) {
    summary(parts, outcome, scores).write(directory.summary());
  }

  private void writeStatistics(Parts parts) {
    StatisticsRecorder recorder = parts.recorder();
    if (recorder.isFollowing()) {
      GradientStatistics statistics =
          parts.optimizer() instanceof BoundCoreOptimizer ours
              ? recorder.statistics(ours.core())
              : recorder.statistics();
      statistics.write(directory.statistics());
    }
  }

  private Summary summary(Parts parts, TrainingLoop.Outcome outcome, List<Summary.Score> scores) {
    Task task = plan.task();
    TrainingLoop loop = parts.loop();
    long weights = parts.model().parameterCount();
    OptionalLong peak = Machine.peakMemory();
    return new Summary(
        new Summary.Course(
            outcome.steps() == plan.steps() && Float.isFinite(outcome.validationLoss()),
            outcome.steps(),
            loop.skippedSteps(),
            loop.tokens(),
            loop.seconds(),
            loop.optimizerSeconds()),
        new Summary.Memory(
            weights,
            parts.optimizer().stateBytes(),
            weights * TrainingMessages.ADAM_BYTES_PER_WEIGHT,
            peak.isPresent() ? peak.getAsLong() : null),
        new Summary.Quality((double) outcome.validationLoss(), parts.baseline(), scores),
        plan.settings(),
        new Summary.Setup(
            Names.of(task.kind()),
            plan.seed(),
            plan.threads(),
            task.size(),
            task.batch(),
            task.data()),
        new Summary.Platform(
            Version.number(),
            Runtime.version().toString(),
            Machine.processor(),
            CpuSwitches.inForce()));
  }

  private String sample(Model model) {
    return plan.task().sample(model, request.output().sample(), plan.seed());
  }

  /** Why the run ended before its last step, in a line; null if nothing went wrong. */
  private @Nullable String failure(TrainingLoop.Outcome outcome) {
    NonFiniteException refusal = outcome.refusal();
    if (refusal != null) {
      return "step %d: %s%s"
          .formatted(
              outcome.steps() + 1,
              refusal.getMessage(),
              refusal.changed() ? " (the weights saved are those after it)" : "");
    }
    if (outcome.steps() == 0 || Float.isFinite(outcome.loss() + outcome.validationLoss())) {
      return null;
    }
    Double rate = plan.settings().rate().learningRate();
    return "the loss is not finite after step %d; try a smaller --learning-rate%s"
        .formatted(outcome.steps(), rate == null ? "" : " than " + rate);
  }
}
