package dev.mincover.lab.common;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
  @ParameterizedTest
  @CsvSource({
    "0.08, 0.08",
    "1, 1",
    "10, 10",
    "0, 0",
    "12.5, 12.5",
    "0.00025, 0.00025",
    "7.000000000000001, 7",
    "33.3333333, 33.33",
    "1e-7, 0.0000001"
  })
  void choicesAreWrittenWithoutTrailingZeros(double value, String expected) {
    assertThat(Figures.plain(value)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"0.51, 51 %", "0.0999, 10 %", "0.0149, 1.5 %", "0.0008, 0.080 %", "1, 100 %"})
  void percentagesKeepTwoDigits(double share, String expected) {
    assertThat(Figures.percent(share)).isEqualTo(expected);
  }
}
