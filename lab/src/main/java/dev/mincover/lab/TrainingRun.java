package dev.mincover.lab;

import dev.mincover.Adam;
import dev.mincover.BoundOptimizer;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.Sm3;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.Names;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.optimizer.Patterns;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.Recorder;
import dev.mincover.lab.statistics.Selection;
import dev.mincover.lab.statistics.Statistics;
import dev.mincover.lab.train.Progress;
import dev.mincover.lab.train.Trainer;
import dev.mincover.torch.TorchOptimizer;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/**
 * One training from first to last: announces itself, trains, and leaves metrics, summary and
 * weights in its directory, also when it is interrupted.
 *
 * @param settings what the recipe was made from
 * @param batch windows of text in a step
 * @param statistics which parameters get them
 * @param directory not made yet
 */
record TrainingRun(
    OptimizerSettings settings,
    Optimizer recipe,
    GptConfig config,
    WeightType weights,
    int batch,
    long steps,
    long seed,
    int threads,
    Corpus corpus,
    Selection statistics,
    RunDirectory directory) {

  private static final int EVALUATIONS = 10;
  private static final int VALIDATION_WINDOWS = 256;
  private static final int LINES = 20;
  private static final int SAMPLE_BYTES = 400;
  private static final double SAMPLE_TEMPERATURE = 0.7;
  private static final int BYTES_PER_WEIGHT_ADAM = 2 * Float.BYTES;

  /** Trains; returns the exit code: 0, or 1 if losses or gradients are no longer finite. */
  int run(PrintWriter out, PrintWriter err) {
    try (Interrupt _ = new Interrupt();
        // The others take dense gradients only.
        Gpt model = new Gpt(config, seed, weights, recipe instanceof Sm3);
        TorchOptimizer bound = bind(model);
        Recorder recorder = new Recorder(statistics.of(model.parameters()), threads)) {
      announce(out, model, bound.core());
      Windows windows = new Windows(corpus.validation(), config.context(), VALIDATION_WINDOWS);
      double bigram = new BigramModel(corpus.training()).bitsPerByte(windows);
      try (Trainer trainer =
          new Trainer(
              model,
              bound,
              recipe,
              new Batches(corpus.training(), seed),
              new Batch(batch, config.context()),
              windows,
              threads)) {
        trainer.observeGradients(recorder);
        directory.create();
        Trainer.Outcome outcome = train(trainer, out);
        trainer.withFinalWeights(() -> ModelFile.save(model, directory.model()));
        if (recorder.isFollowing()) {
          recorder.statistics(bound.core()).write(directory.statistics());
        }
        Summary summary = summary(model, bound.core(), trainer, outcome, bigram);
        summary.write(directory.summary());
        boolean stopped = outcome.steps() < steps && outcome.refusal() == null;
        if (stopped && (outcome.steps() == 0 || Float.isFinite(outcome.loss()))) {
          // Stopped: all is on disk before time is spent on what is only good to know.
          outcome =
              new Trainer.Outcome(
                  outcome.steps(), outcome.loss(), trainer.validationLoss(), outcome.refusal());
          summary = summary(model, bound.core(), trainer, outcome, bigram);
          summary.write(directory.summary());
        }
        return conclude(out, err, model, trainer, summary, outcome);
      }
    }
  }

  private TorchOptimizer bind(Gpt model) {
    Patterns.requireMatches(settings, model.parameters().keySet());
    return Checks.valid(() -> TorchOptimizer.bind(recipe, model.parameters(), threads));
  }

  private Trainer.Outcome train(Trainer trainer, PrintWriter out) {
    try (Metrics metrics = new Metrics(directory.metrics());
        Progress progress = Progress.of(steps, LINES, out)) {
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
            progress.show(report);
          });
    }
  }

  private Summary summary(
      Gpt model, BoundOptimizer bound, Trainer trainer, Trainer.Outcome outcome, double bigram) {
    return new Summary(
        settings,
        outcome.steps() == steps && Float.isFinite(outcome.validationLoss()),
        outcome.steps(),
        trainer.skippedSteps(),
        outcome.steps() * batch * config.context(),
        trainer.seconds(),
        trainer.optimizerSeconds(),
        model.parameterCount(),
        bound.stateBytes(),
        adamStateBytes(model),
        (double) outcome.validationLoss(),
        bigram,
        seed,
        threads,
        new Summary.Model(
            config.layers(),
            config.width(),
            config.heads(),
            config.context(),
            config.tied(),
            Names.of(weights)),
        batch,
        corpus.description(),
        Mincover.Version.number(),
        Runtime.version().toString());
  }

  private void announce(PrintWriter out, Gpt model, BoundOptimizer bound) {
    long count = model.parameterCount();
    line(out, "text", corpus.description());
    line(
        out,
        "model",
        "GPT over bytes: %d layers, width %d, %d heads, context %d%s; %,d weights, %s%s"
            .formatted(
                config.layers(),
                config.width(),
                config.heads(),
                config.context(),
                config.tied() ? "" : ", untied",
                count,
                weights == WeightType.FLOAT32 ? "" : Names.of(weights) + ", ",
                ByteCount.format(count * weights.bytes())));
    line(
        out,
        "optimizer",
        "%s: %s of state, %.2f bytes a weight%s"
            .formatted(
                OptimizerDescription.of(settings),
                ByteCount.format(bound.stateBytes()),
                (double) bound.stateBytes() / count,
                recipe instanceof Adam
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
                batch,
                config.context(),
                OptimizerDescription.ofRate(settings),
                seed,
                threads));
    line(out, "run", directory.path().toString());
    out.println();
    out.flush();
  }

  private int conclude(
      PrintWriter out,
      PrintWriter err,
      Gpt model,
      Trainer trainer,
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
        "after %,d steps: loss %.4f nats a byte, %.3f bits per byte; a byte bigram has %.3f"
            .formatted(
                summary.steps(),
                outcome.validationLoss(),
                summary.validationBitsPerByte(),
                summary.bigramBitsPerByte()));
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
    line(
        out,
        "files",
        "metrics.csv, summary.json, model.safetensors%s in %s"
            .formatted(
                Statistics.areIn(directory) ? ", statistics.safetensors" : "", directory.path()));
    if (summary.finished()) {
      TextGenerator generator = new TextGenerator(model, SAMPLE_TEMPERATURE, seed);
      line(out, "sample", "at temperature " + SAMPLE_TEMPERATURE);
      out.println();
      trainer.withFinalWeights(
          () -> out.println(Printable.text(generator.generate(new byte[0], SAMPLE_BYTES)).strip()));
    }
    out.flush();
    return 0;
  }

  /** What ended the run before its time, in a line; null if nothing did. */
  private @Nullable String failure(Trainer.Outcome outcome) {
    NonFiniteGradientException refusal = outcome.refusal();
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
