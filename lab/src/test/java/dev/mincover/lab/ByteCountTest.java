package dev.mincover.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteCountTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.0 kB",
    "3449, 3.4 kB",
    "999949, 999.9 kB",
    "999950, 1.0 MB",
    "24900000, 24.9 MB",
    "9223372036854775807, 9223372.0 TB"
  })
  void printsThreeDigitsAndAUnit(long bytes, String expected) {
    assertThat(ByteCount.format(bytes)).isEqualTo(expected);
  }
}
