package dev.mincover.internal.storage;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import jdk.incubator.vector.IntVector;
import org.jspecify.annotations.Nullable;

/**
 * Whether this JVM computes with vectors of {@code jdk.incubator.vector}, and why or why not.
 *
 * <p>The module alone is not enough. Only HotSpot's C2 turns vectors into registers; interpreted,
 * or compiled by C1, each of them is an object on the heap, and code made of them runs several
 * times slower than scalar code. {@code SPECIES_PREFERRED} does not show it: it has 512 bits all
 * the same. {@code java.vm.info} shows some ways to leave C2 out, but not {@code
 * -XX:TieredStopAtLevel} of 0, 2 and 3 [1].
 *
 * <p>[1] Seen with JDK 25.0.3. So the flag itself is read, where the module jdk.management is
 * there.
 *
 * @param isUsed whether vectors are used
 * @param reason for it, in words that end a sentence
 */
public record VectorSupport(boolean isUsed, String reason) {

  /** {@code scalar} or {@code vector} forces the choice; unset leaves it to this class. */
  public static final String PROPERTY = "mincover.kernel";

  private static final String MODULE = "jdk.incubator.vector";

  /** Bits of a register of four float32 values, the least that is worth it. */
  private static final int LEAST_BITS = 128;

  /**
   * What the choice depends on.
   *
   * @param name {@code java.vm.name}
   * @param info {@code java.vm.info}
   * @param hasModule whether the vector module is there
   * @param stopAtLevel the flag {@code TieredStopAtLevel}, 4 for C2; null where it cannot be read
   * @param isJvmci whether another compiler stands in for C2
   */
  record Jvm(
      String name, String info, boolean hasModule, @Nullable Integer stopAtLevel, boolean isJvmci) {

    static Jvm running() {
      String level = flag("TieredStopAtLevel");
      return new Jvm(
          System.getProperty("java.vm.name", ""),
          System.getProperty("java.vm.info", ""),
          ModuleLayer.boot().findModule(MODULE).isPresent(),
          level == null ? null : Integer.valueOf(level),
          "true".equals(flag("UseJVMCICompiler")));
    }

    private static @Nullable String flag(String name) {
      if (ModuleLayer.boot().findModule("jdk.management").isEmpty()) {
        return null;
      }
      try {
        HotSpotDiagnosticMXBean flags =
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        return flags == null ? null : flags.getVMOption(name).getValue();
      } catch (IllegalArgumentException | LinkageError _) {
        return null; // Another JVM, without this flag.
      }
    }

    private boolean hasC2() {
      return (stopAtLevel == null || stopAtLevel >= 4)
          && !info.contains("interpreted mode")
          && !info.contains("emulated-client");
    }
  }

  /** Read once per JVM. */
  private static final class Chosen {
    static final VectorSupport SUPPORT = choose();

    private static VectorSupport choose() {
      Jvm jvm = Jvm.running();
      VectorSupport support = of(System.getProperty(PROPERTY), jvm);
      if (!support.isUsed) {
        return support;
      }
      try {
        int bits = IntVector.SPECIES_PREFERRED.vectorBitSize();
        return bits < LEAST_BITS
            ? new VectorSupport(false, "this processor has no vector registers of 128 bits or more")
            : new VectorSupport(true, "%s, registers of %d bits".formatted(support.reason, bits));
      } catch (LinkageError e) {
        return unfit(e);
      }
    }
  }

  /**
   * Of this JVM.
   *
   * @throws IllegalArgumentException if {@link #PROPERTY} asks for what is not there or not known
   */
  public static VectorSupport ofThisJvm() {
    String forced = System.getProperty(PROPERTY);
    if (forced != null) {
      requireKnown(forced, ModuleLayer.boot().findModule(MODULE).isPresent());
    }
    return Chosen.SUPPORT;
  }

  /**
   * The choice when the vector module's classes do not fit this code: they are still incubating.
   */
  public static VectorSupport unfit(LinkageError error) {
    return new VectorSupport(false, "the vector module of this JDK does not fit: " + error);
  }

  private static void requireKnown(String forced, boolean hasModule) {
    if (!forced.equals("scalar") && !forced.equals("vector")) {
      throw new IllegalArgumentException(
          "-D%s=%s; it must be scalar or vector".formatted(PROPERTY, forced));
    }
    if (forced.equals("vector") && !hasModule) {
      throw new IllegalArgumentException(
          "-D%s=vector needs the vector module; start the JVM with --add-modules %s"
              .formatted(PROPERTY, MODULE));
    }
  }

  /**
   * The choice for a JVM.
   *
   * @param forced what {@link #PROPERTY} says; null if it is not set
   */
  static VectorSupport of(@Nullable String forced, Jvm jvm) {
    if (forced != null) {
      boolean vector = forced.equals("vector") && jvm.hasModule;
      return new VectorSupport(vector, "-D%s=%s asks for it".formatted(PROPERTY, forced));
    }
    if (!jvm.hasModule) {
      return new VectorSupport(
          false,
          "start the JVM with --add-modules %s for the fast vector kernel".formatted(MODULE));
    }
    boolean hotSpot = jvm.name.contains("OpenJDK") || jvm.name.contains("HotSpot");
    if (!hotSpot || jvm.isJvmci) {
      return new VectorSupport(
          false,
          "it is not known whether %s compiles vectors to registers; try -D%s=vector and compare"
              .formatted(jvm.isJvmci ? "this JVM's JVMCI compiler" : jvm.name, PROPERTY));
    }
    if (!jvm.hasC2()) {
      return new VectorSupport(
          false,
          "this JVM runs without C2, which alone compiles vectors to registers; start it without -Xint, -XX:TieredStopAtLevel or -XX:CompilationMode");
    }
    return new VectorSupport(true, "C2 compiles vectors");
  }
}
