package dev.mincover.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the files of {@code golden/}, whose fields its README explains. */
final class GoldenFile {

  private GoldenFile() {}

  /**
   * Returns the sequences of a file in their order.
   *
   * @param file a name in {@code golden/}
   * @throws IllegalArgumentException if there is no such file
   */
  static List<GoldenSequence> read(String file) {
    try (InputStream in = GoldenFile.class.getResourceAsStream("golden/" + file)) {
      if (in == null) {
        throw new IllegalArgumentException("file is " + file + ": no such golden file");
      }
      JsonNode root = JsonMapper.shared().readTree(in);
      return list(root.required("sequences"), GoldenFile::sequence);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static GoldenSequence sequence(JsonNode node) {
    List<Integer> shape = ints(node.required("shape"));
    return new GoldenSequence(
        node.required("name").asString(),
        shape,
        node.required("eta").asDouble(),
        config(node, shape),
        doubles(node.required("weights")),
        list(node.required("gradients"), GoldenFile::gradient),
        list(node.required("steps"), GoldenFile::step));
  }

  private static ReferenceSm3.Config config(JsonNode node, List<Integer> shape) {
    var algorithm = ReferenceSm3.Algorithm.valueOf(node.required("algorithm").asString());
    return ReferenceSm3.Config.of(algorithm, cover(node.required("cover"), shape))
        .withMomentum(node.required("momentum").asDouble(), ReferenceSm3.MomentumKind.AVERAGE)
        .withSecondMoment(node.required("secondMoment").asDouble())
        .withEpsilon(node.required("epsilon").asDouble());
  }

  private static ReferenceCover cover(JsonNode node, List<Integer> shape) {
    int[] lengths = shape.stream().mapToInt(Integer::intValue).toArray();
    if (node.isArray()) {
      int size = shape.stream().reduce(1, Math::multiplyExact);
      return new ReferenceCover(size, list(node, GoldenFile::ints));
    }
    return switch (node.asString()) {
      case "slices" -> ReferenceCover.slices(lengths);
      case "rows" -> ReferenceCover.rows(lengths);
      default -> throw new IllegalArgumentException("cover is " + node + ": not a known cover");
    };
  }

  private static GoldenSequence.Gradient gradient(JsonNode node) {
    if (node.isArray()) {
      return new GoldenSequence.Gradient(Optional.empty(), doubles(node));
    }
    return new GoldenSequence.Gradient(
        Optional.of(ints(node.required("rows"))), doubles(node.required("values")));
  }

  private static GoldenSequence.Step step(JsonNode node) {
    return new GoldenSequence.Step(
        doubles(node.required("weights")),
        recorded(node.get("mu")),
        recorded(node.get("nu")),
        recorded(node.get("momentum")));
  }

  private static Optional<List<Double>> recorded(@Nullable JsonNode node) {
    return Optional.ofNullable(node).map(GoldenFile::doubles);
  }

  private static List<Double> doubles(JsonNode node) {
    return list(node, JsonNode::asDouble);
  }

  private static List<Integer> ints(JsonNode node) {
    return list(node, JsonNode::asInt);
  }

  private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
    List<T> elements = new ArrayList<>();
    array.forEach(node -> elements.add(element.apply(node)));
    return List.copyOf(elements);
  }
}
