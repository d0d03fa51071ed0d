package dev.mincover.lab;

import static picocli.CommandLine.Model.UsageMessageSpec.SECTION_KEY_OPTION_LIST;

import dev.mincover.lab.command.BenchCommand;
import dev.mincover.lab.command.CompareCommand;
import dev.mincover.lab.command.GenerateCommand;
import dev.mincover.lab.command.GpuCommand;
import dev.mincover.lab.command.InspectCommand;
import dev.mincover.lab.command.MemoryCommand;
import dev.mincover.lab.command.ReplayCommand;
import dev.mincover.lab.command.ReportCommand;
import dev.mincover.lab.command.SectionedHelp;
import dev.mincover.lab.command.TrainCommand;
import dev.mincover.lab.command.TranslateCommand;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.common.Version;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line {@code mincover}. */
@Command(
    name = "mincover",
    description = "Trains models on the JVM with SM3, the memory-efficient optimizer.",
    subcommands = {
      TrainCommand.class,
      CompareCommand.class,
      GenerateCommand.class,
      TranslateCommand.class,
      ReportCommand.class,
      InspectCommand.class,
      ReplayCommand.class,
      BenchCommand.class,
      MemoryCommand.class,
      GpuCommand.class
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Exit codes: 0 success, 1 failure during the run, 2 bad input, 130 interrupted.",
      "Start with 'mincover train'; each command has its own --help."
    })
public final class Mincover implements Runnable {

  @Spec private CommandSpec spec;

  private Mincover() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT); // Messages are English, with English numbers.
    int code = commandLine().execute(args);
    // If a signal ends the JVM, exit would wait for itself.
    if (!Interrupt.isRequested()) {
      System.exit(code);
    }
  }

  /** Returns the commands. Each error is one line. */
  public static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Mincover());
    commandLine.setOverwrittenOptionsAllowed(true);
    commandLine.setUsageHelpAutoWidth(true);
    commandLine.setExpandAtFiles(false); // A text or a file's name may begin with @.
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.getHelpSectionMap().put(SECTION_KEY_OPTION_LIST, new SectionedHelp());
    }
    commandLine.setParameterExceptionHandler(Mincover::badArgument);
    commandLine.setExecutionExceptionHandler((failure, command, _) -> {
      if (failure instanceof UserError error) {
        command.getErr().println("mincover: " + error.getMessage());
        return UserError.EXIT_CODE;
      }
      throw failure;
    });
    return commandLine;
  }

  /** Refuses a call without a command. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
  }

  private static int badArgument(ParameterException error, String[] args) {
    CommandLine command = error.getCommandLine();
    String line = String.valueOf(error.getMessage()).lines().findFirst().orElse("bad arguments");
    command
        .getErr()
        .printf("mincover: %s; see '%s --help'%n", line, command.getCommandSpec().qualifiedName());
    return UserError.EXIT_CODE;
  }
}
