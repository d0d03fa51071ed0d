package dev.mincover.lab.option;

import dev.mincover.lab.common.UserError;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What {@code --resume} allows to be given besides. */
public final class ResumeOptions {

  private ResumeOptions() {}

  /** Returns the names of the options that are on the command line. */
  public static Set<String> given(CommandSpec command) {
    return command.commandLine().getParseResult().matchedOptions().stream()
        .map(OptionSpec::longestName)
        .collect(Collectors.toSet());
  }

  /**
   * Refuses options that were chosen when the work began.
   *
   * @param allowed the names of the others
   * @param given the names of the options on the command line
   * @param work what goes on, such as {@code run}
   * @throws UserError naming one that is not allowed
   */
  static void requireOnly(Set<String> allowed, Set<String> given, String work) {
    for (String option : new TreeSet<>(given)) {
      if (!allowed.contains(option)) {
        throw new UserError(
            "%s cannot be given with --resume, which goes on with the options of the %s; leave it out, or begin anew"
                .formatted(option, work));
      }
    }
  }
}
