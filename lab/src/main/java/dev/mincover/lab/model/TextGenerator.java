package dev.mincover.lab.model;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.common.UserError;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Writes text with a {@link Gpt}, a byte at a time. */
public final class TextGenerator {
  /** What is usual. At lower ones a line of spaces may go on for all of a text. */
  public static final double TEMPERATURE = 0.8;

  private final Gpt model;
  private final double temperature;
  private final RandomGenerator random;

  /**
   * A generator of its own sequence.
   *
   * @param temperature logits are divided by it; 1 samples what the model learned, less is safer, 0
   *     always takes the likeliest byte
   * @param seed equal seeds write equal text
   * @throws IllegalArgumentException if the temperature is negative or not finite
   */
  public TextGenerator(Gpt model, double temperature, long seed) {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature is %s; it must be at least 0, for example %s"
              .formatted(temperature, TEMPERATURE));
    }
    this.model = model;
    this.temperature = temperature;
    random = Seed.generator(seed);
  }

  /**
   * Continues a text.
   *
   * @param prompt what comes before, at least a byte; its end as long as the model's context is
   *     seen
   * @param length bytes to write, at least 0
   * @return the bytes written, without the prompt
   * @throws IllegalArgumentException if the prompt is empty
   */
  public byte[] generate(byte[] prompt, int length) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("the prompt is empty; it must be at least a byte");
    }
    int context = model.config().context();
    byte[] text = Arrays.copyOf(prompt, prompt.length + length);
    for (int end = prompt.length; end < text.length; end++) {
      text[end] = (byte) choose(nextLogits(text, Math.max(0, end - context), end));
    }
    return Arrays.copyOfRange(text, prompt.length, text.length);
  }

  private float[] nextLogits(byte[] text, int from, int to) {
    long[] window = new long[to - from];
    for (int i = 0; i < window.length; i++) {
      window[i] = Byte.toUnsignedLong(text[from + i]);
    }
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Tensor logits = model.logits(Tensor.create(window, 1, window.length));
      Tensor last = logits.narrow(1, window.length - 1L, 1).contiguous();
      float[] values = new float[GptConfig.VOCABULARY];
      last.data_ptr_float().get(values);
      return values;
    }
  }

  private int choose(float[] logits) {
    int best = 0;
    for (int i = 0; i < logits.length; i++) {
      if (Float.isNaN(logits[i])) {
        throw new UserError(
            "the model's weights are not finite; train another, with a smaller --learning-rate");
      }
      best = logits[i] > logits[best] ? i : best;
    }
    if (temperature == 0) {
      return best;
    }
    double[] weights = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.exp((logits[i] - logits[best]) / temperature);
      sum += weights[i];
    }
    double left = random.nextDouble() * sum;
    for (int i = 0; i < weights.length; i++) {
      left -= weights[i];
      if (left < 0) {
        return i;
      }
    }
    return best; // Rounding alone leads here.
  }
}
