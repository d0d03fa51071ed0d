package dev.mincover.lab.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.AtomicFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A report that shows runs side by side: losses, memory, and charts that explain SM3 if a run
 * recorded statistics.
 */
public final class Report {
  /** The default file name of a report. */
  public static final String FILE_NAME = "report.html";

  private final List<Series> series;
  private final List<Section> sections = new ArrayList<>();
  private final List<String> ends = new ArrayList<>();

  private Report(List<Series> series) {
    this.series = series;
  }

  /**
   * Reads the runs and lays out the charts.
   *
   * @param directories of at least one run, in the order in which the report shows them
   * @throws UserError if one has no summary, or a file of it cannot be read
   */
  public static Report of(List<RunDirectory> directories) {
    if (directories.isEmpty()) {
      throw new IllegalArgumentException("a report needs at least one run");
    }
    List<ReportedRun> runs = directories.stream().map(ReportedRun::read).toList();
    Report report = new Report(Series.of(runs));
    report.addCourse();
    report.addExamples();
    report.addMemory();
    report.addStatistics();
    report.addEnds();
    return report;
  }

  private void addCourse() {
    sections.add(
        new Section(
            "The course of training",
            1,
            List.of(
                "Drag the bar below a chart to zoom, or scroll with Ctrl; a name in a legend hides and shows its curve."),
            List.of(
                CourseCharts.validation(series),
                CourseCharts.training(series),
                CourseCharts.learningRate(series))));
  }

  /** Adds what the models of the first runs do: of every run, the page would be long. */
  private void addExamples() {
    series.stream()
        .map(each -> each.runs().getFirst())
        .filter(run -> Examples.areIn(run.directory()))
        .forEach(run -> sections.add(Section.of(run.name(), Examples.read(run.directory()))));
  }

  private void addMemory() {
    sections.add(
        new Section(
            "Optimizer memory",
            2,
            List.of(
                "Adam keeps two numbers for every weight. SM3 keeps one for every row and column, and what momentum adds."),
            List.of(MemoryCharts.perWeight(series), MemoryCharts.inAll(series))));
  }

  private Stream<ReportedRun> runs() {
    return series.stream().flatMap(each -> each.runs().stream());
  }

  private void addStatistics() {
    Optional<ReportedRun> recorded =
        runs().filter(run -> GradientStatistics.areIn(run.directory())).findFirst();
    if (recorded.isEmpty()) {
      ends.add(
          "What explains SM3, activation patterns and tightness, is shown for runs that recorded statistics: train with --statistics all.");
      return;
    }
    ReportedRun run = recorded.get();
    GradientStatistics statistics = GradientStatistics.read(run.directory());
    List<ParameterStatistics> chosen = Layers.chosen(statistics);
    if (chosen.isEmpty()) {
      ends.add(
          "The statistics of %s are of no parameter with rows and columns, and so there are no pictures of them."
              .formatted(run.name()));
      return;
    }
    sections.add(
        new Section(
            "Activation patterns",
            3,
            List.of(
                "Sums of squared gradients by weight over the %,d steps of %s, on a logarithmic scale: what AdaGrad would keep. Where lines run across and down, rows and columns have sizes of their own, and a number for each of them says nearly what a number for each weight would. A layer without such lines is one to give another cover."
                    .formatted(statistics.steps(), run.name())),
            chosen.stream().map(PatternCharts::of).toList()));
    List<Chart> tightness = new ArrayList<>();
    chosen.forEach(parameter -> tightness.add(TightnessCharts.largest(parameter)));
    sections.add(
        new Section(
            "Tightness",
            3,
            List.of(
                "The largest statistics of AdaGrad, SM3-II and SM3-I for the same gradients, each sorted on its own. SM3 bounds AdaGrad\u2019s sum from above for every weight; the closer the bound, the closer its learning rates are to AdaGrad\u2019s."),
            tightness));
    sections.add(
        new Section(
            "Tightness of every layer",
            1,
            List.of(),
            List.of(TightnessCharts.ratios(Layers.all(statistics)))));
  }

  private void addEnds() {
    runs().map(run -> run.summary().setup().corpus()).distinct().forEach(ends::add);
    runs().map(ReportedRun::summary).map(Report::setup).distinct().forEach(ends::add);
  }

  private static String setup(Summary summary) {
    Summary.Model model = summary.setup().model();
    List<String> size = new ArrayList<>();
    size.add("%d layers, width %d".formatted(model.layers(), model.width()));
    if (model.heads() != null) {
      size.add("%d heads".formatted(model.heads()));
    }
    if (model.context() != null) {
      size.add("context %d".formatted(model.context()));
    }
    String title = summary.setup().kind().title();
    return "%s%s of %,d weights in %s: %s; batches of %d; %d threads. Mincover %s, Java %s."
        .formatted(
            title.substring(0, 1).toUpperCase(Locale.ROOT),
            title.substring(1),
            summary.memory().parameters(),
            model.weights(),
            String.join(", ", size),
            summary.setup().batch(),
            summary.setup().threads(),
            summary.platform().mincoverVersion(),
            summary.platform().javaVersion());
  }

  /** Returns the report as one page that needs no other file and no network. */
  String html() {
    return Page.of(Finding.of(series), series, sections, ends);
  }

  /**
   * Writes the report as one page that opens from the file, without a network. An older file is
   * replaced at once when the page is complete.
   *
   * @throws UserError if the file cannot be written; an older one then stays as it was
   */
  public void write(Path html) {
    byte[] page = html().getBytes(UTF_8);
    AtomicFile.write(html, channel -> channel.write(ByteBuffer.wrap(page)));
  }

  /**
   * Writes the charts as pictures, one for each view.
   *
   * @param directory made if it does not exist; files with the charts' names are replaced
   * @return the files written
   * @throws UserError if a file cannot be written, or Java finds no fonts
   */
  public List<Path> writePictures(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UserError("cannot make directory " + directory, e);
    }
    List<Chart> charts = sections.stream().flatMap(section -> section.charts().stream()).toList();
    return Pictures.write(charts, directory);
  }
}
