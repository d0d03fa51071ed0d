package dev.mincover.internal.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.internal.storage.VectorSupport.Jvm;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When vectors are used. {@code KernelChoiceTest} tries it with real JVMs. */
class VectorSupportTest {

  private static final String HOTSPOT = "OpenJDK 64-Bit Server VM";
  private static final String MIXED = "mixed mode, sharing";

  private static VectorSupport of(Jvm jvm) {
    return VectorSupport.of(null, jvm);
  }

  private static Jvm hotSpot(String info, @Nullable Integer stopAtLevel) {
    return new Jvm(HOTSPOT, info, true, stopAtLevel, false);
  }

  @Test
  void hotSpotWithC2UsesVectors() {
    assertThat(of(hotSpot(MIXED, 4)).isUsed()).isTrue();
    assertThat(of(hotSpot(MIXED, null)).isUsed()).as("without jdk.management").isTrue();
    assertThat(of(new Jvm("Java HotSpot(TM) 64-Bit Server VM", MIXED, true, 4, false)).isUsed())
        .isTrue();
  }

  @Test
  void withoutC2NothingDoes() {
    for (Jvm jvm :
        new Jvm[] {
          hotSpot(MIXED, 0),
          hotSpot(MIXED, 1),
          hotSpot(MIXED, 2),
          hotSpot(MIXED, 3),
          hotSpot("mixed mode, emulated-client, sharing", null),
          hotSpot("interpreted mode, sharing", 4)
        }) {
      assertThat(of(jvm).isUsed()).as(jvm.toString()).isFalse();
      assertThat(of(jvm).reason()).contains("without C2").contains("-Xint");
    }
  }

  @Test
  void otherJvmsAreNotTrusted() {
    VectorSupport openJ9 = of(new Jvm("Eclipse OpenJ9 VM", "JRE 25", true, null, false));
    assertThat(openJ9.isUsed()).isFalse();
    assertThat(openJ9.reason()).contains("Eclipse OpenJ9 VM").contains("-Dmincover.kernel=vector");
    VectorSupport graal = of(new Jvm(HOTSPOT, MIXED, true, 4, true));
    assertThat(graal.isUsed()).isFalse();
    assertThat(graal.reason()).contains("JVMCI");
  }

  @Test
  void withoutTheModuleTheRemedyIsToAddIt() {
    VectorSupport support = of(new Jvm(HOTSPOT, MIXED, false, 4, false));
    assertThat(support.isUsed()).isFalse();
    assertThat(support.reason()).contains("--add-modules jdk.incubator.vector");
  }

  @Test
  void thePropertyForcesTheChoice() {
    assertThat(VectorSupport.of("scalar", hotSpot(MIXED, 4)).isUsed()).isFalse();
    assertThat(VectorSupport.of("vector", hotSpot("interpreted mode", 0)).isUsed()).isTrue();
  }

  @Test
  void classesThatDoNotFitMeanNoVectors() {
    VectorSupport support = VectorSupport.unfit(new NoSuchMethodError("FloatVector.frob"));
    assertThat(support.isUsed()).isFalse();
    assertThat(support.reason()).contains("does not fit").contains("FloatVector.frob");
  }
}
