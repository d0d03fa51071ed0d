package dev.mincover.lab;

import dev.mincover.lab.replay.Recording;
import dev.mincover.lab.replay.RecordingFile;
import dev.mincover.lab.replay.Replay;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

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
      "Tensors are flat or nested arrays in row-major order; a step without a param is not"
          + " compared. In config, momentum, momentumKind (\"average\", \"heavy-ball\","
          + " \"nesterov\"), beta2 (1 is the sum), epsilon (0 is the paper's rule), algorithm"
          + " (\"SM3-I\", \"SM3-II\"), cover (\"slices\", \"singletons\", \"whole\", \"rows\" or"
          + " arrays of row-major positions) and weightDecay may be left out.",
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
final class ReplayCommand implements Callable<Integer> {

  private static final int DIFFERS = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Recordings, as above.")
  private List<Path> files;

  @Option(
      names = "--tolerance",
      paramLabel = "T",
      description = "Largest absolute difference of a weight that passes, at least 0.")
  private double tolerance = 1e-6;

  @Option(
      names = "--json",
      description = "Print one JSON document instead of lines; index has a number an axis.")
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
    if (!(tolerance >= 0) || Double.isInfinite(tolerance)) {
      throw new UserError(
          "--tolerance is %s; it must be at least 0, for example 1e-6".formatted(tolerance));
    }
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
    }
    boolean within = replays.stream().allMatch(Replay::within);
    out.println(
        json ? JSON.writeValueAsString(new Report(tolerance, within, replays)) : summary(replays));
    out.flush();
    return within ? 0 : DIFFERS;
  }

  private String summary(List<Replay> replays) {
    long outside = replays.stream().filter(replay -> !replay.within()).count();
    Replay worst = null;
    for (Replay replay : replays) {
      if (worst == null || difference(replay) > difference(worst)) {
        worst = replay;
      }
    }
    String where =
        worst == null || worst.step() == null
            ? "no weight differs"
            : "largest difference %s in '%s' of %s"
                .formatted(Lines.difference(worst), worst.name(), worst.file());
    return "%d %s: %s within %s; %s"
        .formatted(
            replays.size(),
            replays.size() == 1 ? "sequence" : "sequences",
            outside == 0 ? "all" : outside + " not",
            tolerance,
            where);
  }

  private static double difference(Replay replay) {
    Double difference = replay.largestDifference();
    return difference == null ? -1 : difference;
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
        steps = Math.max(steps, steps(recording.steps().size()).length());
      }
      format = "%-" + name + "s  %-" + shape + "s  %-" + steps + "s  largest difference %s%s  %s";
    }

    String of(Replay replay) {
      return format.formatted(
          replay.name(),
          replay.shape(),
          steps(replay.steps()),
          difference(replay),
          replay.message() == null ? "" : "; " + replay.message(),
          replay.within() ? "ok" : "DIFFERS");
    }

    private static String steps(int count) {
      return count == 1 ? "1 step" : count + " steps";
    }

    static String difference(Replay replay) {
      Double difference = replay.largestDifference();
      if (difference == null) {
        return "unknown";
      }
      return replay.step() == null
          ? "0"
          : "%s at step %d, index %s"
              .formatted(
                  String.format(Locale.ROOT, "%.3e", difference), replay.step(), replay.index());
    }
  }
}
