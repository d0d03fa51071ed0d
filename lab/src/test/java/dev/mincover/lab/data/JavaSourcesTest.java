package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaSourcesTest {
  /** Where the build puts the default corpus; tests run in the module's directory. */
  private static final Path BUILT = Path.of("target", "mincover", "corpus");

  @TempDir Path folder;

  @Test
  void joinsTheFilesOfEachLibraryInTheOrderOfTheirNames() throws IOException {
    jars("x/B.java", "/* Copyright */\npackage x;\r\nclass B {}\r\n", "x/A.java", "class A {}\n");
    Corpus corpus = Corpus.javaSources(folder);
    String library = "class A {}\n\npackage x;\nclass B {}\n";
    assertThat(corpus.validation()).asString(UTF_8).isEqualTo(library);
    assertThat(corpus.training())
        .asString(UTF_8)
        .isEqualTo(String.join("\n", library, library, library, library, library));
    assertThat(corpus.description())
        .startsWith("Java sources of guava 1.0 (33 B), commons-lang3 1.0 (33 B), ")
        .endsWith("; validation on commons-math3 1.0 (33 B)");
  }

  @Test
  void leavesOutFilesThatAreNotUtf8OrNotJava() throws IOException {
    jars("A.java", "class \u00C4 {}", "B.java", "class B {}", "C.txt", "no class");
    assertThat(JavaSources.sources(folder.resolve("guava-1.0-sources.jar")))
        .containsExactly("class B {}");
  }

  @Test
  void namesTheFolderOrJarThatIsMissingAndTheRemedy() throws IOException {
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> Corpus.javaSources(missing))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "no default corpus in %s; build the project again, or name your own text with --corpus",
            missing);
    jars("A.java", "class A {}");
    Files.delete(folder.resolve("spring-core-1.0-sources.jar"));
    assertThatThrownBy(() -> Corpus.javaSources(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no spring-core-[0-9]*-sources.jar in " + folder);
  }

  @Test
  void refusesTwoVersionsOfALibrary() throws IOException {
    jars("A.java", "class A {}");
    jar("guava-2.0-sources.jar", Map.of("A.java", "class A {}"));
    assertThatThrownBy(() -> Corpus.javaSources(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("2 jars match guava-[0-9]*-sources.jar in " + folder);
  }

  @Test
  void refusesABrokenJar() throws IOException {
    jars("A.java", "class A {}");
    Files.writeString(folder.resolve("guava-1.0-sources.jar"), "no zip file");
    assertThatThrownBy(() -> Corpus.javaSources(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot read " + folder.resolve("guava-1.0-sources.jar"));
  }

  @Test
  void noLicenceHeaderOfTheDefaultCorpusSurvives() throws IOException {
    assumeTrue(Files.isDirectory(BUILT), "no default corpus has been built");
    try (Stream<Path> jars = Files.list(BUILT)) {
      assertThat(jars.flatMap(jar -> JavaSources.sources(jar).stream()))
          .hasSizeGreaterThan(4000)
          .noneMatch(source -> head(source).contains("Licensed under"))
          .noneMatch(source -> head(source).contains("Licensed to the Apache"))
          .noneMatch(source -> head(source).contains("Copyright"))
          .noneMatch(source -> source.indexOf('\r') >= 0);
    }
  }

  @Test
  void theDefaultCorpusIsValidatedOnALibraryItDoesNotTrainOn() {
    assumeTrue(Files.isDirectory(BUILT), "no default corpus has been built");
    Corpus corpus = Corpus.javaSources(BUILT);
    assertThat(corpus.training()).hasSizeBetween(20_000_000, 30_000_000);
    assertThat(corpus.validation()).hasSizeBetween(5_000_000, 9_000_000);
    var training = new String(corpus.training(), UTF_8);
    for (String name :
        new String[] {
          "com.google.common.base",
          "org.apache.commons.lang3",
          "org.springframework.core",
          "com.fasterxml.jackson.databind",
          "org.apache.lucene"
        }) {
      assertThat(training.contains("\npackage " + name)).as(name).isTrue();
    }
    assertThat(training.contains("package org.apache.commons.math3")).isFalse();
    assertThat(corpus.validation()).asString(UTF_8).contains("package org.apache.commons.math3");
    assertThat(corpus.description()).contains("guava 33.4.8-jre").contains("commons-math3 3.6.1");
  }

  /** What precedes the first declaration. */
  private static String head(String source) {
    int end = source.indexOf("package ");
    return end < 0 ? source : source.substring(0, end);
  }

  /** A jar of every library, all holding these files: name, text, name, text... */
  private void jars(String... files) throws IOException {
    var texts = new TreeMap<String, String>((a, b) -> b.compareTo(a));
    for (int i = 0; i < files.length; i += 2) {
      texts.put(files[i], files[i + 1]);
    }
    for (String library : JavaSources.TRAINING) {
      jar(library + "-1.0-sources.jar", texts);
    }
    for (String library : JavaSources.VALIDATION) {
      jar(library + "-1.0-sources.jar", texts);
    }
  }

  /** ISO 8859-1, so that letters beyond ASCII are not UTF-8. */
  private void jar(String name, Map<String, String> texts) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(folder.resolve(name)))) {
      for (var text : texts.entrySet()) {
        zip.putNextEntry(new ZipEntry(text.getKey()));
        zip.write(text.getValue().getBytes(ISO_8859_1));
      }
    }
  }
}
