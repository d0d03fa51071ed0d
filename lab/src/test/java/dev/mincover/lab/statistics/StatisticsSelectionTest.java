package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class StatisticsSelectionTest {

  private static Map<String, Tensor> model(long weights) {
    Map<String, Tensor> model = new LinkedHashMap<>();
    model.put("wte.weight", torch.zeros(weights - 2));
    model.put("h.0.bias", torch.zeros(1));
    model.put("h.1.bias", torch.zeros(1));
    return model;
  }

  @Test
  void byDefaultSmallModelsAreRecordedWhole() {
    try (var _ = new PointerScope()) {
      StatisticsSelection byDefault = new StatisticsSelection(List.of());
      assertThat(byDefault.of(model(4_000_000))).hasSize(3);
      assertThat(byDefault.of(model(4_000_001))).isEmpty();
      assertThat(new StatisticsSelection(List.of("all")).of(model(4_000_001))).hasSize(3);
      assertThat(StatisticsSelection.none().of(model(3))).isEmpty();
    }
  }

  @Test
  void patternsSelectInTheModelsOrder() {
    try (var _ = new PointerScope()) {
      assertThat(
              new StatisticsSelection(List.of("h.1.*", "wte.weight", "*1.bias"))
                  .of(model(3))
                  .keySet())
          .containsExactly("wte.weight", "h.1.bias");
      assertThatThrownBy(() -> new StatisticsSelection(List.of("h.*", "wpe.weight")).of(model(3)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("--statistics: no parameter is called 'wpe.weight'");
      assertThatThrownBy(() -> new StatisticsSelection(List.of("h.*", "all")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("--statistics is 'h.* all'");
    }
  }
}
