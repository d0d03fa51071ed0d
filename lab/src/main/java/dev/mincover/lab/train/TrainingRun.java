package dev.mincover.lab.train;

import dev.mincover.NonFiniteException;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.Printable;
import dev.mincover.lab.common.Version;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.CoreLearner;
import dev.mincover.lab.optimizer.Learner;
import dev.mincover.lab.optimizer.LearnerRecipe;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.optimizer.Patterns;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.Recorder;
import dev.mincover.lab.statistics.Selection;
import dev.mincover.lab.statistics.Statistics;
import java.io.PrintWriter;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One training from first to last: announces itself, trains, and leaves metrics, summary and
 * weights in its directory, also when it is interrupted.
 *
 * @param settings what the recipe was made from
 * @param statistics which parameters get them
 * @param sample bytes of text to show at the end
 * @param reports whether it ends with a page of charts
 * @param opens whether these can be watched while it goes on
 * @param directory not made yet
 */
public record TrainingRun(
    OptimizerSettings settings,
    LearnerRecipe recipe,
    LanguageTask task,
    long steps,
    long seed,
    int threads,
    Selection statistics,
    int sample,
    boolean reports,
    boolean opens,
    RunDirectory directory) {

  public static final int EVALUATIONS = 10;
  private static final int LINES = 20;

  private static final int BYTES_PER_WEIGHT_ADAM = 2 * Float.BYTES;

  /** Trains; returns the exit code: 0, or 1 if losses or gradients are no longer finite. */
  public int run(PrintWriter out, PrintWriter err) {
    try (Interrupt _ = new Interrupt();
        Gpt model = task.model(seed, recipe);
        Learner learner = bind(model);
        Recorder recorder = new Recorder(statistics.of(model.parameters()), threads);
        LiveReport live = opens ? new LiveReport(List.of(directory)) : null) {
      announce(out, model, learner, live);
      Windows windows = task.windows();
      double bigram = new BigramModel(task.corpus().training()).bitsPerByte(windows);
      try (Trainer trainer = task.trainer(model, learner, windows, seed, threads)) {
        trainer.observeGradients(recorder);
        directory.create();
        Consumer<Trainer.Outcome> written =
            after -> summary(model, learner, trainer, after, bigram).write(directory.summary());
        written.accept(Trainer.Outcome.NONE);
        Trainer.Outcome outcome = train(trainer, out, written);
        learner.withFinalWeights(
            () -> ModelFile.save(model, task.corpus().start(), directory.model()));
        Summary summary = summary(model, learner, trainer, outcome, bigram);
        summary.write(directory.summary());
        if (recorder.isFollowing()) {
          Statistics statistics =
              learner instanceof CoreLearner core
                  ? recorder.statistics(core.optimizer().core())
                  : recorder.statistics();
          statistics.write(directory.statistics());
        }
        boolean stopped = outcome.steps() < steps && outcome.refusal() == null;
        if (stopped && (outcome.steps() == 0 || Float.isFinite(outcome.loss()))) {
          // Stopped: all is on disk before time is spent on what is only good to know.
          outcome =
              new Trainer.Outcome(
                  outcome.steps(), outcome.loss(), trainer.validationLoss(), outcome.refusal());
          summary = summary(model, learner, trainer, outcome, bigram);
          summary.write(directory.summary());
        }
        return conclude(out, err, model, learner, summary, outcome);
      }
    }
  }

  private Learner bind(Gpt model) {
    Patterns.requireMatches(settings, model.parameters().keySet());
    return OptionChecks.valid(() -> recipe.bind(model.parameters(), threads));
  }

  private Trainer.Outcome train(
      Trainer trainer, PrintWriter out, Consumer<Trainer.Outcome> evaluated) {
    try (Metrics metrics = new Metrics(directory.metrics());
        Progress progress = Progress.onOutput("training", steps, LINES, out)) {
      return trainer.train(
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
              evaluated.accept(new Trainer.Outcome(report.step(), report.loss(), validation, null));
            }
            progress.show(report);
          });
    }
  }

  private Summary summary(
      Gpt model, Learner learner, Trainer trainer, Trainer.Outcome outcome, double bigram) {
    OptionalLong peak = Machine.peakMemory();
    return new Summary(
        settings,
        outcome.steps() == steps && Float.isFinite(outcome.validationLoss()),
        outcome.steps(),
        trainer.skippedSteps(),
        outcome.steps() * task.tokensPerStep(),
        trainer.seconds(),
        trainer.optimizerSeconds(),
        model.parameterCount(),
        learner.stateBytes(),
        adamStateBytes(model),
        peak.isPresent() ? peak.getAsLong() : null,
        (double) outcome.validationLoss(),
        bigram,
        seed,
        threads,
        model(task),
        task.batch(),
        task.corpus().description(),
        Version.number(),
        Runtime.version().toString());
  }

  private void announce(PrintWriter out, Gpt model, Learner learner, @Nullable LiveReport live) {
    OptimizerKind kind = Names.parse("optimizer", settings.name(), OptimizerKind.class);
    long count = model.parameterCount();
    line(out, "text", task.corpus().description());
    line(out, "model", description(task));
    line(
        out,
        "optimizer",
        "%s: %s of state, %.2f bytes a weight%s"
            .formatted(
                OptimizerDescription.of(settings),
                ByteCount.format(learner.stateBytes()),
                (double) learner.stateBytes() / count,
                kind.isAdam()
                    ? ""
                    : "; Adam would take %s, %d bytes a weight"
                        .formatted(
                            ByteCount.format(adamStateBytes(model)), BYTES_PER_WEIGHT_ADAM)));
    line(
        out,
        "training",
        "%,d steps of %d x %d bytes, %s, seed %d, %d threads"
            .formatted(
                steps,
                task.batch(),
                task.config().context(),
                OptimizerDescription.ofRate(settings),
                seed,
                threads));
    line(out, "run", directory.path().toString());
    if (live != null) {
      line(out, "live", live.address().toString());
      live.show();
    }
    out.println();
    out.flush();
  }

  /** The model in a line. */
  public static String description(LanguageTask task) {
    GptConfig config = task.config();
    WeightType weights = task.weights();
    long count = config.parameterCount();
    return "GPT over bytes: %d layers, width %d, %d heads, context %d%s; %,d weights, %s%s"
        .formatted(
            config.layers(),
            config.width(),
            config.heads(),
            config.context(),
            config.tied() ? "" : ", untied",
            count,
            weights == WeightType.FLOAT32 ? "" : Names.of(weights) + ", ",
            ByteCount.format(count * weights.bytes()));
  }

  /** The model as summaries have it. */
  public static Summary.Model model(LanguageTask task) {
    GptConfig config = task.config();
    return new Summary.Model(
        config.layers(),
        config.width(),
        config.heads(),
        config.context(),
        config.tied(),
        Names.of(task.weights()));
  }

  private int conclude(
      PrintWriter out,
      PrintWriter err,
      Gpt model,
      Learner learner,
      Summary summary,
      Trainer.Outcome outcome) {
    out.println();
    out.flush();
    String failure = failure(outcome);
    if (failure != null) {
      err.println("mincover: " + failure);
      err.flush();
      return 1;
    }
    line(
        out,
        summary.finished() ? "validation" : "stopped",
        "after %,d steps: loss %s nats a byte, %s bits per byte; a byte bigram has %s"
            .formatted(
                summary.steps(),
                Figures.decimals(4, outcome.validationLoss()),
                Figures.decimals(3, outcome.validationLoss() / Math.log(2)),
                Figures.decimals(3, summary.bigramBitsPerByte())));
    line(
        out,
        "speed",
        "%,.0f tokens/s for %.0f s, of which %.1f %% in the optimizer"
            .formatted(
                summary.tokensPerSecond(),
                summary.seconds(),
                100 * summary.optimizerSeconds() / Math.max(summary.seconds(), 1e-9)));
    if (summary.skippedSteps() > 0) {
      line(
          out,
          "skipped",
          "%,d of the %,d steps, for gradients that were not finite"
              .formatted(summary.skippedSteps(), summary.steps()));
    }
    if (reports) {
      Report.of(List.of(directory)).write(directory.path().resolve(Report.FILE_NAME));
    }
    line(
        out,
        "files",
        "metrics.csv, summary.json, model.safetensors%s%s in %s"
            .formatted(
                Statistics.areIn(directory) ? ", statistics.safetensors" : "",
                reports ? ", " + Report.FILE_NAME : "",
                directory.path()));
    if (summary.finished() && sample > 0) {
      TextGenerator generator = new TextGenerator(model, TextGenerator.TEMPERATURE, seed);
      line(out, "sample", "at temperature " + TextGenerator.TEMPERATURE);
      out.println();
      learner.withFinalWeights(() ->
          out.println(Printable.text(generator.generate(task.corpus().start(), sample)).strip()));
    }
    out.flush();
    return 0;
  }

  /** What ended the run before its time, in a line; null if nothing did. */
  private @Nullable String failure(Trainer.Outcome outcome) {
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
    Double rate = settings.learningRate();
    return "the loss is not finite after step %d; try a smaller --learning-rate%s"
        .formatted(outcome.steps(), rate == null ? "" : " than " + rate);
  }

  private static long adamStateBytes(Gpt model) {
    return model.parameterCount() * BYTES_PER_WEIGHT_ADAM;
  }

  private static void line(PrintWriter out, String label, String text) {
    out.printf("%-11s%s%n", label, text);
  }
}
