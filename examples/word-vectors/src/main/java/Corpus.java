import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The words of Java sources: identifiers, keywords, and the words of comments. Rare words are left
 * out, and frequent ones are thinned out.
 *
 * @param text the words one after the other, as indices
 * @param words by index, the most frequent first
 * @param noise words by how often they are drawn as negatives: as often as they occur, to the power
 *     of 3/4
 */
record Corpus(int[] text, List<String> words, Map<String, Integer> indices, int[] noise) {

  private static final Pattern WORD = Pattern.compile("[A-Za-z_$][A-Za-z0-9_$]{2,}");
  private static final int LEAST = 3; // occurrences
  private static final double FREQUENT = 1e-3; // share of the text above which words are thinned

  /** Reads all Java files of the archives in a folder. */
  static Corpus read(Path folder) throws IOException {
    List<String> all = new ArrayList<>();
    try (Stream<Path> archives = Files.list(folder)) {
      for (Path archive : archives.sorted().toList()) {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
          for (ZipEntry entry : zip.stream().filter(e -> e.getName().endsWith(".java")).toList()) {
            byte[] source = zip.getInputStream(entry).readAllBytes();
            Matcher matcher = WORD.matcher(withoutLicence(new String(source, StandardCharsets.UTF_8)));
            while (matcher.find()) {
              all.add(matcher.group());
            }
          }
        }
      }
    }
    Map<String, Integer> counts = new HashMap<>();
    all.forEach(word -> counts.merge(word, 1, Integer::sum));
    List<String> words =
        counts.entrySet().stream()
            .filter(entry -> entry.getValue() >= LEAST)
            .sorted(
                Map.Entry.<String, Integer>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(Map.Entry::getKey)
            .toList();
    Map<String, Integer> indices = new HashMap<>();
    words.forEach(word -> indices.put(word, indices.size()));
    SplittableRandom random = new SplittableRandom(1);
    int[] text =
        all.stream()
            .filter(indices::containsKey)
            .filter(word -> isKept(counts.get(word) / (double) all.size(), random))
            .mapToInt(indices::get)
            .toArray();
    int[] noise =
        words.stream()
            .flatMapToInt(
                word -> {
                  long times = Math.max(1, Math.round(Math.pow(counts.get(word), 0.75)));
                  return IntStream.generate(() -> indices.get(word)).limit(times);
                })
            .toArray();
    return new Corpus(text, words, indices, noise);
  }

  /** The comment before the package is the same in every file of a library. */
  private static String withoutLicence(String source) {
    return source.substring(Math.max(0, source.indexOf("\npackage ")));
  }

  private static boolean isKept(double share, SplittableRandom random) {
    return random.nextDouble() < Math.sqrt(FREQUENT / share);
  }

  int vocabulary() {
    return words.size();
  }

  String word(int index) {
    return words.get(index);
  }

  int index(String word) {
    return indices.get(word);
  }

  /** A word that is probably no neighbour. */
  int noise(SplittableRandom random) {
    return noise[random.nextInt(noise.length)];
  }
}
