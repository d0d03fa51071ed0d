package dev.mincover.tribuo;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * Text-like data: documents of words with Zipf's frequencies, where each topic prefers words of its
 * own. Deterministic.
 */
final class Documents {

  private Documents() {}

  /**
   * Documents with the logarithms of their word counts as features.
   *
   * @param words that a document is drawn from; how many occur depends on the draw
   * @param length words of a document, repetitions included
   */
  static MutableDataset<Label> of(int documents, int topics, int words, int length, long seed) {
    LabelFactory factory = new LabelFactory();
    MutableDataset<Label> data =
        new MutableDataset<>(
            new SimpleDataSourceProvenance(
                "text-like", OffsetDateTime.of(2026, 12, 1, 0, 0, 0, 0, ZoneOffset.UTC), factory),
            factory);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < documents; i++) {
      int topic = i % topics;
      TreeMap<Integer, Integer> counts = new TreeMap<>();
      for (int k = 0; k < length; k++) {
        // The inverse of the logarithm's distribution: frequencies fall as 1 / rank.
        int rank = (int) Math.pow(words, random.nextDouble()) - 1;
        boolean own = random.nextInt(4) == 0;
        counts.merge(own ? (rank * topics + topic) % words : rank, 1, Integer::sum);
      }
      List<String> names = new ArrayList<>();
      counts.keySet().forEach(word -> names.add("w" + word));
      double[] values = counts.values().stream().mapToDouble(n -> 1 + Math.log(n)).toArray();
      Example<Label> example =
          new ArrayExample<>(new Label("topic" + topic), names.toArray(String[]::new), values);
      data.add(example);
    }
    return data;
  }
}
