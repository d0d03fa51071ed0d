package dev.mincover.lab.report;

import static dev.mincover.lab.report.SampleRuns.settings;
import static dev.mincover.lab.report.SampleRuns.sm3;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

  @TempDir private Path folder;

  private RunDirectory run(String name, long seed) {
    return SampleRuns.write(folder.resolve(name), sm3(), seed, 1.5, 4_080);
  }

  private String page(RunDirectory... runs) throws IOException {
    Path html = folder.resolve("report.html");
    Report.of(List.of(runs)).write(html);
    return Files.readString(html);
  }

  @Test
  void referencesNothingOutsideItself() throws IOException {
    RunDirectory run = run("run", 1);
    SampleRuns.writeStatistics(run);
    String page = page(run);
    assertThat(page)
        .contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';");
    String own = page.replace(Resource.echarts(), "").replace(Resource.text("report.js"), "");
    assertThat(own).doesNotContainPattern("(?i)\\s(src|href|srcset|action|data|poster)\\s*=");
    assertThat(own).doesNotContainPattern("(?i)@import|url\\(|<link|<iframe|<object|<img");
    assertThat(page).contains("Apache License");
  }

  @Test
  void textOfTheRunsIsText() throws IOException {
    assertThat(page(run("run", 1)))
        .contains("Text with &lt;b&gt;marks&lt;/b&gt; &amp; &quot;quotes&quot;")
        .doesNotContain("<b>marks");
    assertThat(Json.inScript(Json.object("name", "</script><!--")))
        .isEqualTo("{\"name\":\"\\u003c/script>\\u003c!--\"}");
  }

  @Test
  void tinyLossesAreNotRoundedToNothing() throws IOException {
    RunDirectory run =
        SampleRuns.write(
            folder.resolve("tiny"), SampleRuns.settings("sm3", 3e-5, 0.9), 1, 1e-7, 1000);
    assertThat(page(run))
        .contains("ends at 1.4e-7 bits per byte", "title=\"1.0E-7\">1.0e-7<", ">1.4e-7<");
  }

  @Test
  void tellsHowToGetWhatIsMissing() throws IOException {
    assertThat(page(run("run", 1)))
        .contains("train with --statistics all.")
        .doesNotContain("Activation patterns</h2>");
  }

  @Test
  void showsStatisticsOfOneLayerOfEachKind() throws IOException {
    RunDirectory run = run("run", 1);
    SampleRuns.writeStatistics(run);
    assertThat(page(run))
        .contains("id=\"pattern-wte-weight\"", "id=\"tightness-wte-weight\"")
        .contains("id=\"pattern-h-1-mlp-c_fc-weight\"")
        .doesNotContain("id=\"pattern-h-0-mlp-c_fc-weight\"", "id=\"pattern-h-0-mlp-c_fc-bias\"")
        .contains("<td>h.0.mlp.c_fc.weight</td><td>32 x 8</td>");
  }

  @Test
  void replacesAnOlderPageAndRefusesAnUnfinishedRun() throws IOException {
    Path html = Files.writeString(folder.resolve("report.html"), "old");
    RunDirectory run = run("run", 1);
    Report.of(List.of(run)).write(html);
    assertThat(html).content().startsWith("<!doctype html>");
    Files.delete(run.summary());
    assertThatThrownBy(() -> Report.of(List.of(run)))
        .isInstanceOf(UserError.class)
        .hasMessage("no summary.json in %s; name a run that 'mincover train' has made", run.path());
  }

  @Test
  void aRunThatDivergedHasAReportToo() throws IOException {
    RunDirectory run = SampleRuns.write(folder.resolve("run"), sm3(), 1, null, 4_080);
    assertThat(page(run)).contains("No run has a validation loss");
    assertThat(page(run, run("other", 1))).contains("1 of 2 runs");
  }

  @Test
  void writesAPictureOfEachViewOfEachChart() throws IOException {
    RunDirectory run = run("run", 1);
    SampleRuns.writeStatistics(run);
    RunDirectory adam =
        SampleRuns.write(folder.resolve("adam"), settings("adam", 0.002, 0.9), 1, 1.4, 8_000);
    Path pictures = folder.resolve("new/pictures");
    List<Path> files = Report.of(List.of(run, adam)).writePictures(pictures);
    assertThat(files)
        .extracting(file -> file.getFileName().toString())
        .contains(
            "validation.png",
            "validation-tokens.png",
            "validation-time.png",
            "validation-log.png",
            "training.png",
            "learning-rate.png",
            "memory.png",
            "memory-per-weight.png",
            "pattern-wte-weight.png",
            "tightness-wte-weight.png",
            "tightness-ratios.png");
    assertThat(pictures).isDirectoryContaining(file -> files.contains(file));
    for (Path file : files) {
      BufferedImage image = ImageIO.read(file.toFile());
      assertThat(colours(image)).as(file.toString()).isGreaterThan(4);
    }
    // The bars of SM3 and Adam are in their colours.
    BufferedImage memory = ImageIO.read(pictures.resolve("memory.png").toFile());
    assertThat(count(memory, 0x0072b2)).isGreaterThan(1_000);
    assertThat(count(memory, 0xd55e00)).isGreaterThan(count(memory, 0x0072b2));
  }

  private static long colours(BufferedImage image) {
    return pixels(image).distinct().count();
  }

  private static long count(BufferedImage image, int colour) {
    return pixels(image).filter(pixel -> pixel == colour).count();
  }

  private static IntStream pixels(BufferedImage image) {
    int[] pixels =
        image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    return IntStream.of(pixels).map(pixel -> pixel & 0xffffff);
  }
}
