package dev.mincover.lab.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {

  @ParameterizedTest
  @CsvSource({
    "2.6264, 0.0274, loss 2.626  rate 0.0274",
    "1e-7, 3e-5, loss 1.0e-7  rate 3.0e-5",
    "3e38, 1e9, loss 3.000e38  rate 1.0000e9",
    "NaN, 0, loss NaN  rate 0.0000"
  })
  void aLineHasLossAndRateInDigitsThatTell(float loss, double rate, String shown) {
    StringWriter out = new StringWriter();
    try (Progress progress = new Progress.Lines(1, 1, new PrintWriter(out))) {
      progress.show(new StepReport(1, 100, 2, loss, null, rate, 61));
    }
    assertThat(out).hasToString("step 1/1  %s  50 tokens/s  1:01 left%n".formatted(shown));
  }
}
