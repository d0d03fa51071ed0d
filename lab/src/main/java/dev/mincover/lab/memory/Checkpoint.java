package dev.mincover.lab.memory;

import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.memory.ModelShapes.LeftOut;
import dev.mincover.lab.safetensors.Safetensors;
import dev.mincover.lab.safetensors.StoredType;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The shapes that safetensors files tell in their headers; the values are not read. */
public final class Checkpoint {

  private static final String SUFFIX = ".safetensors";

  private static final Set<StoredType> FLOATING =
      Set.of(
          StoredType.F64,
          StoredType.F32,
          StoredType.F16,
          StoredType.BF16,
          StoredType.F8_E4M3,
          StoredType.F8_E5M2);

  /** What models keep beside weights in floating point: batch norms' averages, rotary angles. */
  private static final Pattern BUFFER =
      Pattern.compile("(.*\\.)?(running_mean|running_var|masked_bias|inv_freq)");

  /** GPT-2's causal mask, of shape 1 x 1 x context x context; a bias has one axis. */
  private static final Pattern MASK = Pattern.compile("(.*\\.)?attn\\.bias");

  private final Map<String, Path> files = new HashMap<>();
  private final List<TensorShape> tensors = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();
  private final Set<String> types = new TreeSet<>();
  private long weights;

  private Checkpoint() {}

  /**
   * The model of a file, or of all files in a directory.
   *
   * @throws UserError if there is none, one is not valid, or two have a tensor of the same name
   */
  public static ModelShapes read(Path path) {
    List<Path> files = files(path);
    Checkpoint checkpoint = new Checkpoint();
    files.forEach(checkpoint::add);
    if (checkpoint.weights == 0) {
      throw new UserError(
          "%s has no weights to train: no tensor of floating point".formatted(path));
    }
    String description =
        "%s in %s"
            .formatted(
                Names.listed(List.copyOf(checkpoint.types), "and"),
                files.size() == 1 ? "the file" : files.size() + " files");
    return new ModelShapes(
        path.toString(), description, checkpoint.tensors, checkpoint.leftOut, null);
  }

  private static List<Path> files(Path path) {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> entries = Files.list(path)) {
      List<Path> files = entries.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
      if (files.isEmpty()) {
        throw new UserError("%s holds no %s file; name one".formatted(path, SUFFIX));
      }
      return files;
    } catch (IOException e) {
      throw new UserError("cannot read " + path, e);
    }
  }

  private void add(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      for (Safetensors.Tensor tensor : Safetensors.read(file, arena).tensors()) {
        Path other = files.put(tensor.name(), file);
        if (other != null) {
          throw new UserError(
              "tensor %s is in %s and in %s; name one file"
                  .formatted(tensor.name(), other, file.getFileName()));
        }
        add(tensor);
      }
    }
  }

  private void add(Safetensors.Tensor tensor) {
    long size = tensor.data().byteSize() / tensor.type().bytes();
    String why = reason(tensor);
    if (why != null) {
      leftOut.add(new LeftOut(tensor.name(), size, why));
    } else if (size > 0) {
      types.add(tensor.type().name());
      tensors.add(new TensorShape(tensor.name(), Shape.of(tensor.shape()), weights));
      weights += size;
    }
  }

  /** Why a tensor is not trained; null if it is. */
  private static @Nullable String reason(Safetensors.Tensor tensor) {
    if (!FLOATING.contains(tensor.type())) {
      return "not of floating point";
    }
    boolean mask = tensor.shape().length > 1 && MASK.matcher(tensor.name()).matches();
    return mask || BUFFER.matcher(tensor.name()).matches() ? "of masks and statistics" : null;
  }
}
