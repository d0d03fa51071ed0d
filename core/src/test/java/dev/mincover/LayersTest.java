package dev.mincover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Core's packages have layers, each of which needs only those below it; docs/architecture.md. */
class LayersTest {

  /** From the lowest to the highest; packages of one layer do not need each other either. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("tensor", "cover", "schedule", "average"),
          List.of("recipe", "checkpoint"),
          List.of("internal.storage"),
          List.of("internal.kernel"),
          List.of("internal.rows"),
          List.of("internal.thread"),
          List.of("internal.gradient"),
          List.of("internal.pass"),
          List.of("internal.rule"),
          List.of("internal.step"),
          List.of(""));

  private static final JavaClasses CORE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.mincover");

  private static final Path SOURCES = Path.of("src/main/java/dev/mincover");

  private static final Pattern COMMENT = Pattern.compile("//.*|/\\*(?s:.*?)\\*/");

  private static final Pattern TYPE =
      Pattern.compile("\\bdev\\.mincover(?:\\.([a-z]\\w*(?:\\.[a-z]\\w*)*))?\\.[A-Z]\\w*");

  private static String[] names(List<String> packages) {
    return packages.stream()
        .map(name -> name.isEmpty() ? "dev.mincover" : "dev.mincover." + name)
        .toArray(String[]::new);
  }

  @Test
  void everyPackageHasALayer() {
    classes()
        .should()
        .resideInAnyPackage(
            LAYERS.stream().map(LayersTest::names).flatMap(Stream::of).toArray(String[]::new))
        .check(CORE);
  }

  @Test
  void eachLayerNeedsOnlyThoseBelowIt() {
    for (int i = 0; i < LAYERS.size(); i++) {
      List<String> above =
          LAYERS.subList(i + 1, LAYERS.size()).stream().flatMap(List::stream).toList();
      for (String lower : LAYERS.get(i)) {
        List<String> others = new ArrayList<>(above);
        others.addAll(LAYERS.get(i));
        others.remove(lower);
        if (!others.isEmpty()) {
          noClasses()
              .that()
              .resideInAPackage(names(List.of(lower))[0])
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(names(others))
              .check(CORE);
        }
      }
    }
  }

  @Test
  void noTwoPackagesNeedEachOther() {
    slices().matching("(dev.mincover..)").should().beFreeOfCycles().check(CORE);
  }

  @Test
  void coreNeedsTheJdkAlone() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.mincover..",
            "java..",
            "jdk.incubator.vector..",
            "com.sun.management..",
            "org.jspecify..")
        .check(CORE);
  }

  /** The compiler copies constants into their users: only a source tells whose they were. */
  @Test
  void sourcesNameOnlyWhatLiesBelow() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(SOURCES)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    assertThat(sources).isNotEmpty();
    List<String> violations = new ArrayList<>();
    for (Path source : sources) {
      Path folder = SOURCES.relativize(source).getParent();
      String own = folder == null ? "" : folder.toString().replace(File.separatorChar, '.');
      TYPE.matcher(COMMENT.matcher(Files.readString(source)).replaceAll(""))
          .results()
          .forEach(type -> {
            String other = type.group(1) == null ? "" : type.group(1);
            if (!other.equals(own) && layer(other) >= layer(own)) {
              violations.add("%s names %s".formatted(source, type.group()));
            }
          });
    }
    assertThat(violations).as("types of a layer above or beside").isEmpty();
  }

  private static int layer(String name) {
    for (int i = 0; i < LAYERS.size(); i++) {
      if (LAYERS.get(i).contains(name)) {
        return i;
      }
    }
    throw new AssertionError("package " + name + " has no layer");
  }
}
