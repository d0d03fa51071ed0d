package dev.mincover.lab.memory;

import dev.mincover.lab.catalogue.KnownModel;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model to be trained.
 *
 * @param name of the model or its file
 * @param description what else is to be said of it; may be empty
 * @param tensors that are trained; at least one, none of them empty
 * @param leftOut tensors of a file that are not trained
 * @param notes what a person should know of the files, a sentence each
 * @param known the model, if it is one of the catalogue's
 */
public record ModelShapes(
    String name,
    String description,
    List<TensorShape> tensors,
    List<LeftOut> leftOut,
    List<String> notes,
    @Nullable KnownModel known) {

  /** Of so many weights, every sum of bytes here is far from overflowing. */
  private static final long MOST_WEIGHTS = 1L << 53;

  /**
   * A tensor that is not trained.
   *
   * @param values how many it has
   * @param why in words that follow a number of tensors
   */
  public record LeftOut(String name, long values, String why) {}

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if there is nothing to train, or too much of it
   */
  public ModelShapes {
    tensors = List.copyOf(tensors);
    leftOut = List.copyOf(leftOut);
    notes = List.copyOf(notes);
    double weights = tensors.stream().mapToDouble(tensor -> tensor.shape().size()).sum();
    if (weights == 0) {
      throw new IllegalArgumentException("%s has no weights to train".formatted(name));
    }
    if (weights > MOST_WEIGHTS) {
      throw new IllegalArgumentException(
          "%s has %.1e weights; give at most %.1e".formatted(name, weights, (double) MOST_WEIGHTS));
    }
  }

  /** A model of the catalogue. */
  public static ModelShapes of(KnownModel model) {
    return new ModelShapes(
        model.name(), model.description(), model.tensors(), List.of(), List.of(), model);
  }

  /**
   * Tensors without names.
   *
   * @throws IllegalArgumentException if they have more weights than can be counted
   */
  public static ModelShapes of(String name, List<Shape> shapes) {
    List<TensorShape> tensors = new ArrayList<>();
    long first = 0;
    for (Shape shape : shapes) {
      tensors.add(new TensorShape("w" + tensors.size(), shape, first));
      first += shape.size();
    }
    return new ModelShapes(name, "", tensors, List.of(), List.of(), null);
  }

  /** How many weights are trained. */
  public long weightCount() {
    return tensors.stream().mapToLong(tensor -> tensor.shape().size()).sum();
  }
}
