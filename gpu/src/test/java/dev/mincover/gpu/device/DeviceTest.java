package dev.mincover.gpu.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Memory and kernels of a device, and what is said where there is none. */
class DeviceTest {

  @Test
  void memoryIsZeroedCopiedAndCounted() {
    try (Device device = Device.openCl()) {
      DeviceMemory memory = device.allocate(12);
      assertThat(device.allocatedBytes()).isEqualTo(12);
      assertThat(memory.address() % Device.ALIGNMENT).isZero();
      int[] values = {1, 1, 1};
      memory.download(MemorySegment.ofArray(values));
      assertThat(values).containsExactly(0, 0, 0);
      memory.upload(MemorySegment.ofArray(new int[] {1, 2, 3}));
      DeviceMemory other = device.allocate(12);
      other.copyFrom(memory);
      memory.clear();
      other.slice(4, 8).download(MemorySegment.ofArray(values).asSlice(0, 8));
      assertThat(values).containsExactly(2, 3, 0);
      memory.download(MemorySegment.ofArray(values));
      assertThat(values).containsExactly(0, 0, 0);
      memory.close();
      memory.close();
      assertThat(device.allocatedBytes()).isEqualTo(12);
      assertThat(device.at(other.address(), 12).byteSize()).isEqualTo(12);
      device.at(other.address(), 12).close(); // somebody else's
      other.download(MemorySegment.ofArray(values));
      assertThat(values).containsExactly(1, 2, 3);
      other.close();
    }
  }

  @Test
  void largeHeapArraysAreCopiedInPieces() {
    try (Device device = Device.openCl();
        DeviceMemory memory = device.allocate(5_000_004)) {
      int[] values = new int[1_250_001];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      memory.upload(MemorySegment.ofArray(values));
      int[] found = new int[values.length];
      memory.download(MemorySegment.ofArray(found));
      assertThat(found).isEqualTo(values);
    }
  }

  @Test
  void misuseIsRefused() {
    Device device = Device.openCl();
    DeviceMemory memory = device.allocate(8);
    assertThatThrownBy(() -> memory.upload(MemorySegment.ofArray(new int[3])))
        .hasMessage("12 bytes are copied to or from device memory of 8");
    assertThatThrownBy(() -> memory.slice(4, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> device.allocate(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> device.at(0, 4)).isInstanceOf(IllegalArgumentException.class);
    memory.close();
    assertThatThrownBy(memory::clear)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("this device memory was freed");
    device.close();
    device.close();
    assertThatThrownBy(() -> device.allocate(1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void tooMuchMemoryIsRefusedWithWhatIsThere() {
    try (Device device = Device.openCl()) {
      assertThatThrownBy(() -> device.allocate(1L << 50))
          .isInstanceOf(DeviceException.class)
          .hasMessageContaining("has no 1125899906842624 bytes left; it has ");
      assertThat(device.allocatedBytes()).isZero();
    }
  }

  @Test
  void whatDoesNotCompileIsToldInTheCompilersWords() {
    try (Device device = Device.openCl()) {
      assertThatThrownBy(() -> device.kernel("__kernel void f() { nonsense }", List.of(), "f", 1))
          .isInstanceOf(DeviceException.class)
          .hasMessageContaining("nonsense");
    }
  }

  @Test
  void aKernelRunsInSoManyBlocks() {
    String source =
        """
        __kernel void add(long to, long n, float x) {
          if (get_global_id(0) < n) ((__global float*) to)[get_global_id(0)] += x;
        }
        """;
    try (Device device = Device.openCl();
        DeviceMemory memory = device.allocate(40)) {
      Kernel kernel = device.kernel(source, List.of(), "add", 4);
      kernel.set(0, memory.address());
      kernel.set(1, 9L);
      kernel.set(2, 1.5f);
      kernel.launch(3);
      kernel.launch(0);
      kernel.set(2, 1f);
      kernel.launch(2);
      float[] found = new float[10];
      memory.download(MemorySegment.ofArray(found));
      assertThat(found).containsExactly(2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 1.5f, 0);
    }
  }

  @Test
  void uploadsInOrder() {
    try (Device device = Device.openCl();
        DeviceMemory memory = device.allocate(8);
        Arena arena = Arena.ofConfined()) {
      MemorySegment from = device.hostMemory(8, arena);
      from.set(java.lang.foreign.ValueLayout.JAVA_LONG, 0, 42);
      device.enqueueUpload(memory, from);
      long[] found = new long[1];
      memory.download(MemorySegment.ofArray(found));
      assertThat(found).containsExactly(42);
    }
  }

  @Test
  void aMissingLibraryIsNamedInOneLine() {
    assertThatThrownBy(() ->
            NativeLibrary.open(
                "the driver is missing",
                "mincover.none",
                List.of("libnone.so.1", "libnone.so"),
                List.of("/nowhere")))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "the driver is missing: found none of libnone.so.1, libnone.so and none in [/nowhere]; or name the file with -Dmincover.none");
    System.setProperty("mincover.none", "/nowhere/libnone.so");
    try {
      assertThatThrownBy(() ->
              NativeLibrary.open("the driver is missing", "mincover.none", List.of("c"), List.of()))
          .hasMessage(
              "the driver is missing: found none of /nowhere/libnone.so; or name the file with -Dmincover.none");
    } finally {
      System.clearProperty("mincover.none");
    }
  }

  @Test
  void aMissingFunctionIsNamed() {
    NativeLibrary library =
        NativeLibrary.open(
            "C's library is missing", "mincover.none", List.of("libc.so.6"), List.of());
    assertThatThrownBy(() -> library.function("no_such_function"))
        .isInstanceOf(DeviceException.class)
        .hasMessage("library libc.so.6 is too old: it has no no_such_function");
  }

  @Test
  void withoutADriverCudaSaysSoInOneLine() {
    List<String> found = Device.descriptions();
    assumeThat(found).noneMatch(line -> line.startsWith("CUDA: "));
    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(Device::cuda)
          .isInstanceOf(DeviceException.class)
          .message()
          .contains("CUDA")
          .doesNotContain("\n");
    }
    assertThat(found).anyMatch(line -> line.startsWith("no CUDA device: "));
    assertThat(found).anyMatch(line -> line.startsWith("OpenCL: "));
  }
}
