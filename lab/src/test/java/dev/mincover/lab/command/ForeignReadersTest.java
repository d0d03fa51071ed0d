package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.safetensors.Weights;
import com.github.tjake.jlama.tensor.AbstractTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Readers that no one here wrote open a checkpoint, and find the same numbers in it. */
class ForeignReadersTest {

  private static final Path NPM = Path.of("src/test/npm");

  @TempDir private Path folder;
  private Path checkpoint;

  @BeforeEach
  void train() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "All work and no play.\n".repeat(99));
    Path run = folder.resolve("run");
    Result result =
        mincover(
            "train",
            List.of(
                "--layers 1 --width 16 --heads 2 --context 16 --batch 4 --steps 3 --sample 0 --no-report --untied --corpus %s --out %s"
                    .formatted(text, run)
                    .split(" ")));
    assertThat(result.code()).as(result.err()).isZero();
    checkpoint = run.resolve("checkpoints/step-000000003.safetensors");
  }

  @Test
  @SuppressWarnings("try") // Its close declares every exception.
  void jlamaFindsTheSameNumbers() throws Exception {
    ByteBuffer bytes;
    try (FileChannel channel = FileChannel.open(checkpoint)) {
      bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
    }
    try (Weights weights = SafeTensorSupport.readWeights(bytes.order(ByteOrder.LITTLE_ENDIAN));
        SafetensorsFile ours = SafetensorsFile.open(checkpoint)) {
      assertThat(weights.metadata()).isEqualTo(ours.metadata());
      assertThat(weights.tensorInfoMap()).hasSize(ours.tensors().size());
      for (StoredTensor tensor : ours.tensors()) {
        try (AbstractTensor<?, ?> theirs = weights.load(tensor.name())) {
          byte[] found = theirs.getMemorySegment().toArray(JAVA_BYTE);
          assertThat(found).as(tensor.name()).isEqualTo(elements(ours, tensor));
        }
      }
    }
  }

  @Test
  void jaxJsFindsTheSameNumbers() throws Exception {
    // .ci/run makes sure that it is there.
    assumeTrue(succeeds("npm", "--version"), "Node.js and npm are not installed");
    Path packages = folder.resolve("npm");
    Files.createDirectory(packages);
    for (String name : List.of("package.json", "read.js")) {
      Files.copy(NPM.resolve(name), packages.resolve(name));
    }
    run(packages, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent");
    String json = run(packages, "node", "read.js", checkpoint.toString());
    JsonNode theirs = JsonMapper.shared().readTree(json);
    try (SafetensorsFile ours = SafetensorsFile.open(checkpoint)) {
      assertThat(theirs.get("metadata"))
          .isEqualTo(JsonMapper.shared().valueToTree(ours.metadata()));
      assertThat(theirs.get("tensors")).hasSize(ours.tensors().size());
      for (StoredTensor tensor : ours.tensors()) {
        JsonNode found = theirs.get("tensors").get(tensor.name());
        assertThat(found.get("dtype").stringValue()).isEqualTo(tensor.type().name());
        assertThat(found.get("shape").toString())
            .isEqualTo(Arrays.toString(tensor.shape().dimensions()).replace(" ", ""));
        assertThat(found.get("hex").stringValue())
            .as(tensor.name())
            .isEqualTo(HexFormat.of().formatHex(elements(ours, tensor)));
      }
    }
  }

  private static byte[] elements(SafetensorsFile file, StoredTensor tensor) {
    return file.elements(tensor).toArray(JAVA_BYTE);
  }

  private static boolean succeeds(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException _) {
      return false; // There is no such command.
    }
  }

  private static String run(Path folder, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = process.inputReader(UTF_8).readAllAsString();
    assertThat(process.waitFor()).as("exit code of %s", List.of(command)).isZero();
    return out;
  }
}
