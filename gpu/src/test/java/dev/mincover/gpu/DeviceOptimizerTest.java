package dev.mincover.gpu;

import static dev.mincover.gpu.Devices.BACKWARDS;
import static dev.mincover.gpu.Devices.FORWARDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.gpu.Comparison.Tensor;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceException;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.device.TestDevices;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What binding and stepping refuse, what they take, and how they may be called. */
class DeviceOptimizerTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);
  private static final Device DEVICE = FORWARDS.device();

  private static DeviceMemory floats(float... values) {
    DeviceMemory memory = DEVICE.allocate((long) values.length * Float.BYTES);
    memory.upload(MemorySegment.ofArray(values));
    return memory;
  }

  private static float[] read(DeviceMemory memory) {
    float[] values = new float[Math.toIntExact(memory.byteSize() / Float.BYTES)];
    memory.download(MemorySegment.ofArray(values));
    return values;
  }

  static Stream<Arguments> unsupported() {
    return Stream.of(
        Arguments.of(
            PLAIN.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
            "momentum stored as INT8"),
        Arguments.of(PLAIN.average(Average.polyak(0.9)), "an average of the weights"),
        Arguments.of(Adafactor.relativeStep(), "Adafactor"),
        Arguments.of(
            PLAIN.cover(Cover.sets(new long[] {0, 1, 2, 3})),
            "the cover by explicit sets of parameter 'w'"));
  }

  @ParameterizedTest
  @MethodSource("unsupported")
  void whatNoKernelDoesIsRefusedWhenItIsBound(Recipe recipe, String option) {
    long before = DEVICE.allocatedBytes();
    try (DeviceMemory weights = floats(1, 2, 3, 4)) {
      assertThatThrownBy(() ->
              DeviceOptimizer.bind(
                  recipe, DEVICE, List.of(DeviceParameter.of("w", Shape.of(2, 2), weights))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(option + " is not supported on devices; ");
    }
    assertThat(DEVICE.allocatedBytes()).isEqualTo(before);
  }

  /** What core refuses when it binds arrays, a device refuses in the same words. */
  @Test
  void coresErrorsWhenBound() {
    record Case(Recipe recipe, List<String> names) {}
    for (Case each :
        List.of(
            new Case(PLAIN, List.of("a", "a")),
            new Case(PLAIN.cover("b*", Cover.whole()), List.of("a")),
            new Case(PLAIN.rateMultiplier("b*", 2), List.of("a")),
            new Case(PLAIN.cover(Cover.axes(2)), List.of("a")))) {
      List<Parameter> here = new ArrayList<>();
      List<DeviceParameter> there = new ArrayList<>();
      List<DeviceMemory> obtained = new ArrayList<>();
      for (String name : each.names) {
        here.add(Parameter.of(name, new float[4], 2, 2));
        DeviceMemory memory = floats(0, 0, 0, 0);
        obtained.add(memory);
        there.add(DeviceParameter.of(name, Shape.of(2, 2), memory));
      }
      Throwable expected = catchThrowable(() -> Optimizer.bind(each.recipe, here));
      assertThat(expected).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> DeviceOptimizer.bind(each.recipe, DEVICE, there))
          .hasSameClassAs(expected)
          .hasMessage(expected.getMessage());
      obtained.forEach(DeviceMemory::close);
    }
  }

  @Test
  void memoryThatDoesNotFitIsRefused() {
    Shape four = Shape.of(2, 2);
    try (DeviceMemory weights = floats(1, 2, 3, 4);
        DeviceMemory elsewhere = BACKWARDS.device().allocate(16)) {
      assertThatThrownBy(() -> DeviceParameter.of("w", Shape.of(3), weights))
          .hasMessage(
              "parameter 'w' of shape [3] needs 12 bytes of FLOAT32 weights, but its memory has 16");
      assertThatThrownBy(() -> DeviceParameter.of("", four, weights))
          .hasMessageContaining("an empty name");
      DeviceParameter one = DeviceParameter.of("w", four, weights);
      DeviceParameter part = DeviceParameter.of("v", Shape.of(2), weights.slice(8, 8));
      assertThatThrownBy(() -> DeviceOptimizer.bind(PLAIN, DEVICE, List.of(one, part)))
          .hasMessage(
              "parameters 'w' and 'v' share memory; bind tied weights once, under one name");
      assertThatThrownBy(() -> DeviceOptimizer.bind(PLAIN, DEVICE, List.of(one, part.freeze())))
          .hasMessageContaining("share memory");
      DeviceParameter foreign = DeviceParameter.of("x", four, elsewhere);
      assertThatThrownBy(() -> DeviceOptimizer.bind(PLAIN, DEVICE, List.of(foreign)))
          .hasMessageContaining("the weights of parameter 'x' are on device");
      DeviceParameter deep =
          DeviceParameter.of("deep", Shape.of(1, 1, 1, 1, 1, 1, 1, 2, 2), weights);
      assertThatThrownBy(() -> DeviceOptimizer.bind(PLAIN, DEVICE, List.of(deep)))
          .hasMessageContaining("has 9 axes; devices take at most 8");
    }
  }

  @Test
  void coresErrorsInAStep() {
    try (DeviceMemory weights = floats(1, 2, 3, 4);
        DeviceMemory frozen = floats(1);
        DeviceMemory gradient = floats(1, 1, 1, 1)) {
      Map<String, DeviceGradient> good = Map.of("w", DeviceGradient.dense(gradient));
      DeviceOptimizer optimizer =
          DeviceOptimizer.bind(
              Sm3.learningRate(step -> step == 2 ? -1 : 0.1),
              DEVICE,
              List.of(
                  DeviceParameter.of("w", Shape.of(2, 2), weights),
                  DeviceParameter.of("f", Shape.of(1), frozen).freeze()));
      try (optimizer) {
        assertThatThrownBy(() -> optimizer.step(Map.of("x", DeviceGradient.dense(gradient))))
            .hasMessage("no parameter is named 'x'; bound are [w, f]");
        assertThatThrownBy(
                () -> optimizer.step(Map.of("f", DeviceGradient.dense(gradient.slice(0, 4)))))
            .hasMessage("parameter 'f' is frozen but was given a gradient; leave it out");
        assertThatThrownBy(
                () -> optimizer.step(Map.of("w", DeviceGradient.dense(gradient.slice(0, 8)))))
            .hasMessage(
                "the gradient of parameter 'w' has 8 bytes; shape [2, 2] needs 16 bytes of FLOAT32");
        assertThatThrownBy(() -> optimizer.accumulators("f"))
            .hasMessageContaining("is frozen and has no accumulators");
        optimizer.step(good);
        float[] after = read(weights);
        assertThatThrownBy(() -> optimizer.step(good))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("gives a learning rate of -1.0 at step 2");
        assertThat(read(weights)).containsExactly(after);
        assertThat(optimizer.steps()).isEqualTo(1);
        assertThat(optimizer.stateBytes("w")).isEqualTo(3 * (2 + 2) * 4);
        assertThat(optimizer.stateBytes()).isEqualTo(3 * (2 + 2) * 4 + optimizer.tableBytes());
        DeviceMemory freed = floats(1, 1, 1, 1);
        freed.close();
        assertThatThrownBy(() -> optimizer.step(Map.of("w", DeviceGradient.dense(freed))))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("was freed");
      }
      optimizer.close();
      assertThat(optimizer.stateBytes()).isZero();
      assertThatThrownBy(() -> optimizer.step(good))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  /** A device that fails between two launches: here the second kernel does not compile. */
  @Test
  void aStepThatFailedHalfWayIsRemembered(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("whole.safetensors");
    boolean[] broken = {true};
    try (Device device =
            TestDevices.withMistake(
                source -> broken[0] && source.contains("stepGiven") ? source + "!" : source);
        DeviceMemory weights = device.allocate(16);
        DeviceMemory gradient = device.allocate(16);
        DeviceOptimizer optimizer =
            DeviceOptimizer.bind(
                PLAIN, device, List.of(DeviceParameter.of("w", Shape.of(2, 2), weights)))) {
      Map<String, DeviceGradient> good = Map.of("w", DeviceGradient.dense(gradient));
      optimizer.save(file);
      assertThatThrownBy(() -> optimizer.step(good)).isInstanceOf(DeviceException.class);
      assertThatThrownBy(() -> optimizer.step(good))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("a step failed half way");
      assertThatThrownBy(() -> optimizer.save(file)).hasMessageContaining("failed half way");
      broken[0] = false;
      optimizer.load(file);
      optimizer.step(good);
      assertThat(optimizer.steps()).isEqualTo(1);
    }
  }

  @Test
  void closingGivesAllMemoryBack() {
    long before = DEVICE.allocatedBytes();
    try (DeviceMemory weights = floats(1, 2, 3, 4)) {
      for (Recipe recipe :
          List.of(PLAIN, PLAIN.momentum(Momentum.average(0.9)), Adam.learningRate(0.1))) {
        try (DeviceOptimizer optimizer =
            DeviceOptimizer.bind(
                recipe, DEVICE, List.of(DeviceParameter.of("w", Shape.of(2, 2), weights)))) {
          assertThat(DEVICE.allocatedBytes())
              .isEqualTo(before + weights.byteSize() + optimizer.stateBytes());
        }
      }
    }
    assertThat(DEVICE.allocatedBytes()).isEqualTo(before);
  }

  /** Weights and gradients anywhere, such as slices of one large buffer. */
  @Test
  void memoryNeedNotBeAligned() {
    Shape shape = Shape.of(9, 64);
    int size = Math.toIntExact(shape.size());
    float[] w = new float[size];
    float[] g = new float[size];
    for (int i = 0; i < size; i++) {
      w[i] = i;
      g[i] = (i * 7 % 11) - 5;
    }
    try (DeviceMemory all = DEVICE.allocate(4L * (2 * size + 8))) {
      DeviceMemory weights = all.slice(4, 4L * size);
      DeviceMemory gradient = all.slice(4L * (size + 3), 4L * size);
      weights.upload(MemorySegment.ofArray(w));
      gradient.upload(MemorySegment.ofArray(g));
      try (DeviceOptimizer optimizer =
              DeviceOptimizer.bind(
                  PLAIN, DEVICE, List.of(DeviceParameter.of("w", shape, weights)));
          Optimizer host = Optimizer.bind(PLAIN, List.of(Parameter.of("w", w, 9, 64)))) {
        optimizer.step(Map.of("w", DeviceGradient.dense(gradient)));
        host.step(Map.of("w", Gradient.dense(g)));
      }
      assertThat(read(weights)).containsExactly(w);
      assertThat(read(all.slice(0, 4))).containsExactly(0);
      assertThat(read(all.slice(4L * (size + 1), 8))).containsExactly(0, 0);
    }
  }

  /** More steps than may wait, without looking at any in between. */
  @Test
  void manyStepsInARow() {
    float[] w = {1, -2, 3, 4};
    float[] g = {0.5f, -1, 2, 0};
    Recipe recipe = Sm3.learningRate(Schedule.constant(0.1).warmup(100, 2)).guard(Guard.UNCHECKED);
    try (DeviceMemory weights = floats(w);
        DeviceMemory gradient = floats(g);
        DeviceOptimizer optimizer =
            DeviceOptimizer.bind(
                recipe, DEVICE, List.of(DeviceParameter.of("w", Shape.of(2, 2), weights)));
        Optimizer host = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2, 2)))) {
      for (int t = 0; t < 200; t++) {
        optimizer.step(Map.of("w", DeviceGradient.dense(gradient)));
        host.step(Map.of("w", Gradient.dense(g)));
      }
      assertThat(read(weights)).containsExactly(w);
    }
  }

  @Test
  void aStepLeavesNothingOnTheHeap() {
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      tensors.add(new Tensor("t" + i, Shape.of(3 + i, 5), DataType.FLOAT32, DataType.FLOAT32));
    }
    for (Guard guard : List.of(Guard.UNCHECKED, Guard.REFUSE)) {
      try (Comparison comparison =
          new Comparison(DEVICE, PLAIN.guard(guard).momentum(Momentum.average(0.9)), tensors, 1)) {
        comparison.step(true);
        Map<String, DeviceGradient> gradients = comparison.deviceGradients();
        for (int t = 0; t < 2000; t++) {
          comparison.optimizer.step(gradients);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        int steps = 200;
        for (int t = 0; t < steps; t++) {
          comparison.optimizer.step(gradients);
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(bytes / steps).as("bytes a step under %s", guard).isLessThan(MOST_BYTES);
      }
    }
  }

  /** A few small objects at most, whatever the number of tensors. */
  private static final long MOST_BYTES = 1000;

  @Test
  void virtualThreadsMayStep() throws InterruptedException {
    int threads = 16;
    CountDownLatch done = new CountDownLatch(threads);
    Map<Integer, float[]> results = new HashMap<>();
    for (int i = 0; i < threads; i++) {
      int number = i;
      Thread.ofVirtual()
          .start(() -> {
            try (DeviceMemory weights = floats(1, 2, 3, 4);
                DeviceMemory gradient = floats(number, 1, -1, 2);
                DeviceOptimizer optimizer =
                    DeviceOptimizer.bind(
                        PLAIN, DEVICE, List.of(DeviceParameter.of("w", Shape.of(2, 2), weights)))) {
              for (int t = 0; t < 5; t++) {
                optimizer.step(Map.of("w", DeviceGradient.dense(gradient)));
                LockSupport.parkNanos(1000); // Perhaps on another carrier afterwards.
              }
              synchronized (results) {
                results.put(number, read(weights));
              }
            } finally {
              done.countDown();
            }
          });
    }
    done.await();
    for (int i = 0; i < threads; i++) {
      float[] w = {1, 2, 3, 4};
      try (Optimizer host = Optimizer.bind(PLAIN, List.of(Parameter.of("w", w, 2, 2)))) {
        for (int t = 0; t < 5; t++) {
          host.step(Map.of("w", Gradient.dense(new float[] {i, 1, -1, 2})));
        }
      }
      assertThat(results.get(i)).containsExactly(w);
    }
  }
}
