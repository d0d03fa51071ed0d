package dev.mincover.lab;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.statistics.Candidate;
import dev.mincover.lab.statistics.Inspection;
import dev.mincover.lab.statistics.ParameterInspection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An inspection as lines: a table, how to read it, and advice. */
record InspectionText(Inspection inspection) {

  private static final String UNKNOWN = "-";

  private static final List<String> HEADER =
      List.of("parameter", "shape", "cover", "bytes", "tightness", "rate from", "to");

  /** Of these columns the text is to the left; numbers are to the right. */
  private static final int LEFT = 3;

  List<String> lines() {
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
              number(parameter.smallestRate()),
              number(parameter.largestRate())));
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
    lines.add("rates 3 times smaller. >= is a lower bound from the final sums.");
    if (inspection.rates() != null) {
      lines.add(
          "Rates are %s after the last step, eta = %s, the schedule's highest."
              .formatted(inspection.rates(), inspection.learningRate()));
    }
    lines.addAll(inspection.notes());
    return lines;
  }

  private List<String> advice() {
    List<String> lines = new ArrayList<>();
    for (ParameterInspection parameter : inspection.parameters()) {
      Candidate advice = parameter.advice();
      if (advice != null) {
        lines.addAll(advice(parameter, advice));
      }
    }
    return lines.isEmpty() ? tight() : lines;
  }

  private List<String> advice(ParameterInspection parameter, Candidate advice) {
    Candidate current = parameter.current();
    String least = current.lowerBound() ? "at least " : "";
    double looseness = requireNonNull(current.tightness());
    double gain = Math.sqrt(looseness / requireNonNull(advice.tightness()));
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s: %s %s loose. nu is %s%s times a weight's own sum of squares,"
            .formatted(parameter.name(), current.cover(), verb(current), least, number(looseness)));
    lines.add(
        "and its learning rate %s%s times smaller than AdaGrad's. It could have"
            .formatted(least, number(Math.sqrt(looseness))));
    List<List<String>> rows =
        parameter.candidates().stream()
            .map(c ->
                List.of("  " + c.cover(), ByteCount.format(c.bytes()), "tightness " + tightness(c)))
            .toList();
    lines.addAll(table(rows, 1));
    lines.add(
        "Try --cover '%s=%s': %s more memory, learning rates %s%s times larger."
            .formatted(
                parameter.name(),
                advice.cover(),
                ByteCount.format(Math.max(0, advice.bytes() - current.bytes())),
                least,
                number(gain)));
    lines.add("");
    return lines;
  }

  private String verb(Candidate current) {
    if (!inspection.hasCovers()) {
      return "of SM3 would be";
    }
    return current.cover().equals("whole") ? "is" : "are";
  }

  private List<String> tight() {
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
        "No cover is loose, which would be a tightness above %s: the highest is %s."
            .formatted(number(inspection.loose()), number(most.getAsDouble())));
    Long saved = inspection.bytesSavedBySlices();
    if (saved != null) {
      lines.add(
          "Slices would not be loose either, and take %s less.".formatted(ByteCount.format(saved)));
    }
    return lines;
  }

  private static String shape(ParameterInspection parameter) {
    return parameter.shape().isEmpty()
        ? "scalar"
        : parameter.shape().stream().map(String::valueOf).collect(Collectors.joining("x"));
  }

  private static String tightness(Candidate candidate) {
    return (candidate.lowerBound() && candidate.tightness() != null ? ">= " : "")
        + number(candidate.tightness());
  }

  /** Two or three digits. */
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
