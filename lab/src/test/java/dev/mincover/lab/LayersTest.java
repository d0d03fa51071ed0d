package dev.mincover.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Collections.disjoint;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How the lab's packages, and the adapter they use, may need each other; docs/architecture.md. */
class LayersTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.mincover.lab", "dev.mincover.torch");

  private static final Path SOURCES = Path.of("src/main/java/dev/mincover/lab");

  private static final Pattern COMMENT = Pattern.compile("//.*|/\\*(?s:.*?)\\*/");

  private static final Pattern TYPE =
      Pattern.compile("\\b(dev\\.mincover\\.lab(?:\\.[a-z]\\w*)*)\\.[A-Z]");

  @Test
  void noTwoPackagesNeedEachOther() {
    slices().matching("dev.mincover.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /** The compiler copies constants into their users: only a source tells whose they were. */
  @Test
  void noTwoPackagesNameEachOther() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(SOURCES)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    Map<String, Set<String>> needs = new TreeMap<>();
    for (Path source : sources) {
      String code = COMMENT.matcher(Files.readString(source)).replaceAll("");
      String own = code.substring(code.indexOf("package ") + 8, code.indexOf(';')).strip();
      Set<String> named = needs.computeIfAbsent(own, _ -> new TreeSet<>());
      TYPE.matcher(code).results().map(type -> type.group(1)).forEach(named::add);
      named.remove(own);
    }
    assertThat(needs).containsKey("dev.mincover.lab.common");
    // What needs none that is left, or is needed by none, has no part in a cycle.
    boolean fewer = true;
    while (fewer) {
      fewer =
          needs.values().removeIf(named -> disjoint(named, needs.keySet()))
              || needs
                  .keySet()
                  .removeIf(own -> needs.values().stream().noneMatch(n -> n.contains(own)));
    }
    assertThat(needs).as("packages that need each other, and what each needs").isEmpty();
  }

  @Test
  void commonNeedsNothingElseOfTheLab() {
    noClasses()
        .that()
        .resideInAPackage("dev.mincover.lab.common")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are in another package of the lab",
                type ->
                    type.getPackageName().startsWith("dev.mincover.lab")
                        && !type.getPackageName().equals("dev.mincover.lab.common")))
        .check(CLASSES);
  }

  @Test
  void commandsAreNeededByTheMainClassAlone() {
    noClasses()
        .that()
        .resideInAPackage("dev.mincover.lab.*..")
        .and()
        .resideOutsideOfPackage("dev.mincover.lab.command")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.mincover.lab", "dev.mincover.lab.command")
        .check(CLASSES);
  }

  @Test
  void fewPackagesNameTheTensorEngine() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "dev.mincover.torch",
            "dev.mincover.lab.bench",
            "dev.mincover.lab.image",
            "dev.mincover.lab.libtorch",
            "dev.mincover.lab.mlm",
            "dev.mincover.lab.model",
            "dev.mincover.lab.optimizer",
            "dev.mincover.lab.statistics",
            "dev.mincover.lab.train",
            "dev.mincover.lab.translation")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.bytedeco..", "dev.mincover.torch")
        .check(CLASSES);
  }

  /** Not by way of others either, as their documentation says. */
  @Test
  void whatKnowsNoTensorEngineNeedsNone() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.mincover.lab.common",
            "dev.mincover.lab.catalogue",
            "dev.mincover.lab.data",
            "dev.mincover.lab.memory",
            "dev.mincover.lab.replay",
            "dev.mincover.lab.run")
        .should()
        .transitivelyDependOnClassesThat()
        .resideInAPackage("org.bytedeco..")
        .check(CLASSES);
  }

  @Test
  void coresInternalsStayItsOwn() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.mincover.internal..")
        .check(CLASSES);
  }
}
