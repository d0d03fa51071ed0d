package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelMemoryTest {

  /** Its first tensor is larger than a piece, and its sizes are odd. */
  private static final GptSize TINY = new GptSize("tiny", 3, 21, 3, 50_001, 7);

  private static final Sm3 RECIPE = Sm3.learningRate(0.1);

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void stepsInFilesGiveTheBitsOfStepsInMemory(DataType type) {
    try (ModelMemory allocated = new AllocatedModel(TINY, type, 2);
        ModelMemory mapped = new MappedModel(TINY, type, folder, 2)) {
      assertThat(mapped.parts()).hasSize(5);
      assertEqual(mapped, allocated);
      byte[] before = bytes(flat(allocated).getLast().weights());
      try (SteppedModel expected = new SteppedModel(allocated, RECIPE.guard(Guard.UNCHECKED), 1);
          SteppedModel stepped = new SteppedModel(mapped, RECIPE, 2)) {
        for (int i = 0; i < 3; i++) {
          expected.step();
          stepped.step();
          mapped.flush();
        }
        assertThat(expected.stateBytes())
            .isBetween(4L * (50_001 + 21), 1L * TINY.weightCount() * Float.BYTES);
      }
      assertEqual(mapped, allocated);
      assertThat(bytes(flat(allocated).getLast().weights())).isNotEqualTo(before);
    }
    assertThat(folder).isEmptyDirectory();
  }

  private static void assertEqual(ModelMemory one, ModelMemory other) {
    List<ModelMemory.Tensor> tensors = flat(one);
    List<ModelMemory.Tensor> others = flat(other);
    assertThat(tensors).hasSize(TINY.tensorCount()).hasSameSizeAs(others);
    for (int i = 0; i < tensors.size(); i++) {
      assertThat(tensors.get(i).size()).isEqualTo(others.get(i).size());
      assertThat(tensors.get(i).weights().mismatch(others.get(i).weights())).isEqualTo(-1);
      assertThat(tensors.get(i).gradients().mismatch(others.get(i).gradients())).isEqualTo(-1);
    }
  }

  private static List<ModelMemory.Tensor> flat(ModelMemory model) {
    return model.parts().stream().flatMap(List::stream).toList();
  }

  private static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void everyValueIsWritten() {
    try (ModelMemory model = new AllocatedModel(TINY, DataType.FLOAT32, 3)) {
      for (ModelMemory.Tensor tensor : flat(model)) {
        assertThat(zeros(tensor.weights())).isZero();
        assertThat(zeros(tensor.gradients())).isZero();
      }
    }
  }

  private static long zeros(MemorySegment values) {
    return values
        .elements(ValueLayout.JAVA_FLOAT)
        .filter(value -> value.get(ValueLayout.JAVA_FLOAT, 0) == 0)
        .count();
  }

  /** Nothing is left even of a process that is killed. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void theFilesHaveNoNamesWhileTheyAreOpen() {
    long room = MappedModel.room(folder);
    try (MappedModel model = new MappedModel(TINY, DataType.BFLOAT16, folder, 2)) {
      assertThat(folder).isEmptyDirectory();
      assertThat(model.bytes()).isBetween(4 * TINY.weightCount(), room);
    }
  }

  @Test
  void afterAFailureNoJobBegins() {
    AtomicInteger begun = new AtomicInteger();
    List<Runnable> jobs =
        Collections.nCopies(
            100_000,
            () -> {
              begun.incrementAndGet();
              throw new UserError("the disk is full");
            });
    assertThatThrownBy(() -> ModelMemory.inParallel(2, jobs))
        .isInstanceOf(UserError.class)
        .hasMessage("the disk is full");
    int then = begun.get();
    assertThat(then).isPositive();
    List<Runnable> other = List.of(begun::incrementAndGet, begun::incrementAndGet);
    ModelMemory.inParallel(2, other);
    assertThat(begun).hasValue(then + 2);
  }

  @Test
  void filesOfOthersAreLeftAlone() throws Exception {
    Path gradients = Files.writeString(folder.resolve("mincover-tiny.gradients"), "mine");
    assertThatThrownBy(() -> new MappedModel(TINY, DataType.BFLOAT16, folder, 2))
        .isInstanceOf(UserError.class)
        .hasMessage(gradients + " exists; remove it, or name another directory with --mapped");
    assertThat(folder.toFile().list()).containsExactly("mincover-tiny.gradients");
    assertThat(gradients).hasContent("mine");
  }

  @Test
  void refusesWhatIsNoDirectory() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    for (Path path : List.of(file, folder.resolve("none"))) {
      assertThatThrownBy(() -> MappedModel.room(path))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "--mapped %s is not a writable directory; make it, or name another".formatted(path));
    }
    assertThat(MappedModel.room(folder)).isPositive();
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void refusesADirectoryThatIsNotWritable() throws Exception {
    Path locked = Files.createDirectory(folder.resolve("locked"));
    assumeTrue(
        locked.toFile().setWritable(false) && !Files.isWritable(locked), "may write everywhere");
    assertThatThrownBy(() -> MappedModel.room(locked)).hasMessageContaining("not a writable");
  }
}
