package dev.mincover;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.mincover.average.Average;
import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A damaged checkpoint is refused with a reason, whatever is wrong with it, and nothing changes.
 */
class DamagedCheckpointTest {

  /** As many as the build says; the profile soak says more. */
  private static final int MUTATIONS = Integer.getInteger("mincover.mutations", 12_000);

  private static final Recipe RECIPE =
      Sm3.learningRate(0.1)
          .momentum(Momentum.average(0.9).stored(Momentum.Format.INT8))
          .average(Average.polyak(0.9));

  @TempDir private Path folder;

  private final float[] weights = new float[6];
  private final float[] bias = new float[2];
  private Optimizer optimizer;
  private Path file;
  private byte[] intact;
  private List<String> before;

  @BeforeEach
  void save() throws IOException {
    optimizer =
        Optimizer.bind(
            RECIPE, List.of(Parameter.of("w", weights, 2, 3), Parameter.of("b", bias, 2)));
    optimizer.step(
        Map.of(
            "w", Gradient.dense(new float[] {1, 2, 3, 4, 5, 6}),
            "b", Gradient.dense(new float[] {1, -1})));
    file = folder.resolve("checkpoint.safetensors");
    optimizer.save(file, Map.of("position", "12"));
    intact = Files.readAllBytes(file);
    optimizer.step(Map.of("w", Gradient.dense(new float[] {1, 2, 3, 4, 5, 6})));
    before = everything();
  }

  @AfterEach
  void close() {
    optimizer.close();
  }

  private List<String> everything() {
    return optimizer.state().stream()
        .map(tensor -> tensor.name() + Arrays.toString(tensor.elements().toArray(JAVA_BYTE)))
        .toList();
  }

  private void refuses(byte[] damaged, String what) throws IOException {
    Files.write(file, damaged);
    try {
      optimizer.load(file);
      fail("loaded with " + what);
    } catch (DamagedFileException refusal) {
      assertThat(refusal.getMessage())
          .as(what)
          .contains("checkpoint.safetensors")
          .doesNotContain("\n");
    }
    assertThat(everything()).as(what).isEqualTo(before);
    assertThat(optimizer.steps()).isEqualTo(2);
  }

  @Test
  void cutShortAtAnyByte() throws IOException {
    for (int length = 0; length < intact.length; length++) {
      refuses(Arrays.copyOf(intact, length), "%d bytes of %d".formatted(length, intact.length));
    }
    refuses(Arrays.copyOf(intact, intact.length + 1), "a byte too many");
  }

  @Test
  void anyBitFlipped() throws IOException {
    for (int bit = 0; bit < 8 * intact.length; bit++) {
      byte[] damaged = intact.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      refuses(damaged, "bit %d of byte %d flipped".formatted(bit % 8, bit / 8));
    }
  }

  /** Bytes overwritten, removed, added, swapped, zeroed, and headers that lie. */
  @Test
  void anythingElse() throws IOException {
    for (int seed = 0; seed < MUTATIONS; seed++) {
      byte[] damaged = mutated(new Random(seed));
      if (!Arrays.equals(damaged, intact)) {
        refuses(damaged, "mutation of seed " + seed);
      }
    }
  }

  private byte[] mutated(Random random) {
    byte[] bytes = intact.clone();
    int header = (int) ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
      // Most of the time where the meaning is: in the header.
      int end = random.nextInt(3) > 0 ? Math.min(bytes.length, 8 + header) : bytes.length;
      int at = random.nextInt(Math.max(1, end));
      int count = Math.min(1 + random.nextInt(16), bytes.length - at);
      switch (random.nextInt(8)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] = (byte) "0123456789\"{}[],:\\".charAt(random.nextInt(18));
        case 2 -> Arrays.fill(bytes, at, at + count, (byte) 0);
        case 3 -> bytes = spliced(bytes, at, count, new byte[0]);
        case 4 -> bytes = spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + count));
        case 5 -> {
          int from = random.nextInt(bytes.length - count + 1);
          System.arraycopy(bytes, from, bytes, at, count);
        }
        case 6 -> {
          long length =
              random.nextInt(4) == 0 ? random.nextLong() : header + random.nextInt(64) - 32;
          ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        }
        default -> bytes = Arrays.copyOf(bytes, 8 + random.nextInt(bytes.length));
      }
      if (bytes.length < 24) {
        break;
      }
    }
    return bytes;
  }

  private static byte[] spliced(byte[] bytes, int at, int removed, byte[] added) {
    byte[] spliced = new byte[bytes.length - removed + added.length];
    System.arraycopy(bytes, 0, spliced, 0, at);
    System.arraycopy(added, 0, spliced, at, added.length);
    System.arraycopy(bytes, at + removed, spliced, at + added.length, bytes.length - at - removed);
    return spliced;
  }
}
