package dev.mincover.tensorflow;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFFailedPreconditionException;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.train.Restore;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/**
 * The variables of a graph in TensorFlow's own checkpoint files. The operators that write and read
 * files are in graphs of their own, since a graph keeps for good what its first saver knows.
 */
final class VariableFiles {

  private final Graph graph;

  /** How a variable is assigned, by its name; made when it is first restored. */
  private final Map<String, Assignment> assignments = new HashMap<>();

  private record Assignment(Placeholder<?> value, Op assign) {}

  VariableFiles(Graph graph) {
    this.graph = graph;
  }

  /** The variables of the graph, by name. */
  private Map<String, Output<?>> variables() {
    Map<String, Output<?>> variables = new TreeMap<>();
    graph
        .operations()
        .forEachRemaining((Operation operation) -> {
          if (operation.type().equals(Optimizer.VARIABLE_V2)) {
            variables.put(operation.name(), operation.output(0));
          }
        });
    return variables;
  }

  /**
   * Writes all variables.
   *
   * @throws IllegalStateException if one is not initialised
   * @throws IOException if the files cannot be written
   */
  void save(Session session, Path prefix) throws IOException {
    Map<String, Output<?>> variables = variables();
    try (Result values = fetch(session, variables.values());
        Graph files = new Graph();
        Session writer = new Session(files)) {
      Ops tf = Ops.create(files);
      Session.Runner runner = writer.runner();
      List<Operand<?>> tensors = new ArrayList<>();
      int at = 0;
      for (Output<?> variable : variables.values()) {
        Placeholder<?> tensor = tf.placeholder(variable.type());
        runner.feed(tensor, values.get(at++));
        tensors.add(tensor);
      }
      Operand<TString> names = names(tf, variables.keySet());
      runner.addTarget(tf.train.save(path(tf, prefix), names, tf.zerosLike(names), tensors));
      write(runner, prefix);
    }
  }

  private static Result fetch(Session session, Iterable<Output<?>> variables) {
    Session.Runner runner = session.runner();
    variables.forEach(runner::fetch);
    try {
      return runner.run();
    } catch (TFFailedPreconditionException uninitialised) {
      throw new IllegalStateException(
          "a variable has no value yet; run its initialiser, or restore, first", uninitialised);
    }
  }

  private static void write(Session.Runner runner, Path prefix) throws IOException {
    try {
      runner.run().close();
    } catch (TensorFlowException | IllegalArgumentException failure) {
      throw new IOException("cannot write checkpoint " + prefix, failure);
    }
  }

  private static Operand<TString> path(Ops tf, Path prefix) {
    return tf.constant(prefix.toAbsolutePath().toString());
  }

  private static Operand<TString> names(Ops tf, Iterable<String> names) {
    List<String> list = new ArrayList<>();
    names.forEach(list::add);
    return tf.constant(StdArrays.ndCopyOf(list.toArray(String[]::new)));
  }

  /**
   * Overwrites all variables, once all values have been read and fit.
   *
   * @param unexpected the name of a variable of state that must not be in the files
   * @throws IOException if there are no such files, or they cannot be read
   * @throws IllegalArgumentException if the files do not fit the graph
   */
  void restore(Session session, Path prefix, String unexpected) throws IOException {
    Path index = prefix.resolveSibling(prefix.getFileName() + ".index");
    if (!Files.exists(index)) {
      throw new NoSuchFileException(
          index.toString(), null, "no checkpoint starts with " + prefix + ", without an extension");
    }
    Map<String, Output<?>> variables = variables();
    try (Graph files = new Graph();
        Session reader = new Session(files)) {
      Ops tf = Ops.create(files);
      Result extra = read(reader, tf, prefix, Map.of(unexpected, TFloat32.class));
      if (extra != null) {
        extra.close();
        throw new IllegalArgumentException(
            "checkpoint %s has the variable '%s', and so more state than this recipe; use the momentum and the cover that it was written with"
                .formatted(prefix, unexpected));
      }
      Map<String, Class<? extends TType>> types = new TreeMap<>();
      variables.forEach((name, variable) -> types.put(name, variable.type()));
      try (Result values = readAll(reader, tf, prefix, types)) {
        assign(session, prefix, variables, values);
      }
    }
  }

  /** Reads all of these variables, or returns null if one is not there. */
  private static @Nullable Result read(
      Session reader, Ops tf, Path prefix, Map<String, Class<? extends TType>> types)
      throws IOException {
    try {
      return readAll(reader, tf, prefix, types);
    } catch (IllegalArgumentException missing) {
      return null;
    }
  }

  private static Result readAll(
      Session reader, Ops tf, Path prefix, Map<String, Class<? extends TType>> types)
      throws IOException {
    Operand<TString> names = names(tf, types.keySet());
    Restore restore =
        tf.train.restore(
            path(tf, prefix), names, tf.zerosLike(names), new ArrayList<>(types.values()));
    Session.Runner runner = reader.runner();
    restore.tensors().forEach(runner::fetch);
    try {
      return runner.run();
    } catch (TensorFlowException | TFInvalidArgumentException failure) {
      String message = String.valueOf(failure.getMessage());
      if (message.contains("not found in checkpoint") || message.contains("dtype")) {
        throw new IllegalArgumentException(
            "checkpoint %s does not fit this graph and recipe (a recipe with momentum has more state than one without): %s"
                .formatted(prefix, message.lines().findFirst().orElse("")),
            failure);
      }
      throw new IOException("cannot read checkpoint " + prefix, failure);
    }
  }

  private void assign(
      Session session, Path prefix, Map<String, Output<?>> variables, Result values) {
    int at = 0;
    for (Map.Entry<String, Output<?>> variable : variables.entrySet()) {
      Shape here = variable.getValue().shape();
      Shape there = values.get(at++).shape();
      if (!here.isCompatibleWith(there)) {
        throw new IllegalArgumentException(
            "variable '%s' has the shape %s, and %s in checkpoint %s; use the model, the momentum and the cover that it was written with"
                .formatted(variable.getKey(), here, there, prefix));
      }
    }
    Session.Runner runner = session.runner();
    at = 0;
    for (Map.Entry<String, Output<?>> variable : variables.entrySet()) {
      Assignment assignment =
          assignments.computeIfAbsent(variable.getKey(), _ -> assignment(variable.getValue()));
      runner.feed(assignment.value(), values.get(at++)).addTarget(assignment.assign());
    }
    runner.run();
  }

  private <T extends TType> Assignment assignment(Output<T> variable) {
    Ops tf = Ops.create(graph).withSubScope("mincover");
    Placeholder<T> value = tf.placeholder(variable.type());
    return new Assignment(value, tf.assign(variable, value));
  }
}
