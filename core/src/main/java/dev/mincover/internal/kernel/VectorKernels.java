package dev.mincover.internal.kernel;

import dev.mincover.tensor.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/** Kernels of vector registers: one hidden class per spec, all from {@link VectorRowKernel}. */
public final class VectorKernels implements Kernels {

  static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Of an int that holds two bfloat16, the upper one's magnitude. */
  private static final int UPPER = RowKernel.MAGNITUDE & ~0xffff;

  /** Values of the smallest register. */
  private static final int LEAST_LANES = 4;

  private static final byte[] TEMPLATE = template();

  private final Map<KernelSpec, RowKernel> kernels = new ConcurrentHashMap<>();

  @Override
  public RowKernel of(KernelSpec spec) {
    return kernels.computeIfAbsent(spec, VectorKernels::define);
  }

  @Override
  public int narrow(long rowLength) {
    for (int lanes = I.length(); lanes >= LEAST_LANES; lanes /= 2) {
      if (rowLength % lanes == 0) {
        return lanes;
      }
    }
    return 0;
  }

  private static RowKernel define(KernelSpec spec) {
    RowKernel single = defineOf(spec);
    return PairedRowKernel.serves(spec)
        ? new PairedRowKernel(single, new ScalarRowKernel(spec))
        : single;
  }

  private static RowKernel defineOf(KernelSpec spec) {
    try {
      Lookup own = MethodHandles.lookup().defineHiddenClassWithClassData(TEMPLATE, spec, true);
      return (RowKernel) own.lookupClass().getDeclaredConstructor().newInstance();
    } catch (IllegalAccessException
        | NoSuchMethodException
        | InstantiationException
        | InvocationTargetException e) {
      throw new LinkageError("the kernel's template does not fit", e);
    }
  }

  private static byte[] template() {
    String file = "VectorRowKernel.class";
    try (@Nullable InputStream in = VectorKernels.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new LinkageError(file + " is missing beside the class that needs it");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public int largest(DataType type, MemorySegment g, long at, int n) {
    boolean pairs = type == DataType.BFLOAT16; // Two values an int, each the half of a float32.
    int perLane = pairs ? 2 : 1;
    IntVector largest = IntVector.zero(I);
    int bound = I.loopBound(n / perLane);
    for (int j = 0; j < bound; j += I.length()) {
      IntVector bits = IntVector.fromMemorySegment(I, g, at + (long) j * Integer.BYTES, ORDER);
      largest = largest.max(bits.and(pairs ? UPPER : RowKernel.MAGNITUDE));
      if (pairs) {
        largest = largest.max(bits.lanewise(VectorOperators.LSHL, Short.SIZE).and(UPPER));
      }
    }
    int rest = n - bound * perLane;
    int tail = SCALAR.largest(type, g, at + (long) bound * Integer.BYTES, rest);
    return Math.max(largest.reduceLanes(VectorOperators.MAX), tail);
  }
}
