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

/** Reads the files of {@code golden/}, whose keys its README explains; all keys must be there. */
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
      return list(JsonMapper.shared().readTree(in), GoldenFile::sequence);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static GoldenSequence sequence(JsonNode node) {
    List<Integer> shape = ints(node.required("shape"));
    JsonNode config = node.required("config");
    return new GoldenSequence(
        node.required("name").asString(),
        shape,
        config.required("learningRate").asDouble(),
        config(config, shape),
        doubles(node.required("param0")),
        list(node.required("grads"), GoldenFile::gradient),
        list(node.required("steps"), GoldenFile::step));
  }

  private static ReferenceSm3.Config config(JsonNode node, List<Integer> shape) {
    return ReferenceSm3.Config.of(
            algorithm(node.required("algorithm")), cover(node.required("cover"), shape))
        .withMomentum(
            node.required("momentum").asDouble(), momentumKind(node.required("momentumKind")))
        .withSecondMoment(node.required("beta2").asDouble())
        .withEpsilon(node.required("epsilon").asDouble())
        .withWeightDecay(node.required("weightDecay").asDouble());
  }

  private static ReferenceSm3.Algorithm algorithm(JsonNode node) {
    return switch (node.asString()) {
      case "SM3-I" -> ReferenceSm3.Algorithm.SM3_I;
      case "SM3-II" -> ReferenceSm3.Algorithm.SM3_II;
      default -> throw unknown("algorithm", node);
    };
  }

  private static ReferenceSm3.MomentumKind momentumKind(JsonNode node) {
    return switch (node.asString()) {
      case "average" -> ReferenceSm3.MomentumKind.AVERAGE;
      case "heavy-ball" -> ReferenceSm3.MomentumKind.HEAVY_BALL;
      case "nesterov" -> ReferenceSm3.MomentumKind.NESTEROV;
      default -> throw unknown("momentumKind", node);
    };
  }

  private static ReferenceCover cover(JsonNode node, List<Integer> shape) {
    int[] lengths = shape.stream().mapToInt(Integer::intValue).toArray();
    int size = shape.stream().reduce(1, Math::multiplyExact);
    if (node.isArray()) {
      return new ReferenceCover(size, list(node, GoldenFile::ints));
    }
    return switch (node.asString()) {
      case "slices" -> ReferenceCover.slices(lengths);
      case "rows" -> ReferenceCover.rows(lengths);
      case "singletons" -> ReferenceCover.singletons(size);
      case "whole" -> ReferenceCover.whole(size);
      default -> throw unknown("cover", node);
    };
  }

  private static IllegalArgumentException unknown(String key, JsonNode node) {
    return new IllegalArgumentException("%s is %s: see golden/README.md".formatted(key, node));
  }

  private static GoldenSequence.Gradient gradient(JsonNode node) {
    if (node.isArray()) {
      return new GoldenSequence.Gradient(Optional.empty(), doubles(node));
    }
    return new GoldenSequence.Gradient(
        Optional.of(ints(node.required("indices"))), doubles(node.required("values")));
  }

  private static GoldenSequence.Step step(JsonNode node) {
    return new GoldenSequence.Step(
        doubles(node.required("param")),
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
