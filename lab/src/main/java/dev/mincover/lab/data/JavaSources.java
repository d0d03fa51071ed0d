package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Reads the default corpus from the source jars that the build has put into a folder. */
final class JavaSources {
  static final List<String> TRAINING =
      List.of("guava", "commons-lang3", "spring-core", "jackson-databind", "lucene-core");
  static final List<String> VALIDATION = List.of("commons-math3");

  private static final String SUFFIX = "-sources.jar";
  private static final String REMEDY =
      "build the project again, or name your own text with --corpus";

  private JavaSources() {}

  static Corpus read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new UserError("no default corpus in %s; %s".formatted(folder, REMEDY));
    }
    var training = new ArrayList<byte[]>();
    var validation = new ArrayList<byte[]>();
    String learned = read(folder, TRAINING, training);
    String judged = read(folder, VALIDATION, validation);
    return new Corpus(
        Texts.join(training),
        Texts.join(validation),
        "Java sources of %s; validation on %s".formatted(learned, judged));
  }

  /**
   * Appends the files of the libraries to {@code files}; returns the libraries' names and sizes.
   */
  private static String read(Path folder, List<String> libraries, List<byte[]> files) {
    var names = new StringJoiner(", ");
    for (String library : libraries) {
      Path jar = jar(folder, library);
      long size = 0;
      for (String source : sources(jar)) {
        byte[] bytes = source.getBytes(UTF_8);
        files.add(bytes);
        size += bytes.length;
      }
      String name = jar.getFileName().toString();
      String version = name.substring(library.length() + 1, name.length() - SUFFIX.length());
      names.add("%s %s (%s)".formatted(library, version, ByteCount.format(size)));
    }
    return names.toString();
  }

  /** The one jar of the library, whatever its version. */
  private static Path jar(Path folder, String library) {
    String glob = library + "-[0-9]*" + SUFFIX;
    var found = new ArrayList<Path>();
    try (var jars = Files.newDirectoryStream(folder, glob)) {
      jars.forEach(found::add);
    } catch (IOException e) {
      throw new UserError("cannot read " + folder, e);
    }
    return switch (found.size()) {
      case 1 -> found.getFirst();
      case 0 -> throw new UserError("no %s in %s; %s".formatted(glob, folder, REMEDY));
      // Left over from an older build: which one is meant would depend on the file system.
      default ->
          throw new UserError(
              "%d jars match %s in %s; delete that folder and build the project again"
                  .formatted(found.size(), glob, folder));
    };
  }

  /**
   * The Java files of a jar in the order of their names, without licence headers, line ends {@code
   * \n}; those that are not UTF-8 are left out.
   */
  static List<String> sources(Path jar) {
    var sources = new ArrayList<String>();
    try (var zip = new ZipFile(jar.toFile())) {
      List<? extends ZipEntry> entries =
          zip.stream()
              .filter(entry -> entry.getName().endsWith(".java"))
              .sorted(Comparator.comparing(ZipEntry::getName))
              .toList();
      for (ZipEntry entry : entries) {
        try (var in = zip.getInputStream(entry)) {
          String source = Texts.utf8(in.readAllBytes());
          if (source != null) {
            sources.add(LicenceHeader.strip(Texts.unixLineEnds(source)));
          }
        }
      }
    } catch (IOException e) {
      throw new UserError("cannot read %s (%s)".formatted(jar, REMEDY), e);
    }
    return sources;
  }
}
