package dev.mincover.lab.memory;

import static java.util.Objects.requireNonNullElse;

import dev.mincover.lab.catalogue.Activations;
import dev.mincover.lab.catalogue.KnownModel;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.memory.MemoryEstimate.Row;
import dev.mincover.lab.memory.ModelShapes.LeftOut;
import dev.mincover.tensor.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An estimate in lines: the model, a row an optimizer, and what the columns mean.
 *
 * @param type of weights and gradients
 * @param activations of a sequence; null if they are not known
 * @param budget as the user has given it; null if there is none
 */
public record MemoryTable(
    ModelShapes model,
    MemoryEstimate estimate,
    DataType type,
    @Nullable Activations activations,
    @Nullable String budget) {

  private static final String[] UNITS = {"", " k", " M", " G", " T"};

  /** The lines, without line ends. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    describe(lines);
    lines.add("");
    lines.add(heading());
    for (int i = 0; i < OptimizerState.ALL.size(); i++) {
      lines.add(line(OptimizerState.ALL.get(i).title(), estimate.optimizers().get(i)));
    }
    lines.add("");
    explain(lines);
    return lines;
  }

  private void describe(List<String> lines) {
    String description = model.description();
    KnownModel known = model.known();
    labelled(
        lines, "model", description.isEmpty() ? model.name() : model.name() + ": " + description);
    model.notes().forEach(note -> labelled(lines, "files", note));
    labelled(
        lines,
        "weights",
        "%,d in %s, %s in %s, and as much of gradients"
            .formatted(
                estimate.weights(),
                tensors(estimate.tensors()),
                ByteCount.format(estimate.weightBytes()),
                estimate.type()));
    Map<String, List<LeftOut>> byReason = new LinkedHashMap<>();
    for (LeftOut tensor : model.leftOut()) {
      byReason.computeIfAbsent(tensor.why(), _ -> new ArrayList<>()).add(tensor);
    }
    byReason.forEach((why, tensors) -> labelled(lines, "left out", leftOut(why, tensors)));
    if (activations != null && known != null) {
      labelled(
          lines,
          "activations",
          "%s a sequence of %,d tokens, with %d heads of attention"
              .formatted(ByteCount.format(activations.bytes()), estimate.context(), known.heads()));
    }
  }

  private static String leftOut(String why, List<LeftOut> tensors) {
    long values = tensors.stream().mapToLong(LeftOut::values).sum();
    int others = tensors.size() - 1;
    return "%s %s, %s values: %s%s"
        .formatted(
            tensors(tensors.size()),
            why,
            count(values),
            tensors.getFirst().name(),
            others == 0 ? "" : " and %,d more".formatted(others));
  }

  private String heading() {
    return "%-22s %9s %9s %10s %10s"
            .formatted("optimizer", "state", "B/weight", "of Adam's", "in all")
        + (budget == null ? "" : "%15s".formatted("left"))
        + (budget == null || activations == null ? "" : "%7s".formatted("batch"))
        + (budget == null ? "" : "%11s".formatted("would fit"));
  }

  private static String line(String title, Row row) {
    Long left = row.budgetLeftBytes();
    Long batch = row.largestBatch();
    Long weights = row.weightsInBudget();
    return "%-22s %9s %9s %10s %10s"
            .formatted(
                title,
                ByteCount.format(row.stateBytes()),
                digits(row.stateBytesPerWeight()),
                digits(100 * row.shareOfAdam()) + " %",
                ByteCount.format(row.totalBytes()))
        + (left == null ? "" : "%15s".formatted(left(left)))
        + (batch == null ? "" : "%7s".formatted(batch == 0 ? "-" : "%,d".formatted(batch)))
        + (weights == null ? "" : "%11s".formatted(count(weights)));
  }

  private static String left(long bytes) {
    return bytes < 0 ? ByteCount.format(-bytes) + " over" : ByteCount.format(bytes);
  }

  private void explain(List<String> lines) {
    define(
        lines,
        "state",
        "what an optimizer keeps from step to step, in float32 unless its name says otherwise;",
        "of Mincover's to the byte, without the scratch memory of a step");
    define(lines, "in all", "weights, gradients and state, without what a framework takes itself");
    if (budget != null) {
      define(lines, "left", "of the budget of %s, for activations".formatted(inWords(budget)));
      if (activations != null) {
        define(lines, "batch", "sequences whose activations fit there; - if not one does");
      }
      define(lines, "would fit", "weights that would fit in the budget, at as many bytes a weight");
    }
    if (activations != null) {
      define(
          lines,
          "activations",
          "bytes that backpropagation keeps of a sequence, with attention matrices and nothing",
          "computed again (Korthikanti et al. 2022, arXiv:2205.05198, section 4%s):"
              .formatted(type == DataType.FLOAT32 ? "; 4 bytes a value" : ""));
      activations.formula().forEach(term -> labelled(lines, "", "  " + term));
      labelled(lines, "", "a fused attention keeps no heads x tokens");
    }
  }

  /** With its powers of 1000 where it was given in others. */
  private String inWords(String budget) {
    String bytes = ByteCount.format(requireNonNullElse(estimate.budgetBytes(), 0L));
    return budget.toLowerCase(Locale.ROOT).contains("i") ? budget + " (" + bytes + ")" : budget;
  }

  private static void define(List<String> lines, String word, String... text) {
    String label = word;
    for (String line : text) {
      labelled(lines, label, line);
      label = "";
    }
  }

  private static void labelled(List<String> lines, String label, String text) {
    lines.add("%-13s%s".formatted(label, text));
  }

  private static String tensors(int count) {
    return count == 1 ? "1 tensor" : "%,d tensors".formatted(count);
  }

  /** At least three digits that count, and at most four after the point. */
  private static String digits(double value) {
    int after = value == 0 || value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 4;
    return String.format(Locale.ROOT, "%." + after + "f", value);
  }

  /** Such as {@code 812}, {@code 12.6 M} or {@code 3.22 G}. */
  private static String count(long count) {
    double value = count;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    int after = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%,." + after + "f%s", value, UNITS[unit]);
  }
}
