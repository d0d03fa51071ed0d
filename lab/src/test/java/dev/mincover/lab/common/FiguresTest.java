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
  @CsvSource({
    "4, 0.0274, 0.0274",
    "4, 0.08, 0.0800",
    "4, 0.0012, 0.0012",
    "4, 0.000312, 0.00031",
    "4, 0.0001, 0.00010",
    "4, 3e-5, 3.0e-5",
    "4, 9.99e-5, 1.0e-4",
    "4, 1e-300, 1.0e-300",
    "4, -3e-5, -3.0e-5",
    "3, 2.6264, 2.626",
    "3, 0.0312, 0.031",
    "3, 0.0032, 0.0032",
    "3, 1e-7, 1.0e-7",
    "3, 0, 0.000",
    "3, 12345.678, 12345.678",
    "3, 999999, 999999.000",
    "3, 1234567, 1.235e6",
    "3, 3.4e38, 3.400e38",
    "2, 1e200, 1.00e200",
    "4, NaN, NaN",
    "4, -Infinity, -Infinity"
  })
  void noRateOrLossIsRoundedToNothing(int decimals, double value, String expected) {
    assertThat(Figures.decimals(decimals, value)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"0.51, 51 %", "0.0999, 10 %", "0.0149, 1.5 %", "0.0008, 0.080 %", "1, 100 %"})
  void percentagesKeepTwoDigits(double share, String expected) {
    assertThat(Figures.percent(share)).isEqualTo(expected);
  }
}
