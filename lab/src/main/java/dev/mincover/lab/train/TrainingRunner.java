package dev.mincover.lab.train;

import dev.mincover.NonFiniteException;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.Printable;
import dev.mincover.lab.common.Version;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.libtorch.CpuSwitches;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.optimizer.BoundCoreOptimizer;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.StatisticsRecorder;
import java.io.PrintWriter;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs one training from start to end: prints what it does, trains, and writes metrics, summary and
 * weights into the run directory, also when it is interrupted.
 */
public record TrainingRunner(TrainingPlan plan, TrainingOutput output) {

  /** Evaluations per run, evenly spread over its steps. */
  public static final int EVALUATIONS = 10;

  private static final int LINES = 20;

  /** Trains; returns the exit code: 0, or 1 if losses or gradients are no longer finite. */
  public int run(PrintWriter out, PrintWriter err) {
    TrainingMessages messages = new TrainingMessages(plan, output, out);
    RunDirectory directory = output.directory();
    try (Interrupt _ = new Interrupt();
        Gpt model = plan.model();
        BoundOptimizer optimizer = bind(model);
        StatisticsRecorder recorder =
            new StatisticsRecorder(output.statistics().of(model.parameters()), plan.threads());
        LiveReport live = output.live() ? new LiveReport(List.of(directory)) : null) {
      messages.announce(model.parameterCount(), optimizer.stateBytes(), live);
      Windows windows = plan.task().windows();
      double bigram = new BigramModel(plan.task().corpus().training()).bitsPerByte(windows);
      try (TrainingLoop loop = plan.loop(model, optimizer, windows)) {
        loop.observeGradients(recorder);
        directory.create();
        Consumer<TrainingLoop.Outcome> write =
            after -> summary(model, optimizer, loop, after, bigram).write(directory.summary());
        write.accept(TrainingLoop.Outcome.NONE);
        TrainingLoop.Outcome outcome = train(loop, out, write);
        optimizer.withFinalWeights(
            () -> ModelFile.save(model, plan.task().corpus().start(), directory.model()));
        write.accept(outcome);
        writeStatistics(recorder, optimizer);
        boolean stopped = outcome.steps() < plan.steps() && outcome.refusal() == null;
        if (stopped && (outcome.steps() == 0 || Float.isFinite(outcome.loss()))) {
          // Everything is on disk before time is spent on the last evaluation.
          outcome =
              new TrainingLoop.Outcome(
                  outcome.steps(), outcome.loss(), loop.validationLoss(), outcome.refusal());
          write.accept(outcome);
        }
        out.println();
        out.flush();
        String failure = failure(outcome);
        if (failure != null) {
          err.println("mincover: " + failure);
          err.flush();
          return 1;
        }
        Summary summary = summary(model, optimizer, loop, outcome, bigram);
        messages.result(summary, outcome.validationLoss());
        if (output.report()) {
          Report.of(List.of(directory)).write(directory.path().resolve(Report.FILE_NAME));
        }
        messages.files();
        if (summary.course().finished() && output.sample() > 0) {
          optimizer.withFinalWeights(() -> messages.sample(sample(model)));
        }
        out.flush();
        return 0;
      }
    }
  }

  private BoundOptimizer bind(Gpt model) {
    NamePatterns.requireMatches(plan.settings(), model.parameters().keySet());
    return OptionChecks.valid(() -> plan.bind(model));
  }

  private TrainingLoop.Outcome train(
      TrainingLoop loop, PrintWriter out, Consumer<TrainingLoop.Outcome> evaluated) {
    long steps = plan.steps();
    try (Metrics metrics = new Metrics(output.directory().metrics());
        Progress progress = Progress.onOutput("training", steps, LINES, out)) {
      return loop.train(
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
              evaluated.accept(
                  new TrainingLoop.Outcome(report.step(), report.loss(), validation, null));
            }
            progress.show(report);
          });
    }
  }

  private void writeStatistics(StatisticsRecorder recorder, BoundOptimizer optimizer) {
    if (recorder.isFollowing()) {
      GradientStatistics statistics =
          optimizer instanceof BoundCoreOptimizer ours
              ? recorder.statistics(ours.core())
              : recorder.statistics();
      statistics.write(output.directory().statistics());
    }
  }

  private Summary summary(
      Gpt model,
      BoundOptimizer optimizer,
      TrainingLoop loop,
      TrainingLoop.Outcome outcome,
      double bigram) {
    LanguageTask task = plan.task();
    OptionalLong peak = Machine.peakMemory();
    return new Summary(
        new Summary.Course(
            outcome.steps() == plan.steps() && Float.isFinite(outcome.validationLoss()),
            outcome.steps(),
            loop.skippedSteps(),
            outcome.steps() * task.tokensPerStep(),
            loop.seconds(),
            loop.optimizerSeconds()),
        new Summary.Memory(
            model.parameterCount(),
            optimizer.stateBytes(),
            model.parameterCount() * TrainingMessages.ADAM_BYTES_PER_WEIGHT,
            peak.isPresent() ? peak.getAsLong() : null),
        new Summary.Quality((double) outcome.validationLoss(), bigram),
        plan.settings(),
        new Summary.Setup(
            plan.seed(),
            plan.threads(),
            task.modelSummary(),
            task.batch(),
            task.corpus().description()),
        new Summary.Platform(
            Version.number(),
            Runtime.version().toString(),
            Machine.processor(),
            CpuSwitches.inForce()));
  }

  private String sample(Gpt model) {
    TextGenerator generator = new TextGenerator(model, TextGenerator.TEMPERATURE, plan.seed());
    return Printable.text(generator.generate(plan.task().corpus().start(), output.sample()))
        .strip();
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
