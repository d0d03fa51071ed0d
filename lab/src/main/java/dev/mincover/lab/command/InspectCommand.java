package dev.mincover.lab.command;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.inspect.Inspection;
import dev.mincover.lab.inspect.InspectionTable;
import dev.mincover.lab.inspect.ParameterInspection;
import dev.mincover.lab.option.JsonOption;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover inspect}: shows how well the covers of a run fit its gradients. */
@Command(
    name = "inspect",
    description = {
      "Shows, for each parameter of a training run, its cover, the bytes of its accumulators, how"
          + " tight the cover is, and the resulting learning rates. Recommends another cover where"
          + " it is loose.",
      "",
      "Tightness is the median over the weights of nu / sum g^2: 1 is AdaGrad, and 9 means learning"
          + " rates that are 3 times smaller. Nothing is trained: the numbers are those that the run"
          + " recorded, which 'mincover train' does by default.",
      ""
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "docs/explanation/tightness.md explains how to read the table. Example:",
      "  mincover inspect runs/notes --sort tightness --json inspection.json"
    })
public final class InspectCommand implements Callable<Integer> {

  /** The order of the parameters. */
  private enum Order {
    MODEL,
    NAME,
    BYTES,
    TIGHTNESS,
    RATE;

    /** Returns the comparator. Values that are not known come last. */
    private Comparator<ParameterInspection> comparator() {
      return switch (this) {
        case MODEL -> (_, _) -> 0;
        case NAME -> Comparator.comparing(ParameterInspection::name);
        case BYTES -> largestFirst(ParameterInspection::accumulatorBytes);
        case TIGHTNESS -> largestFirst(p -> p.current().tightness());
        case RATE -> largestFirst(p -> p.rates().largestRate());
      };
    }

    private interface Key {
      @Nullable Number of(ParameterInspection parameter);
    }

    private static Comparator<ParameterInspection> largestFirst(Key key) {
      return Comparator.comparingDouble(
              (ParameterInspection parameter) -> {
                Number value = key.of(parameter);
                return value == null ? Double.NEGATIVE_INFINITY : value.doubleValue();
              })
          .reversed();
    }
  }

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "Run directory of 'mincover train'.")
  private Path run;

  @Option(
      names = "--sort",
      paramLabel = "BY",
      description =
          "Order of the parameters: model (its own order), name, bytes, tightness or rate. Numbers are"
              + " sorted from the largest.")
  private String sort = "model";

  @Mixin private JsonOption json = new JsonOption();

  /** Reads the run and writes nothing into it. */
  @Override
  public Integer call() {
    json.check();
    Order order = Names.parse("--sort", sort, Order.class);
    RunDirectory directory = RunDirectory.open(run);
    GradientStatistics statistics = GradientStatistics.read(directory);
    Inspection inspection =
        Inspection.of(Summary.read(directory.summary()), statistics).sorted(order.comparator());
    PrintWriter out = spec.commandLine().getOut();
    json.write(inspection, out);
    if (json.leavesTables()) {
      new InspectionTable(inspection).lines().forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
