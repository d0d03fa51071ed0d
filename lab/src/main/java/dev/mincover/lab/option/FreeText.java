package dev.mincover.lab.option;

import java.util.Map;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** Gives an option of one text the next word as it is, also where that looks like an option. */
public final class FreeText implements IParameterPreprocessor {

  /** Called by picocli. */
  public FreeText() {}

  @Override
  @SuppressWarnings("JdkObsolete") // The interface's type.
  public boolean preprocess(
      Stack<String> words, CommandSpec command, ArgSpec option, Map<String, Object> info) {
    if (words.isEmpty()) {
      return false; // What picocli says of a missing text is well said.
    }
    option.setValue(words.pop());
    return true;
  }
}
