package dev.mincover.lab.model;

import dev.mincover.lab.UserError;
import dev.mincover.lab.run.DataType;
import dev.mincover.lab.run.Safetensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A {@link Gpt} as a safetensors file, whose metadata tell the model's size. */
public final class ModelFile {

  private static final String MODEL = "mincover.model";

  private ModelFile() {}

  /**
   * Writes all weights, replacing an older file at once when it is complete.
   *
   * @throws UserError if the file cannot be written
   */
  public static void save(Gpt model, Path file) {
    GptConfig config = model.config();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(MODEL, "gpt");
    metadata.put("layers", Integer.toString(config.layers()));
    metadata.put("width", Integer.toString(config.width()));
    metadata.put("heads", Integer.toString(config.heads()));
    metadata.put("context", Integer.toString(config.context()));
    List<Safetensors.Tensor> tensors = new ArrayList<>();
    model
        .parameters()
        .forEach((name, tensor) ->
            tensors.add(
                new Safetensors.Tensor(name, DataType.F32, tensor.shape(), memory(tensor))));
    new Safetensors(tensors, metadata).write(file);
  }

  /**
   * Reads a model back.
   *
   * @throws UserError if the file is missing, damaged, or not a model that {@link #save} wrote
   */
  public static Gpt load(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors content = Safetensors.read(file, arena);
      Gpt model = new Gpt(config(file, content.metadata()), 0);
      try {
        model.parameters().forEach((name, tensor) -> copy(file, content, name, tensor));
        return model;
      } catch (RuntimeException | Error failure) {
        model.close();
        throw failure;
      }
    }
  }

  private static GptConfig config(Path file, Map<String, String> metadata) {
    if (!"gpt".equals(metadata.get(MODEL))) {
      throw new UserError(
          "%s holds no model of Mincover's; give a run that 'mincover train' made".formatted(file));
    }
    try {
      return new GptConfig(
          number(metadata, "layers"),
          number(metadata, "width"),
          number(metadata, "heads"),
          number(metadata, "context"));
    } catch (IllegalArgumentException e) {
      throw new UserError("%s does not tell the model's size: %s".formatted(file, e.getMessage()));
    }
  }

  private static int number(Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw new IllegalArgumentException("its metadata have no " + key);
    }
    return Integer.parseInt(value);
  }

  private static void copy(Path file, Safetensors content, String name, Tensor tensor) {
    Safetensors.Tensor source = content.tensor(name);
    if (source.type() != DataType.F32 || !Arrays.equals(source.shape(), tensor.shape())) {
      throw new UserError(
          "%s: tensor %s is %s %s, expected F32 %s"
              .formatted(
                  file,
                  name,
                  source.type(),
                  Arrays.toString(source.shape()),
                  Arrays.toString(tensor.shape())));
    }
    memory(tensor).copyFrom(source.data());
  }

  /** The tensor's own memory, which lives as long as the model. */
  @SuppressWarnings("restricted")
  private static MemorySegment memory(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }
}
