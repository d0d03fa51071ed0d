package dev.mincover.lab.task;

import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.Summary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a trained model does, besides its loss.
 *
 * @param scores figures, the one that people know the task by first; may be empty
 * @param examples of what it does; null for none
 */
public record Outcome(List<Summary.Score> scores, @Nullable Examples examples) {
  /** Nothing besides the loss. */
  public static final Outcome NONE = new Outcome(List.of(), null);

  /** Copies the list. */
  public Outcome {
    scores = List.copyOf(scores);
  }
}
