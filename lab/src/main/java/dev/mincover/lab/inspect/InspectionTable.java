package dev.mincover.lab.inspect;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.ByteCount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The text that {@code mincover inspect} prints: a table, how to read it, and advice. */
public record InspectionTable(Inspection inspection) {

  private static final String UNKNOWN = "-";

  private static final List<String> HEADER =
      List.of("parameter", "shape", "cover", "bytes", "tightness", "rate from", "to");

  /** The number of left-aligned columns, which hold text. Numbers are right-aligned. */
  private static final int LEFT = 3;

  /** The number of loose parameters for which all covers are listed. */
  private static final int IN_FULL = 3;

  /** Returns the lines. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("%s, after %,d steps".formatted(inspection.optimizer(), inspection.steps()));
    lines.add("");
    lines.addAll(table(rows(), LEFT));
    lines.add("");
    lines.addAll(legend());
    lines.add("");
    lines.addAll(advice());
    return lines;
  }

  private List<List<String>> rows() {
    List<List<String>> rows = new ArrayList<>(List.of(HEADER));
    for (ParameterInspection parameter : inspection.parameters()) {
      Long bytes = parameter.accumulatorBytes();
      rows.add(
          List.of(
              parameter.name(),
              shape(parameter),
              inspection.hasCovers() ? parameter.current().cover() : UNKNOWN,
              bytes == null ? UNKNOWN : ByteCount.format(bytes),
              tightness(parameter.current()),
              number(parameter.rates().smallestRate()),
              number(parameter.rates().largestRate())));
    }
    return rows;
  }

  private static List<String> table(List<List<String>> rows, int left) {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < widths.length; column++) {
        String format = "%" + (column < left ? "-" : "") + widths[column] + "s  ";
        line.append(format.formatted(row.get(column)));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private List<String> legend() {
    List<String> lines = new ArrayList<>();
    if (!inspection.hasCovers()) {
      lines.add(
          "This optimizer has no covers: tightness is what SM3-II with slices would have had for the");
      lines.add("same gradients.");
    }
    lines.add(
        "Tightness is the median over the weights of nu / sum g^2; 1 is AdaGrad, 9 means learning");
    lines.add("rates 3 times smaller.");
    if (inspection.parameters().stream()
        .anyMatch(p -> p.current().lowerBound() || p.alternatives().advice() != null)) {
      lines.add(">= is a lower bound from the final sums.");
    }
    if (inspection.rates() != null) {
      lines.add(
          "Rates are %s after the last step, eta = %s, the schedule's highest."
              .formatted(inspection.rates(), inspection.learningRate()));
    }
    lines.addAll(inspection.notes());
    return lines;
  }

  private List<String> advice() {
    List<ParameterInspection> loose =
        inspection.parameters().stream()
            .filter(parameter -> parameter.alternatives().advice() != null)
            .sorted(Comparator.comparingDouble(InspectionTable::looseness).reversed())
            .toList();
    if (loose.isEmpty()) {
      return nothingLoose();
    }
    List<String> lines = new ArrayList<>();
    int inFull = Math.min(IN_FULL, loose.size());
    for (ParameterInspection parameter : loose.subList(0, inFull)) {
      lines.addAll(adviceInFull(parameter));
      lines.add("");
    }
    for (ParameterInspection parameter : loose.subList(inFull, loose.size())) {
      lines.add(
          "Also loose: %s, tightness %s; %s."
              .formatted(parameter.name(), tightness(parameter.current()), remedy(parameter)));
    }
    return lines;
  }

  private static List<String> adviceInFull(ParameterInspection parameter) {
    CandidateCover current = parameter.current();
    double looseness = looseness(parameter);
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s is loose under %s: nu of its median weight is %s%s times the"
            .formatted(parameter.name(), current.cover(), atLeast(current), number(looseness)));
    lines.add(
        "weight's own sum of squares, and the learning rate %s times smaller than AdaGrad's."
            .formatted(number(Math.sqrt(looseness))));
    List<List<String>> rows =
        parameter.alternatives().candidates().stream()
            .map(c ->
                List.of("  " + c.cover(), ByteCount.format(c.bytes()), "tightness", tightness(c)))
            .toList();
    lines.addAll(table(rows, 1));
    lines.add("Tighter: " + remedy(parameter) + ".");
    return lines;
  }

  /**
   * Returns the remedy, such as {@code --cover 'w=singletons', 2.0 kB more, learning rates about 9
   * times larger}.
   */
  private static String remedy(ParameterInspection parameter) {
    CandidateCover advice = requireNonNull(parameter.alternatives().advice());
    double gain = looseness(parameter) / requireNonNull(advice.tightness());
    return "--cover '%s=%s', %s more, learning rates about %s times larger"
        .formatted(
            parameter.name(),
            advice.cover(),
            ByteCount.format(Math.max(0, advice.bytes() - parameter.current().bytes())),
            number(Math.sqrt(gain)));
  }

  private static double looseness(ParameterInspection parameter) {
    return requireNonNull(parameter.current().tightness());
  }

  private List<String> nothingLoose() {
    OptionalDouble most =
        inspection.parameters().stream()
            .map(parameter -> parameter.current().tightness())
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .max();
    if (most.isEmpty()) {
      return List.of("No parameter has had a gradient: there is nothing to advise.");
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s loose, which is a tightness above %s: the highest is %s."
            .formatted(
                inspection.hasCovers() ? "No cover is" : "No slices would be",
                number(inspection.loose()),
                number(most.getAsDouble())));
    Long saved = inspection.bytesSavedBySlices();
    if (saved != null) {
      lines.add(
          "SM3 with slices would keep %s less than these second moments."
              .formatted(ByteCount.format(saved)));
    }
    return lines;
  }

  private static String shape(ParameterInspection parameter) {
    return parameter.shape().isEmpty()
        ? "scalar"
        : parameter.shape().stream().map(String::valueOf).collect(Collectors.joining("x"));
  }

  private static String tightness(CandidateCover candidate) {
    Double tightness = candidate.tightness();
    if (tightness == null) {
      return UNKNOWN;
    }
    // Always one decimal, so that the column is aligned.
    String digits = tightness < 100 ? "%.1f".formatted(tightness) : number(tightness);
    return (candidate.lowerBound() ? ">= " : "") + digits;
  }

  private static String atLeast(CandidateCover candidate) {
    return candidate.lowerBound() ? "at least " : "";
  }

  /** Returns a number with two or three digits. */
  private static String number(@Nullable Double value) {
    if (value == null) {
      return UNKNOWN;
    }
    if (value >= 100_000) {
      return String.format(Locale.ROOT, "%.1e", value);
    }
    if (value >= 100) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    return value >= 1
        ? String.format(Locale.ROOT, "%.1f", value).replaceFirst("\\.0$", "")
        : String.format(Locale.ROOT, "%.2g", value);
  }
}
