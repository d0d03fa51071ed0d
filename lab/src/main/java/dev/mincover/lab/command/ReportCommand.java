package dev.mincover.lab.command;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.RunDirectory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover report}: shows runs side by side, in a page and in pictures. */
@Command(
    name = "report",
    description = {
      "Shows training runs side by side in one HTML file that opens offline: loss curves, a table of"
          + " results, optimizer memory, learning rates, and charts that explain SM3 for runs with"
          + " statistics. Runs that differ only in their seed share a colour, and their mean is"
          + " drawn.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  mincover report runs/notes",
      "  mincover report runs/sm3-* runs/adam-* --out compare.html --png pictures"
    })
public final class ReportCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "RUN",
      arity = "1..*",
      description = "Run directories of 'mincover train', or directories that contain such runs.")
  private List<Path> runs;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "File for the page; an older one is replaced. Default: report.html in the run directory;"
              + " for several runs, in the directory that contains the first.")
  private @Nullable Path out;

  @Option(
      names = "--png",
      paramLabel = "DIR",
      description = "Also writes each chart as a picture into this directory.")
  private @Nullable Path png;

  /** Reads all runs, then writes. */
  @Override
  public Integer call() {
    List<RunDirectory> directories = new ArrayList<>();
    runs.forEach(path -> directories.addAll(runsIn(path)));
    Path html = html(directories);
    if (png != null && Files.exists(png) && !Files.isDirectory(png)) {
      throw new UserError("--png: %s is a file; name a directory".formatted(png));
    }
    Report report = Report.of(directories);
    PrintWriter output = spec.commandLine().getOut();
    report.write(html);
    output.println("report     " + html);
    if (png != null) {
      output.printf("pictures   %d in %s%n", report.writePictures(png).size(), png);
    }
    output.flush();
    return 0;
  }

  /** Returns the run at a path, or the runs in it, in the order of their names. */
  private static List<RunDirectory> runsIn(Path path) {
    RunDirectory run = new RunDirectory(path);
    if (!Files.isDirectory(path)) {
      throw new UserError("no run directory %s; name one that a training run made".formatted(path));
    }
    if (Files.exists(run.summary()) || Files.exists(run.metrics())) {
      return List.of(run);
    }
    try (Stream<Path> inside = Files.list(path)) {
      List<RunDirectory> found =
          inside
              .sorted()
              .map(RunDirectory::new)
              .filter(each -> Files.isRegularFile(each.summary()))
              .toList();
      if (found.isEmpty()) {
        throw new UserError(
            "no run in %s; name a run directory that 'mincover train' has made".formatted(path));
      }
      return found;
    } catch (IOException e) {
      throw new UserError("cannot read " + path, e);
    }
  }

  private Path html(List<RunDirectory> directories) {
    if (out == null) {
      Path first = directories.getFirst().path();
      return directories.size() == 1
          ? first.resolve(Report.FILE_NAME)
          : first.resolveSibling(Report.FILE_NAME);
    }
    OptionChecks.requireWritable("--out", out);
    return out;
  }
}
