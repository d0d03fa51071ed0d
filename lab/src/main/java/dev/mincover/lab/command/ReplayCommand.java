package dev.mincover.lab.command;

import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.replay.Recording;
import dev.mincover.lab.replay.RecordingFile;
import dev.mincover.lab.replay.Replay;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover replay}: checks Mincover against recordings of another implementation. */
@Command(
    name = "replay",
    description = {
      "Runs recorded gradients through Mincover, in float32, and tells for each sequence the"
          + " largest difference of the weights to the recorded ones.",
      "",
      "A file is a JSON array of sequences:",
      "",
      "  [{\"name\": \"layer1\", \"shape\": [2, 3],",
      "    \"config\": {\"learningRate\": 0.1, \"momentum\": 0.9},",
      "    \"param0\": [six weights before step 1],",
      "    \"grads\": [[six values], {\"indices\": [1], \"values\": [the three of row 1]}],",
      "    \"steps\": [{\"param\": [six weights after it]}, {\"param\": [...]}]}]",
      "",
      "Tensors are arrays in row-major order, flat or nested exactly as the shape; in them NaN,"
          + " Infinity and -Infinity may be words or strings, and null is NaN. A step without a"
          + " param is not compared. Other keys are ignored, except in config and in the"
          + " gradients of rows, which may note their values_shape.",
      "",
      "In config, learningRate is required; momentum, momentumKind (\"average\", \"heavy-ball\","
          + " \"nesterov\"), beta2 (1 is the sum), epsilon (0 is the paper's rule), algorithm"
          + " (\"SM3-I\", \"SM3-II\"), cover (\"slices\", \"singletons\", \"whole\", \"rows\" or"
          + " arrays of row-major positions), weightDecay and compatibility may be left out."
          + " \"compatibility\": \"keep-max\" is for PyTorch-SM3 and pytorch_optimizer, whose"
          + " accumulators never shrink under beta2.",
      ""
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 all within the tolerance, 1 not, 2 a file is unusable.",
      "Example: mincover replay recorded.json --tolerance 1e-5"
    })
public final class ReplayCommand implements Callable<Integer> {

  private static final int DIFFERS = 1;

  /** So many stopped sequences are named in the summary. */
  private static final int NAMED = 3;

  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Recordings, as above.")
  private List<Path> files;

  @Option(
      names = "--tolerance",
      paramLabel = "T",
      defaultValue = "1e-6",
      description = "Largest absolute difference of a weight that passes, at least 0.")
  private double tolerance;

  @Option(
      names = "--json",
      description = {
        "Print one JSON document instead of lines; index lists one number per axis.",
        "largestDifference is a number, or null where nothing was compared or one side is not"
            + " finite; message, else null, says so."
      })
  private boolean json;

  /**
   * What {@code --json} prints.
   *
   * @param tolerance asked for
   * @param within whether all sequences are within it
   * @param sequences in the order given
   */
  private record Report(double tolerance, boolean within, List<Replay> sequences) {}

  /** Checks all files, then replays them. */
  @Override
  public Integer call() {
    OptionChecks.requireNotNegative("--tolerance", tolerance, "1e-6");
    List<Recording> recordings = new ArrayList<>();
    for (Path file : files) {
      recordings.addAll(RecordingFile.read(file));
    }
    PrintWriter out = spec.commandLine().getOut();
    Lines lines = new Lines(recordings);
    List<Replay> replays = new ArrayList<>();
    String file = "";
    for (Recording recording : recordings) {
      Replay replay = Replay.of(recording, tolerance);
      replays.add(replay);
      if (json) {
        continue;
      }
      if (files.size() > 1 && !recording.file().equals(file)) {
        file = recording.file();
        out.println(file);
      }
      out.println(lines.of(replay));
      if (replay.likelyReason() != null) {
        out.println("  likely reason: " + replay.likelyReason());
      }
    }
    boolean within = replays.stream().allMatch(Replay::within);
    out.println(json ? JsonFile.text(new Report(tolerance, within, replays)) : summary(replays));
    out.flush();
    return within ? 0 : DIFFERS;
  }

  private String summary(List<Replay> replays) {
    List<Replay> stopped = replays.stream().filter(replay -> replay.stoppedAt() != null).toList();
    long outside = replays.stream().filter(replay -> difference(replay) > tolerance).count();
    List<String> verdicts = new ArrayList<>();
    if (outside > 0) {
      verdicts.add("%d not within %s".formatted(outside, tolerance));
    }
    if (!stopped.isEmpty()) {
      String names =
          stopped.stream()
              .limit(NAMED)
              .map(replay -> "'%s' of %s".formatted(replay.name(), replay.file()))
              .collect(Collectors.joining(", "));
      int more = stopped.size() - NAMED;
      verdicts.add(
          "%d stopped early (%s%s)"
              .formatted(stopped.size(), names, more > 0 ? " and %d more".formatted(more) : ""));
    }
    Replay worst = null;
    for (Replay replay : replays) {
      if (worst == null || difference(replay) > difference(worst)) {
        worst = replay;
      }
    }
    String where =
        worst == null || worst.step() == null
            ? noDifference(worst, stopped)
            : "largest difference %s in '%s' of %s"
                .formatted(Lines.difference(worst), worst.name(), worst.file());
    return "%d %s: %s; %s"
        .formatted(
            replays.size(),
            replays.size() == 1 ? "sequence" : "sequences",
            verdicts.isEmpty() ? "all within " + tolerance : String.join(", ", verdicts),
            where);
  }

  private static String noDifference(@Nullable Replay worst, List<Replay> stopped) {
    if (worst == null || worst.largestDifference() == null) {
      return "nothing was compared";
    }
    return stopped.isEmpty() ? "no weight differs" : "no weight differs in the steps compared";
  }

  private static double difference(Replay replay) {
    Double difference = replay.largestDifference();
    if (replay.step() == null) {
      return difference == null ? -1 : 0;
    }
    return difference == null ? Double.POSITIVE_INFINITY : difference;
  }

  /** Replays as lines of a table, whose columns are as wide as the recordings need. */
  private static final class Lines {
    private final String format;

    Lines(List<Recording> recordings) {
      int name = 1;
      int shape = 1;
      int steps = 1;
      for (Recording recording : recordings) {
        name = Math.max(name, recording.name().length());
        shape = Math.max(shape, recording.shape().toString().length());
        steps = Math.max(steps, steps(recording.steps().size(), recording.comparable()).length());
      }
      format = "%-" + name + "s  %-" + shape + "s  %-" + steps + "s  largest difference %s%s  %s";
    }

    String of(Replay replay) {
      return format.formatted(
          replay.name(),
          replay.shape(),
          steps(replay.steps(), replay.comparedSteps()),
          difference(replay),
          replay.message() == null ? "" : "; " + replay.message(),
          replay.within() ? "ok" : "DIFFERS");
    }

    private static String steps(int count, int compared) {
      String steps = count == 1 ? "1 step" : count + " steps";
      return compared == count ? steps : "%s, %d compared".formatted(steps, compared);
    }

    static String difference(Replay replay) {
      Double difference = replay.largestDifference();
      if (replay.step() == null) {
        return difference == null ? "unknown" : "0";
      }
      return difference == null
          ? "not finite at step %d, index %s".formatted(replay.step(), replay.index())
          : "%s at step %d, index %s"
              .formatted(
                  String.format(Locale.ROOT, "%.3e", difference), replay.step(), replay.index());
    }
  }
}
