package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {

  @ParameterizedTest
  @CsvSource({"90s, 90", "5m, 300", "1.5h, 5400", "0.5m, 30", "720h, 2592000"})
  void timesHaveAUnit(String text, double seconds) {
    assertThat(Budget.parse(text)).isEqualTo(new Budget(text, seconds));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "m", "0s", "-5m", "5 m", "5m30s", "1d", "NaNs", "1e3s", "721h"})
  void whatIsNoTimeIsRefused(String text) {
    assertThatThrownBy(() -> Budget.parse(text))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "--budget is '%s'; it must be a time above 0 and at most 720h, such as 90s, 5m or 1.5h",
            text);
  }

  @Test
  void clocksShowHoursWhenThereAreAny() {
    assertThat(Budget.clock(0)).isEqualTo("0:00");
    assertThat(Budget.clock(59.6)).isEqualTo("1:00");
    assertThat(Budget.clock(545)).isEqualTo("9:05");
    assertThat(Budget.clock(3600)).isEqualTo("1:00:00");
    assertThat(Budget.clock(7384)).isEqualTo("2:03:04");
  }
}
