package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.train.StepReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTailTest {

  @TempDir private Path folder;

  @Test
  void itTellsTheLastWholeRowOnce() throws IOException {
    Path file = folder.resolve("metrics.csv");
    MetricsTail tail = new MetricsTail(file, 100);
    assertThat(tail.last()).isEmpty();
    try (Metrics metrics = new Metrics(file)) {
      assertThat(tail.last()).isEmpty();
      metrics.add(1, 64, 0.5, 5.5f, null, 0.01);
      metrics.add(2, 128, 0.75, 5.25f, 5.0f, 0.02);
      assertThat(tail.last()).contains(new StepReport(2, 128, 0.75, 5.25f, 5.0f, 0.02, 36.75));
      assertThat(tail.last()).isEmpty();
      for (int step = 3; step <= 50; step++) {
        metrics.add(step, 64L * step, step, 5, null, 0.02);
      }
      Files.writeString(file, "51,3264,51", StandardOpenOption.APPEND);
      assertThat(tail.last()).map(StepReport::step).contains(50L);
    }
  }
}
