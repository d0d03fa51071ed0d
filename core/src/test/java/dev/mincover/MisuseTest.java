package dev.mincover;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.average.Average;
import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ways to use the library wrongly, each with its error. Whatever is refused is refused before
 * anything changes: the training goes on with the bits that it would have had.
 */
class MisuseTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1).momentum(Momentum.average(0.9));
  private static final Shape TABLE = Shape.of(4, 3);

  @TempDir private static Path folder;

  /** An optimizer in the middle of a training, and what a person may do to it. */
  static final class Training implements AutoCloseable {
    final Arena arena = Arena.ofShared();
    final MemorySegment table = filled(arena.allocate(4 * TABLE.size(), 4));
    final MemorySegment bias = filled(arena.allocate(4 * 3L, 4));
    final Optimizer optimizer;

    Training(Recipe recipe, int threads) {
      optimizer = Optimizer.bind(recipe, parameters(), threads);
      step();
    }

    List<Parameter> parameters() {
      return List.of(
          Parameter.of("table", TABLE, table),
          Parameter.of("bias", Shape.of(3), bias),
          Parameter.of("frozen", new float[2], 2).freeze());
    }

    void step() {
      optimizer.step(
          Map.of("table", Gradient.dense(gradient(12)), "bias", Gradient.dense(gradient(3))));
    }

    List<byte[]> bits() {
      List<byte[]> bits = new ArrayList<>();
      bits.add(table.toArray(JAVA_BYTE));
      bits.add(bias.toArray(JAVA_BYTE));
      optimizer.state().forEach(tensor -> bits.add(tensor.elements().toArray(JAVA_BYTE)));
      return bits;
    }

    @Override
    public void close() {
      optimizer.close();
      arena.close();
    }
  }

  private static MemorySegment filled(MemorySegment weights) {
    for (long at = 0; at < weights.byteSize(); at += Float.BYTES) {
      weights.set(JAVA_FLOAT_UNALIGNED, at, (float) Math.cos((double) at));
    }
    return weights;
  }

  private static float[] gradient(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) Math.sin(1 + i);
    }
    return values;
  }

  /** Something that must not be done. */
  interface Deed {
    void to(Training training) throws Exception;
  }

  /**
   * A row of the table.
   *
   * @param what is done wrongly
   * @param type of the error
   * @param says part of its message
   */
  record Misuse(String what, Class<? extends Throwable> type, String says, Deed deed) {
    @Override
    public String toString() {
      return what;
    }
  }

  private static Misuse argument(String what, String says, Deed deed) {
    return new Misuse(what, IllegalArgumentException.class, says, deed);
  }

  private static Misuse state(String what, String says, Deed deed) {
    return new Misuse(what, IllegalStateException.class, says, deed);
  }

  /** A step with this gradient of the table. */
  private static Deed tableStep(Supplier<Gradient> gradient) {
    return training -> training.optimizer.step(Map.of("table", gradient.get()));
  }

  private static Deed bind(Parameter... parameters) {
    return _ -> Optimizer.bind(SM3, List.of(parameters)).close();
  }

  private static MemorySegment freed() {
    try (Arena arena = Arena.ofConfined()) {
      return arena.allocate(48, 4);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // Only that thread could close it.
  private static MemorySegment ofAnotherThread() {
    return CompletableFuture.supplyAsync(() -> Arena.ofConfined().allocate(48, 4)).join();
  }

  static Stream<Misuse> steps() {
    float[] rows = new float[6];
    float[] notFinite = gradient(12);
    notFinite[7] = Float.NaN;
    return Stream.of(
        argument(
            "a gradient that is too short",
            "the gradient of parameter 'table' has 44 bytes; shape [4, 3] needs 48 bytes of FLOAT32",
            tableStep(() -> Gradient.dense(gradient(11)))),
        argument(
            "a gradient that is too long",
            "has 52 bytes; shape [4, 3] needs 48",
            tableStep(() -> Gradient.dense(gradient(13)))),
        argument(
            "a gradient of another format than it says",
            "has 48 bytes; shape [4, 3] needs 24 bytes of BFLOAT16",
            tableStep(
                () -> Gradient.dense(MemorySegment.ofArray(gradient(12)), DataType.BFLOAT16))),
        argument(
            "a gradient under an unknown name",
            "no parameter is named 'tables'; bound are [table, bias, frozen]",
            t -> t.optimizer.step(Map.of("tables", Gradient.dense(gradient(12))))),
        argument(
            "a gradient of a frozen parameter",
            "parameter 'frozen' is frozen but was given a gradient; leave it out",
            t -> t.optimizer.step(Map.of("frozen", Gradient.dense(gradient(2))))),
        argument(
            "one good gradient and one that is not",
            "the gradient of parameter 'bias' has 4 bytes",
            t ->
                t.optimizer.step(
                    Map.of(
                        "table", Gradient.dense(gradient(12)),
                        "bias", Gradient.dense(gradient(1))))),
        argument(
            "a row beyond the last",
            "the gradient of parameter 'table' names row 4; shape [4, 3] has rows 0 to 3",
            tableStep(() -> Gradient.rows(new long[] {0, 4}, rows))),
        argument(
            "a row before the first",
            "names row -1",
            tableStep(() -> Gradient.rows(new long[] {0, -1}, rows))),
        argument(
            "fewer values than rows",
            "has 12 bytes; 2 rows of shape [4, 3] needs 24 bytes",
            tableStep(() -> Gradient.rows(new long[] {0, 1}, new float[3]))),
        argument(
            "row indices of 32 bits",
            "row indices take 12 bytes, which is no multiple of 8; give them as int64",
            tableStep(() ->
                Gradient.rows(
                    MemorySegment.ofArray(new int[3]),
                    MemorySegment.ofArray(new float[9]),
                    DataType.FLOAT32))),
        new Misuse(
            "a gradient that is not finite",
            NonFiniteGradientException.class,
            "parameter 'table' is NaN at [2, 1]",
            tableStep(() -> Gradient.dense(notFinite))),
        state(
            "a gradient that was freed",
            "the memory of the gradient of parameter 'table' was freed; keep its arena open",
            tableStep(() -> Gradient.dense(freed()))),
        state(
            "a gradient in memory of another thread",
            "the memory of the gradient of parameter 'table' is confined to one thread",
            tableStep(() -> Gradient.dense(ofAnotherThread()))),
        argument(
            "accumulators of a frozen parameter",
            "'frozen' is frozen and has no accumulators",
            t -> t.optimizer.accumulators("frozen")),
        argument(
            "bytes of an unknown parameter",
            "no parameter is named 'x'",
            t -> t.optimizer.stateBytes("x")),
        state(
            "an average that is not kept",
            "the recipe keeps no average; add one with average(Average.polyak(0.999))",
            t -> t.optimizer.swapInAverage()));
  }

  static Stream<Misuse> bindings() {
    float[] shared = new float[8];
    MemorySegment whole = MemorySegment.ofArray(shared);
    return Stream.of(
        argument(
            "weights that are too short",
            "parameter 'w' of shape [3] needs 12 bytes of FLOAT32 weights, but its segment has 8",
            _ -> Parameter.of("w", new float[2], 3)),
        argument(
            "weights that cannot be written",
            "parameter 'w' has read-only weights; freeze it or give a writable segment",
            _ -> Parameter.of("w", Shape.of(8), whole.asReadOnly())),
        argument(
            "a parameter without a name",
            "a parameter of shape [2] has an empty name",
            _ -> Parameter.of("", new float[2], 2)),
        argument(
            "a negative dimension",
            "dimension 1 of shape [2, -1] is negative; use 0 for an empty tensor",
            _ -> Shape.of(2, -1)),
        argument(
            "more values than 64 bits can count",
            "holds more values than 64 bits can count",
            _ -> Shape.of(1L << 31, 1L << 31)),
        argument(
            "two parameters of one name",
            "two parameters are named 'w'; give each a name of its own",
            bind(Parameter.of("w", new float[2], 2), Parameter.of("w", new float[2], 2))),
        argument(
            "one memory under two names",
            "parameters 'v' and 'w' share memory; bind tied weights once, under one name",
            bind(Parameter.of("v", shared, 8), Parameter.of("w", shared, 8))),
        argument(
            "weights that overlap",
            "share memory",
            bind(
                Parameter.of("v", Shape.of(5), whole.asSlice(0, 20)),
                Parameter.of("w", Shape.of(4), whole.asSlice(16, 16)))),
        argument(
            "no threads",
            "threads is 0; it must be at least 1",
            t -> Optimizer.bind(SM3, t.parameters(), 0)),
        argument(
            "a choice for a name that is not there",
            "'tabel'",
            t -> Optimizer.bind(SM3.cover("tabel", Cover.whole()), t.parameters())),
        argument(
            "a cover that does not fit",
            "'bias'",
            t -> Optimizer.bind(SM3.cover("bias", Cover.axes(1)), t.parameters())));
  }

  static Stream<Misuse> loads() {
    Parameter frozen = Parameter.of("frozen", new float[2], 2).freeze();
    Parameter bias = Parameter.of("bias", new float[3], 3);
    Parameter table = Parameter.of("table", new float[12], 4, 3);
    return Stream.of(
        load(
            "fewer parameters", "'bias' (F32 [3]), for which nothing is bound", SM3, table, frozen),
        load(
            "more parameters",
            "lacks tensor 'more' (F32 [2])",
            SM3,
            table,
            bias,
            frozen,
            Parameter.of("more", new float[2], 2)),
        load(
            "a renamed parameter",
            "lacks tensor 'tables' (F32 [4, 3])",
            SM3,
            Parameter.of("tables", new float[12], 4, 3),
            bias,
            frozen),
        load(
            "a parameter of another shape",
            "holds tensor 'table' as F32 [4, 3], and F32 [3, 4] is bound",
            SM3,
            Parameter.of("table", new float[12], 3, 4),
            bias,
            frozen),
        load(
            "a parameter of another type",
            "holds tensor 'table' as F32 [4, 3], and BF16 [4, 3] is bound",
            SM3,
            Parameter.of("table", TABLE, MemorySegment.ofArray(new short[12]), DataType.BFLOAT16),
            bias,
            frozen),
        load(
            "another cover",
            "cover 'slices', and this",
            SM3.cover(Cover.whole()),
            table,
            bias,
            frozen),
        load(
            "another algorithm",
            "algorithm 'sm3-ii', and this",
            SM3.algorithm(Algorithm.SM3_I),
            table,
            bias,
            frozen),
        load(
            "another kind of momentum",
            "momentum 'average 0.9 float32', and this",
            SM3.momentum(Momentum.nesterov(0.9)),
            table,
            bias,
            frozen),
        load(
            "another format of momentum",
            "momentum 'average 0.9 float32', and this",
            SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
            table,
            bias,
            frozen),
        load("another rule", "rule 'sm3', and this", Adam.learningRate(0.1), table, bias, frozen));
  }

  /**
   * A load of the training's checkpoint into another optimizer, whose weights must stay as well.
   */
  private static Misuse load(String what, String says, Recipe recipe, Parameter... parameters) {
    return argument(
        "restoring into " + what,
        says,
        training -> {
          Path file = folder.resolve("misfit.safetensors");
          training.optimizer.save(file);
          try (Optimizer other = Optimizer.bind(recipe, List.of(parameters))) {
            List<byte[]> before =
                other.state().stream().map(t -> t.elements().toArray(JAVA_BYTE)).toList();
            try {
              other.load(file);
            } finally {
              assertThat(other.state().stream().map(t -> t.elements().toArray(JAVA_BYTE)).toList())
                  .containsExactlyElementsOf(before);
            }
          }
        });
  }

  static Stream<Misuse> files() {
    return Stream.of(
        new Misuse(
            "restoring a file that is not there",
            NoSuchFileException.class,
            "none.safetensors",
            t -> t.optimizer.load(folder.resolve("none.safetensors"))),
        new Misuse(
            "restoring a file that is damaged",
            DamagedFileException.class,
            "its contents have the checksum",
            t -> {
              Path file = folder.resolve("damaged.safetensors");
              t.optimizer.save(file);
              byte[] bytes = Files.readAllBytes(file);
              bytes[bytes.length - 1] ^= 1;
              Files.write(file, bytes);
              t.optimizer.load(file);
            }),
        new Misuse(
            "saving into a folder that is not there",
            NoSuchFileException.class,
            "nowhere",
            t -> t.optimizer.save(folder.resolve("nowhere/c.safetensors"))),
        argument(
            "saving under a key that is kept",
            "metadata 'mincover.step' starts with 'mincover.'",
            t -> t.optimizer.save(folder.resolve("c"), Map.of("mincover.step", "3"))));
  }

  static Stream<Misuse> all() {
    return Stream.of(steps(), bindings(), loads(), files()).flatMap(misuses -> misuses);
  }

  @ParameterizedTest
  @MethodSource("all")
  void isRefusedBeforeAnythingChanges(Misuse misuse) {
    for (int threads : new int[] {1, 2}) {
      try (Training training = new Training(SM3, threads);
          Training untouched = new Training(SM3, threads)) {
        List<byte[]> before = training.bits();
        assertThatThrownBy(() -> misuse.deed.to(training))
            .isInstanceOf(misuse.type)
            .hasMessageContaining(misuse.says);
        assertThat(training.bits()).containsExactlyElementsOf(before);
        training.step();
        untouched.step();
        assertThat(training.bits()).containsExactlyElementsOf(untouched.bits());
      }
    }
  }

  @Test
  void onlyARuleThatTakesRowsIsGivenThem() {
    for (Recipe recipe : List.of(Adam.learningRate(0.1), Adafactor.relativeStep())) {
      try (Training training = new Training(recipe, 1)) {
        List<byte[]> before = training.bits();
        Gradient rows = Gradient.rows(new long[] {1}, new float[3]);
        assertThatThrownBy(() -> training.optimizer.step(Map.of("table", rows)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("parameter 'table' of shape [4, 3] takes no sparse gradient");
        assertThat(training.bits()).containsExactlyElementsOf(before);
      }
    }
  }

  /** What comes after the end is refused, but for another end. */
  @Test
  void aClosedOptimizerDoesNothing() throws IOException {
    Training training = new Training(SM3, 2);
    Optimizer optimizer = training.optimizer;
    Path file = folder.resolve("closed.safetensors");
    optimizer.save(file);
    byte[] table = training.table.toArray(JAVA_BYTE);
    optimizer.close();
    optimizer.close();
    for (Deed deed :
        List.<Deed>of(
            Training::step,
            t -> t.optimizer.save(file),
            t -> t.optimizer.load(file),
            t -> t.optimizer.state(),
            t -> t.optimizer.accumulators("table"),
            t -> t.optimizer.swapInAverage())) {
      assertThatThrownBy(() -> deed.to(training))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("this optimizer is closed; bind the recipe again");
    }
    assertThat(training.table.toArray(JAVA_BYTE)).isEqualTo(table);
    assertThat(optimizer.stateBytes()).isZero();
    training.close();
  }

  @Test
  void averagesInThePlaceOfTheWeightsAreNotTrainedOrSaved() {
    Recipe recipe = SM3.average(Average.polyak(0.9));
    try (Training training = new Training(recipe, 1);
        Training untouched = new Training(recipe, 1)) {
      try (AverageSwap _ = training.optimizer.swapInAverage()) {
        for (Deed deed :
            List.<Deed>of(
                Training::step,
                t -> t.optimizer.save(folder.resolve("c")),
                t -> t.optimizer.load(folder.resolve("c")),
                t -> t.optimizer.swapInAverage())) {
          assertThatThrownBy(() -> deed.to(training))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("averages are in the weights' place");
        }
      }
      training.step();
      untouched.step();
      assertThat(training.bits()).containsExactlyElementsOf(untouched.bits());
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // It is closed before the optimizer is.
  void freedOrForeignWeightsAreNotStepped() {
    float[] other = {1, 2, 3};
    for (int threads : new int[] {1, 2}) {
      Arena arena = Arena.ofShared();
      Parameter freed = Parameter.of("freed", Shape.of(12), arena.allocate(48, 4));
      try (Optimizer optimizer =
          Optimizer.bind(SM3, List.of(freed, Parameter.of("other", other, 3)), threads)) {
        arena.close();
        assertThatThrownBy(() ->
                optimizer.step(
                    Map.of(
                        "other", Gradient.dense(gradient(3)),
                        "freed", Gradient.dense(gradient(12)))))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("the memory of the weights of parameter 'freed' was freed");
        assertThat(other).containsExactly(1, 2, 3);
        assertThatThrownBy(() -> optimizer.save(folder.resolve("c")))
            .hasMessageContaining("'freed' was freed");
      }
    }
    Parameter foreign = Parameter.of("foreign", Shape.of(12), ofAnotherThread());
    try (Optimizer optimizer = Optimizer.bind(SM3, List.of(foreign))) {
      assertThatThrownBy(() -> optimizer.step(Map.of("foreign", Gradient.dense(gradient(12)))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "the memory of the weights of parameter 'foreign' is confined to one thread");
    }
  }

  /** No step reads the weights of a frozen parameter, but a checkpoint holds them. */
  @Test
  @SuppressWarnings("MustBeClosedChecker") // It is closed before the optimizer is.
  void freedWeightsThatAreFrozenAreNotSavedOrLoaded() throws IOException {
    float[] table = gradient(12);
    Arena arena = Arena.ofShared();
    Parameter frozen = Parameter.of("frozen", Shape.of(12), arena.allocate(48, 4)).freeze();
    Path file = folder.resolve("frozen.safetensors");
    try (Optimizer optimizer =
        Optimizer.bind(SM3, List.of(Parameter.of("table", table, 4, 3), frozen))) {
      optimizer.save(file);
      optimizer.step(Map.of("table", Gradient.dense(gradient(12))));
      float[] before = table.clone();
      arena.close();
      assertThatThrownBy(() -> optimizer.save(file)).hasMessageContaining("'frozen' was freed");
      assertThatThrownBy(() -> optimizer.load(file)).hasMessageContaining("'frozen' was freed");
      assertThat(table).isEqualTo(before);
    }
  }

  @Test
  void stepsOfTwoThreadsAreTakenOneAtATime() throws Exception {
    int each = 200;
    try (Training training = new Training(SM3, 2);
        Training sequential = new Training(SM3, 2)) {
      CyclicBarrier start = new CyclicBarrier(2);
      List<Thread> threads = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        threads.add(
            Thread.ofPlatform()
                .uncaughtExceptionHandler((_, failure) -> failures.add(failure))
                .start(() -> {
                  awaitQuietly(start);
                  for (int t = 0; t < each; t++) {
                    training.step();
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      for (int t = 0; t < 2 * each; t++) {
        sequential.step();
      }
      assertThat(failures).isEmpty();
      assertThat(training.optimizer.steps()).isEqualTo(2L * each + 1);
      assertThat(training.bits()).containsExactlyElementsOf(sequential.bits());
    }
  }

  private static void awaitQuietly(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void emptyTensorsAndUnalignedMemoryAreFine() {
    float[] aligned = gradient(12);
    MemorySegment unaligned = MemorySegment.ofArray(new byte[49]).asSlice(1);
    unaligned.copyFrom(MemorySegment.ofArray(aligned));
    MemorySegment gradient = MemorySegment.ofArray(new byte[51]).asSlice(3);
    gradient.copyFrom(MemorySegment.ofArray(gradient(12)));
    try (Optimizer one = Optimizer.bind(SM3, List.of(Parameter.of("w", aligned, 4, 3)));
        Optimizer other =
            Optimizer.bind(
                SM3,
                List.of(
                    Parameter.of("w", TABLE, unaligned),
                    Parameter.of("none", new float[0], 5, 0, 3)))) {
      for (int t = 0; t < 5; t++) {
        one.step(Map.of("w", Gradient.dense(gradient(12))));
        other.step(Map.of("w", Gradient.dense(gradient), "none", Gradient.dense(new float[0])));
      }
      assertThat(unaligned.toArray(JAVA_BYTE))
          .isEqualTo(MemorySegment.ofArray(aligned).toArray(JAVA_BYTE));
      for (float[] mu : other.accumulators("none")) {
        assertThat(mu).isEqualTo(new float[mu.length]);
      }
    }
  }

  /** In a file with holes, of which only what is touched takes space. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void moreThanTwoToThe31WeightsAreFine() throws IOException {
    long rows = (1L << 30) + 76;
    Path file = folder.resolve("huge");
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment weights = channel.map(MapMode.READ_WRITE, 0, 4 * 2 * rows, arena);
      Parameter huge = Parameter.of("huge", Shape.of(rows, 2), weights);
      Recipe recipe = Sm3.learningRate(0.5).cover(Cover.axes(1));
      try (Optimizer optimizer = Optimizer.bind(recipe, List.of(huge), 2)) {
        optimizer.step(Map.of("huge", Gradient.rows(new long[] {rows - 1}, new float[] {3, -4})));
        assertThat(optimizer.accumulators("huge")[0]).containsExactly(9, 16);
      }
      long last = 4 * 2 * (rows - 1);
      assertThat(weights.get(JAVA_FLOAT_UNALIGNED, last)).isEqualTo(-0.5f);
      assertThat(weights.get(JAVA_FLOAT_UNALIGNED, last + 4)).isEqualTo(0.5f);
      assertThat(weights.get(JAVA_FLOAT_UNALIGNED, last - 4)).isZero();
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
