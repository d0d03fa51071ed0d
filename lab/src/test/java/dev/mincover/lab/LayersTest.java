package dev.mincover.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** How the lab's packages, and the adapter they use, may need each other; docs/architecture.md. */
class LayersTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.mincover.lab", "dev.mincover.torch");

  @Test
  void noTwoPackagesNeedEachOther() {
    slices().matching("dev.mincover.(**)").should().beFreeOfCycles().check(CLASSES);
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
  void whatKnowsNoTensorEngineNeedsNone() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.mincover.lab.common",
            "dev.mincover.lab.data",
            "dev.mincover.lab.memory",
            "dev.mincover.lab.replay",
            "dev.mincover.lab.report",
            "dev.mincover.lab.run")
        .should()
        .dependOnClassesThat()
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
