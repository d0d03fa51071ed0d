package dev.mincover.lab.run;

import dev.mincover.lab.common.Names;
import org.jspecify.annotations.Nullable;

/** The tasks that {@code --task} can name, with the words in which their results are told. */
public enum TaskKind {
  /** A GPT over bytes. */
  LM("language model", "byte", "tokens", "a byte bigram"),
  /** An encoder that guesses masked bytes, like BERT. */
  MLM("masked language model", "masked byte", "tokens", "guessing by the bytes\u2019 frequencies"),
  /** An encoder and a decoder that translate. */
  TRANSLATION("translation", "byte", "tokens", "a byte bigram of the translations"),
  /** A convolutional network that tells digits apart. */
  IMAGE("image classification", "picture", "pictures", "guessing by the digits\u2019 frequencies");

  private final String title;
  private final String unit;
  private final String tokens;
  private final String baseline;

  TaskKind(String title, String unit, String tokens, String baseline) {
    this.title = title;
    this.unit = unit;
    this.tokens = tokens;
    this.baseline = baseline;
  }

  /**
   * Returns the task of a name.
   *
   * @param what has it, such as {@code --task}
   * @param name null in files of older versions, which knew lm alone
   * @throws dev.mincover.lab.common.UserError if it is unknown
   */
  public static TaskKind named(String what, @Nullable String name) {
    return name == null ? LM : Names.parse(what, name, TaskKind.class);
  }

  /** The task in prose. */
  public String title() {
    return title;
  }

  /** What a loss is per, in the singular. */
  public String unit() {
    return unit;
  }

  /** What a model reads, in the plural: what speed is counted in. A token is a byte. */
  public String tokens() {
    return tokens;
  }

  /** The trivial model whose loss is to be beaten. */
  public String baseline() {
    return baseline;
  }
}
