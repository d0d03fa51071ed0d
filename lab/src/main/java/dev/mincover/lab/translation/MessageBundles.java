package dev.mincover.lab.translation;

import static java.util.stream.Collectors.joining;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.translation.PairRules.Reason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Makes the default text of the messages of products; {@link ParallelText#bundles} documents it.
 */
final class MessageBundles {

  /**
   * What became of the messages.
   *
   * @param text the pairs that were kept
   * @param counts of each product, in the order of {@link Product#ALL}
   */
  record Result(ParallelText text, Map<Product, Counts> counts) {}

  /** How many pairs of a product were kept, and dropped for each reason. */
  static final class Counts {
    private final EnumMap<Reason, Integer> dropped = new EnumMap<>(Reason.class);
    private int kept;

    int kept() {
      return kept;
    }

    int dropped(Reason reason) {
      return dropped.getOrDefault(reason, 0);
    }

    private void add(@Nullable Reason reason) {
      if (reason == null) {
        kept++;
      } else {
        dropped.merge(reason, 1, Integer::sum);
      }
    }
  }

  /** Receives each pair and why it is dropped, null if it is kept. */
  interface Listener {
    void pair(Pair pair, @Nullable Reason reason);
  }

  private MessageBundles() {}

  static Result read(Path folder) {
    return read(folder, Product.ALL, (_, _) -> {});
  }

  static Result read(Path folder, List<Product> products, Listener listener) {
    Map<Product, Counts> counts = new LinkedHashMap<>();
    products.forEach(product -> counts.put(product, new Counts()));
    Set<String> validated = new HashSet<>();
    // What is held out comes first, as it decides what must not be learned from.
    List<Pair> validation =
        keep(folder, products, Product::validation, Set.of(), validated, counts, listener);
    List<Pair> training =
        keep(
            folder,
            products,
            product -> !product.validation(),
            validated,
            new HashSet<>(),
            counts,
            listener);
    if (training.isEmpty() || validation.isEmpty()) {
      throw new UserError(
          "no translations in the jars of %s; %s".formatted(folder, BundleJars.REMEDY));
    }
    String description =
        "%d English messages with their French of %s; validation on %d of %s"
            .formatted(
                training.size(),
                names(counts, product -> !product.validation()),
                validation.size(),
                names(counts, Product::validation));
    return new Result(new ParallelText(training, validation, description), counts);
  }

  /**
   * Returns the pairs of some products that are to be kept, and counts all.
   *
   * @param excluded the words of English texts that are not to be kept
   * @param seen receives the words of those that are kept
   */
  private static List<Pair> keep(
      Path folder,
      List<Product> products,
      Predicate<Product> which,
      Set<String> excluded,
      Set<String> seen,
      Map<Product, Counts> counts,
      Listener listener) {
    var kept = new ArrayList<Pair>();
    for (Product product : products) {
      Counts count = counts.get(product);
      if (count == null || !which.test(product)) {
        continue;
      }
      for (Pair pair : BundleJars.pairs(folder, product)) {
        Reason reason = PairRules.reason(pair.source(), pair.target());
        if (reason == null) {
          String words = SentenceText.words(pair.source());
          if (excluded.contains(words)) {
            reason = Reason.VALIDATED;
          } else if (!seen.add(words)) {
            reason = Reason.REPEATED;
          } else {
            kept.add(pair);
          }
        }
        count.add(reason);
        listener.pair(pair, reason);
      }
    }
    return kept;
  }

  private static String names(Map<Product, Counts> counts, Predicate<Product> which) {
    return counts.keySet().stream()
        .filter(which)
        .map(product -> product.name() + " " + product.version())
        .collect(joining(", "));
  }
}
