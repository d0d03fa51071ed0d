package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Reads the messages of a product from its jars. A file {@code NAME_fr.properties} holds French;
 * the English of its keys is in {@code NAME.properties}, or else in {@code NAME_en.properties}, of
 * the same folder in any of the jars.
 */
final class BundleJars {
  static final String REMEDY =
      "build the project again, or name two aligned text files of your own";

  private static final String FRENCH = "_fr.properties";
  private static final List<String> ENGLISH = List.of(".properties", "_en.properties");

  /** An apostrophe as a message format has it; a few were doubled once more. */
  private static final Pattern DOUBLED = Pattern.compile("'{2,}");

  private BundleJars() {}

  /** All pairs, in the order of the names of files, then of keys. */
  static List<Pair> pairs(Path folder, Product product) {
    if (!Files.isDirectory(folder)) {
      throw new UserError("no default translations in %s; %s".formatted(folder, REMEDY));
    }
    List<Path> jars =
        product.jars().stream().map(name -> jar(folder, name, product.version())).toList();
    Map<String, Map<String, String>> french = new TreeMap<>();
    jars.forEach(jar -> read(jar, name -> name.endsWith(FRENCH), french));
    Set<String> wanted = new HashSet<>();
    french.keySet().forEach(name -> ENGLISH.forEach(ending -> wanted.add(english(name, ending))));
    Map<String, Map<String, String>> english = new TreeMap<>();
    jars.forEach(jar -> read(jar, wanted::contains, english));
    var pairs = new ArrayList<Pair>();
    french.forEach((name, targets) -> {
      Map<String, String> sources =
          ENGLISH.stream()
              .map(ending -> english.get(english(name, ending)))
              .filter(Objects::nonNull)
              .findFirst()
              .orElse(Map.of());
      targets.forEach((key, target) -> {
        String source = sources.get(key);
        if (source != null) {
          pairs.add(pair(source, target, product));
        }
      });
    });
    return pairs;
  }

  private static String english(String french, String ending) {
    return french.substring(0, french.length() - FRENCH.length()) + ending;
  }

  private static Pair pair(String source, String target, Product product) {
    return new Pair(text(source, product), text(target, product), product.name());
  }

  private static String text(String message, Product product) {
    // Some translators write U+2019 and others do not: for a model these would be two spellings.
    String text = SentenceText.singleSpaced(message).replace('\u2019', '\'');
    return product.messageFormat() ? DOUBLED.matcher(text).replaceAll("'") : text;
  }

  private static Path jar(Path folder, String artifact, String version) {
    Path jar = folder.resolve("%s-%s.jar".formatted(artifact, version));
    if (!Files.isRegularFile(jar)) {
      throw new UserError("no %s in %s; %s".formatted(jar.getFileName(), folder, REMEDY));
    }
    return jar;
  }

  /** Reads the files of the jar with names that are wanted. */
  private static void read(
      Path jar, Predicate<String> wanted, Map<String, Map<String, String>> files) {
    try (var zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : zip.stream().filter(file -> wanted.test(file.getName())).toList()) {
        try (InputStream in = zip.getInputStream(entry)) {
          files.put(entry.getName(), messages(in));
        }
      }
    } catch (IOException e) {
      throw new UserError("cannot read %s (%s)".formatted(jar, REMEDY), e);
    }
  }

  /** Every product writes UTF-8, or ASCII with escapes; anything else is an error, not a guess. */
  private static Map<String, String> messages(InputStream in) throws IOException {
    var properties = new Properties();
    properties.load(new InputStreamReader(in, UTF_8.newDecoder()));
    Map<String, String> messages = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) {
      messages.put(key, properties.getProperty(key));
    }
    return messages;
  }
}
