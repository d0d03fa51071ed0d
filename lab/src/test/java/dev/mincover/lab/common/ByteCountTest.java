package dev.mincover.lab.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @CsvSource({
    "4096, 4096",
    "1 B, 1",
    "24GiB, 25769803776",
    "24 gib, 25769803776",
    "1.5kB, 1500",
    "0.5KiB, 512",
    "800MB, 800000000",
    "3MiB, 3145728",
    "1.0019kB, 1001",
    "2TB, 2000000000000",
    "1TiB, 1099511627776",
    "8388607TiB, 9223370937343148032"
  })
  void readsWhatPeopleWrite(String text, long bytes) {
    assertThat(ByteCount.parse("--budget", text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "GB", "24G", "24Gb s", "0", "0.1", "-1GB", "1e9", "1,5GB", "8388608TiB", "x"})
  void refusesWhatIsNoAmount(String text) {
    assertThatThrownBy(() -> ByteCount.parse("--budget", text))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "--budget is '%s'; it must be an amount of bytes such as 24GiB, 800MB or 4096", text);
  }
}
