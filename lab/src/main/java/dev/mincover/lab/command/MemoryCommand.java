package dev.mincover.lab.command;

import dev.mincover.lab.bench.Workload;
import dev.mincover.lab.catalogue.Activations;
import dev.mincover.lab.catalogue.Catalogue;
import dev.mincover.lab.catalogue.KnownModel;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.memory.MemoryEstimate;
import dev.mincover.lab.memory.MemoryTable;
import dev.mincover.lab.memory.ModelShapes;
import dev.mincover.lab.memory.PublishedModel;
import dev.mincover.lab.option.JsonOption;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover memory}: the memory that optimizers take, before anything is trained. */
@Command(
    name = "memory",
    description = {
      "Tells what memory training a model takes with SM3 and with other optimizers: their state,"
          + " weights and gradients, and what a budget leaves for activations. Nothing is"
          + " allocated or downloaded; shapes are enough.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  mincover memory gpt2-xl --budget 24GiB",
      "  mincover memory bert-large --weights bfloat16 --context 128 --budget 16GiB",
      "  mincover memory model.safetensors --json memory.json",
      "  mincover memory --shapes 4096x4096,50257x768,1000"
    })
public final class MemoryCommand implements Callable<Integer> {

  /** So many shapes are a model's name. */
  private static final int SHAPES_NAMED = 6;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description =
          "gpt2, gpt2-medium, gpt2-large, gpt2-xl, 10b, bert-base, bert-large or transformer-big;"
              + " or a .safetensors file, of which the header is read, or a directory of them.")
  private @Nullable String model;

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "SHAPE",
      description =
          "Tensors in place of a MODEL, by comma: dimensions such as 4096x4096, as for bench.")
  private @Nullable List<String> shapes;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description =
          "Type of weights and gradients: float32, bfloat16 or float16. Mincover's optimizers keep"
              + " the same state for all.")
  private String weights = "float32";

  @Option(
      names = "--budget",
      paramLabel = "BYTES",
      description = "Memory to stay within, such as 24GiB or 800MB: tells what fits.")
  private @Nullable String budget;

  @Option(
      names = "--context",
      paramLabel = "N",
      description =
          "Tokens of a sequence, for its activations. Default: the model's longest; 256 of either"
              + " language for transformer-big.")
  private @Nullable Integer context;

  @Mixin private JsonOption json = new JsonOption();

  /** Checks everything, then tells. */
  @Override
  public Integer call() {
    Long bytes = budget == null ? null : ByteCount.parse("--budget", budget);
    DataType type = Names.parse("--weights", weights, DataType.class);
    json.check();
    ModelShapes chosen = chosen();
    KnownModel known = chosen.known();
    if (known == null && context != null) {
      throw new UserError(
          "--context is for a known model; choose %s, or leave it out"
              .formatted(Names.listed(Catalogue.names(), "or")));
    }
    Integer tokens = known == null ? null : tokens(known);
    Activations activations =
        known == null || tokens == null ? null : known.activations(tokens, type.bytes());
    MemoryEstimate estimate = MemoryEstimate.of(chosen, type, activations, tokens, bytes);
    PrintWriter out = spec.commandLine().getOut();
    if (json.leavesTables()) {
      new MemoryTable(chosen, estimate, type, activations, budget).lines().forEach(out::println);
    }
    json.write(estimate, out);
    out.flush();
    return 0;
  }

  private int tokens(KnownModel known) {
    if (context == null) {
      return known.context();
    }
    if (context < 1 || context > known.longestContext()) {
      throw new UserError(
          "--context is %d; %s takes at least 1 and at most %d tokens"
              .formatted(context, known.name(), known.longestContext()));
    }
    return context;
  }

  private ModelShapes chosen() {
    if (shapes != null) {
      if (model != null) {
        throw new UserError(
            "both MODEL '%s' and --shapes are given; leave one of them out".formatted(model));
      }
      return ofShapes(shapes);
    }
    if (model == null) {
      throw new UserError(
          "name a model or a .safetensors file, or give --shapes such as 4096x4096,1000; models are %s"
              .formatted(Names.listed(Catalogue.names(), "and")));
    }
    String name = model;
    return Catalogue.find(name).map(ModelShapes::of).orElseGet(() -> ofFile(name));
  }

  private static ModelShapes ofShapes(List<String> names) {
    List<Shape> tensors =
        names.stream()
            .map(name -> OptionChecks.valid("--shapes", () -> Workload.of(name)))
            .flatMap(workload -> workload.tensors().stream())
            .toList();
    String name = names.size() <= SHAPES_NAMED ? String.join(", ", names) : "your shapes";
    return OptionChecks.valid("--shapes", () -> ModelShapes.of(name, tensors));
  }

  private static ModelShapes ofFile(String name) {
    Path path;
    try {
      path = Path.of(name);
    } catch (InvalidPathException _) {
      throw unknown(name);
    }
    // Then it was meant to be a file, and what is wrong with that is the better message.
    boolean isFile = name.endsWith(".safetensors") || name.contains("/");
    if (!isFile && !Files.exists(path)) {
      throw unknown(name);
    }
    return OptionChecks.valid(() -> PublishedModel.read(path));
  }

  private static UserError unknown(String name) {
    return new UserError(
        "no model is called '%s'; there are %s; or name a .safetensors file"
            .formatted(name, Names.listed(Catalogue.names(), "and")));
  }
}
