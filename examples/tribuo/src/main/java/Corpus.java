import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.ImmutableDataset;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.dataset.MinimumCardinalityDataset;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * Documentation comments of Java libraries as bags of words, labelled with their library. The
 * comments of one file are all in the same part.
 */
record Corpus(Dataset<Label> training, Dataset<Label> test) {

  private static final Pattern COMMENT = Pattern.compile("(?s)/\\*\\*.*?\\*/");
  private static final Pattern MARKUP = Pattern.compile("<[^>]*>|\\{@\\w+|@\\w+|&\\w+;");
  private static final Pattern WORD = Pattern.compile("[a-z]{3,}");
  private static final int SHORTEST = 10; // words
  private static final int RAREST = 3; // comments

  /**
   * Reads the archives of a folder, one library each.
   *
   * @param training comments of each library, at most
   * @param test comments of each library, at most
   */
  static Corpus read(Path folder, int training, int test) throws IOException {
    LabelFactory factory = new LabelFactory();
    SimpleDataSourceProvenance origin =
        new SimpleDataSourceProvenance(
            "comments", OffsetDateTime.of(2026, 12, 1, 0, 0, 0, 0, ZoneOffset.UTC), factory);
    MutableDataset<Label> first = new MutableDataset<>(origin, factory);
    MutableDataset<Label> second = new MutableDataset<>(origin, factory);
    try (Stream<Path> archives = Files.list(folder)) {
      for (Path archive : archives.sorted().toList()) {
        Map<Boolean, List<Example<Label>>> parts =
            Map.of(true, new ArrayList<>(), false, new ArrayList<>());
        read(archive, parts);
        parts.forEach((isTest, examples) -> {
          Collections.shuffle(examples, new Random(1));
          examples.stream()
              .limit(isTest ? test : training)
              .forEach(isTest ? second::add : first::add);
        });
      }
    }
    Dataset<Label> known = new MinimumCardinalityDataset<>(first, RAREST);
    return new Corpus(
        known,
        ImmutableDataset.copyDataset(second, known.getFeatureIDMap(), known.getOutputIDInfo()));
  }

  private static void read(Path archive, Map<Boolean, List<Example<Label>>> parts)
      throws IOException {
    String library = archive.getFileName().toString().replaceAll("-\\d.*", "");
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      for (ZipEntry entry :
          zip.stream()
              .filter(e -> e.getName().endsWith(".java"))
              .sorted((a, b) -> a.getName().compareTo(b.getName()))
              .toList()) {
        boolean isTest = Math.floorMod(entry.getName().hashCode(), 4) == 0;
        String source =
            new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
        // Before the package is the licence, which all files of a library share.
        Matcher comment =
            COMMENT
                .matcher(source)
                .region(Math.max(0, source.indexOf("\npackage ")), source.length());
        while (comment.find()) {
          Map<String, Double> counts = words(comment.group());
          if (counts.size() >= SHORTEST) {
            parts
                .get(isTest)
                .add(
                    new ArrayExample<>(
                        new Label(library),
                        counts.keySet().toArray(String[]::new),
                        counts.values().stream().mapToDouble(n -> 1 + Math.log(n)).toArray()));
          }
        }
      }
    }
  }

  private static Map<String, Double> words(String comment) {
    Map<String, Double> counts = new TreeMap<>();
    Matcher word = WORD.matcher(MARKUP.matcher(comment).replaceAll(" ").toLowerCase(Locale.ROOT));
    while (word.find()) {
      counts.merge(word.group(), 1.0, Double::sum);
    }
    return counts;
  }
}
