package dev.mincover.lab.bench;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps every weight of a model with SM3 without momentum, and prints what it took.
 *
 * @param type of weights and gradients
 * @param steps number of steps
 * @param threads that share a step
 * @param warmUpSeconds in which the JVM compiles what is timed
 * @param memory of the machine before the model is allocated
 */
public record ModelBench(
    GptSize size,
    DataType type,
    int steps,
    int threads,
    double warmUpSeconds,
    ModelReport.Memory memory) {

  /** The width of the warm-up model. A layer takes some tens of MB. */
  private static final int WARM_UP_WIDTH = 512;

  /** Steps the model in memory: without the guard, with it, and next to an SGD pass. */
  public void inMemory(PrintWriter out) {
    requireMemory();
    ModelReport report = report(out);
    report.model();
    try (ModelMemory small = new AllocatedModel(warmUpSize(), type, threads);
        ModelTurns turns = new ModelTurns(small, type, threads)) {
      warmUp(turns::take);
    }
    Stopwatch filling = new Stopwatch();
    try (ModelMemory model = new AllocatedModel(size, type, threads)) {
      report.allocated(filling.seconds());
      try (ModelTurns turns = new ModelTurns(model, type, threads)) {
        report.state(turns.stateBytes());
        for (int i = 0; i < steps; i++) {
          turns.take();
        }
        report.turns(turns.all());
      }
      report.peak("the model, libtorch, and the JVM with its heap");
    }
    report.adam();
  }

  /**
   * Steps the model in mapped files, one layer at a time, with the guard. The guard reads the
   * gradients that the step reads next.
   *
   * @param room bytes that the files may take
   */
  public void mapped(Path directory, long room, PrintWriter out) {
    requireRoom(directory, room);
    ModelReport report = report(out);
    report.model();
    Sm3 recipe = Sm3.learningRate(ModelTurns.ETA);
    // In the same kind of memory, because the JVM compiles code for each kind.
    try (ModelMemory small = new MappedModel(warmUpSize(), type, directory, threads);
        SteppedModel stepped = new SteppedModel(small, recipe, threads)) {
      warmUp(stepped::step);
    }
    report.writes(directory);
    Stopwatch writing = new Stopwatch();
    try (MappedModel model = new MappedModel(size, type, directory, threads)) {
      report.written(model.bytes(), writing.seconds());
      try (SteppedModel stepped = new SteppedModel(model, recipe, threads)) {
        report.state(stepped.stateBytes());
        List<Double> seconds = new ArrayList<>();
        for (int i = 1; i <= steps; i++) {
          seconds.add(step(i, model, stepped, report));
        }
        report.times(Contestant.SM3_GUARDED, seconds);
      }
      report.peak(
          "the JVM with its heap, and one layer at a time of the files' "
              + ByteCount.format(model.bytes()));
    }
    report.adam();
  }

  private ModelReport report(PrintWriter out) {
    return new ModelReport(size, type, threads, memory, out);
  }

  private static double step(
      int number, MappedModel model, SteppedModel stepped, ModelReport report) {
    DiskTraffic before = DiskTraffic.now().orElse(null);
    Stopwatch step = new Stopwatch();
    stepped.step();
    double untilStepped = step.seconds();
    model.flush();
    double seconds = step.seconds();
    DiskTraffic after = DiskTraffic.now().orElse(null);
    report.mappedStep(
        number,
        untilStepped,
        seconds,
        before == null || after == null ? null : after.since(before));
    return seconds;
  }

  private void requireMemory() {
    if (bytes() > memory.available()) {
      throw new UserError(
          "--model: %s takes %s for weights and gradients in %s, but %s of memory are available; choose a smaller one%s or files with --mapped DIR"
              .formatted(
                  size.name(),
                  ByteCount.format(bytes()),
                  Names.of(type),
                  ByteCount.format(memory.available()),
                  halvedWouldFit() ? ", --weights bf16" : ""));
    }
  }

  private boolean halvedWouldFit() {
    return type == DataType.FLOAT32 && bytes() / 2 <= memory.available();
  }

  private void requireRoom(Path directory, long room) {
    if (bytes() > room) {
      throw new UserError(
          "--model: %s takes files of %s in %s, but --mapped %s has room for %s; choose a smaller one or another directory"
              .formatted(
                  size.name(),
                  ByteCount.format(bytes()),
                  Names.of(type),
                  directory,
                  ByteCount.format(room)));
    }
  }

  /** Returns the bytes of weights and gradients. */
  private long bytes() {
    return 2L * type.bytes() * size.weightCount();
  }

  /** Returns a small size with the same kinds of tensors. */
  private GptSize warmUpSize() {
    return new GptSize(
        "warm-up", 1, Math.min(size.width(), WARM_UP_WIDTH), size.heads(), 1024, 256);
  }

  private void warmUp(Runnable step) {
    Stopwatch time = new Stopwatch();
    do {
      step.run();
    } while (time.seconds() < warmUpSeconds);
  }
}
