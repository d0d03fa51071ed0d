package dev.mincover;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.SafetensorsWriter;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.internal.rule.Rule;
import dev.mincover.internal.step.AverageBuffers;
import dev.mincover.internal.storage.Int8;
import dev.mincover.internal.storage.Storage;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer's weights and state as the tensors of a file, and back.
 * docs/reference/checkpoints.md has the format.
 *
 * <p>[1] Not a tensor: there are readers of the format that know neither integers nor scalars, and
 * a checkpoint of the usual kind should open in them, too.
 */
final class Checkpoint {

  /** The version of the format that is written; older ones stay readable. */
  private static final String VERSION = "1";

  private static final String RESERVED = "mincover.";
  private static final String FORMAT = RESERVED + "format";
  private static final String WRITER = RESERVED + "version";
  private static final String STEP = RESERVED + "step";
  private static final String SKIPPED = RESERVED + "skipped steps";
  private static final String RECIPE = RESERVED + "recipe ";

  /** Followed by the name of a parameter that learns [1]. */
  private static final String STEPS = RESERVED + "steps of ";

  /** State of a parameter stands under this, its name and a slash. */
  private static final String STATE = "optimizer/";

  private static final String AVERAGE = "average";
  private static final String MOMENTUM = "momentum";
  private static final String CODES = "momentum.codes";
  private static final String SCALES = "momentum.scales";

  private final Recipe recipe;
  private final Collection<Parameter> parameters;
  private final List<Rule> rules;
  private final @Nullable AverageBuffers averages;

  /**
   * Of an optimizer.
   *
   * @param parameters all of them, frozen ones included
   * @param rules of those that learn, in their order
   */
  Checkpoint(
      Recipe recipe,
      Collection<Parameter> parameters,
      List<Rule> rules,
      @Nullable AverageBuffers averages) {
    this.recipe = recipe;
    this.parameters = parameters;
    this.rules = rules;
    this.averages = averages;
  }

  /**
   * What a checkpoint says of the training.
   *
   * @param steps taken
   * @param skippedSteps left out by the guard
   * @param metadata of the user's
   */
  record Progress(long steps, long skippedSteps, Map<String, String> metadata) {}

  /**
   * Writes a file.
   *
   * @param others tensors of the user's, under names of their own
   */
  void save(Path file, Progress progress, List<NamedTensor> others) throws IOException {
    for (String key : progress.metadata().keySet()) {
      if (key.startsWith(RESERVED)) {
        throw new IllegalArgumentException(
            "metadata '%s' starts with '%s', which is kept for Mincover; choose another key"
                .formatted(key, RESERVED));
      }
    }
    List<NamedTensor> tensors = tensors();
    for (NamedTensor other : others) {
      if (other.name().startsWith(STATE)) {
        throw new IllegalArgumentException(
            "tensor '%s' has a name that starts with '%s', which is kept for state; choose another"
                .formatted(other.name(), STATE));
      }
      tensors.add(other);
    }
    Map<String, String> metadata = new LinkedHashMap<>(progress.metadata());
    metadata.put(FORMAT, VERSION);
    String version = Checkpoint.class.getPackage().getImplementationVersion();
    metadata.put(WRITER, version == null ? "development" : version);
    metadata.put(STEP, String.valueOf(progress.steps()));
    metadata.put(SKIPPED, String.valueOf(progress.skippedSteps()));
    RecipeText.of(recipe).forEach((choice, text) -> metadata.put(RECIPE + choice, text));
    for (Rule rule : rules) {
      metadata.put(STEPS + rule.parameter().name(), String.valueOf(rule.steps()));
    }
    SafetensorsWriter.write(file, tensors, metadata);
  }

  /** Copies all state to an optimizer of the same recipe for parameters of the same names. */
  void handOver(Checkpoint other) {
    for (int i = 0; i < rules.size(); i++) {
      Rule rule = rules.get(i);
      int index = other.index(rule.parameter().name());
      List<NamedTensor> from = state(i);
      List<NamedTensor> to = other.state(index);
      for (int k = 0; k < from.size(); k++) {
        to.get(k).elements().copyFrom(from.get(k).elements());
      }
      other.rules.get(index).restoreSteps(rule.steps());
    }
  }

  private int index(String name) {
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).parameter().name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("no parameter is named '%s'".formatted(name));
  }

  /** Weights under their names, and state, all in its own memory. */
  List<NamedTensor> tensors() {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "checkpoints hold little-endian values, and this processor's are big-endian");
    }
    List<NamedTensor> tensors = new ArrayList<>();
    for (Parameter parameter : parameters) {
      tensors.add(weights(parameter));
    }
    for (int i = 0; i < rules.size(); i++) {
      String prefix = prefix(rules.get(i));
      for (NamedTensor state : state(i)) {
        tensors.add(
            new NamedTensor(prefix + state.name(), state.type(), state.shape(), state.elements()));
      }
    }
    return tensors;
  }

  private static NamedTensor weights(Parameter parameter) {
    return new NamedTensor(
        parameter.name(), stored(parameter.type()), parameter.shape(), parameter.weights());
  }

  /** Of one parameter that learns: its rule's state, and its average if any. */
  private List<NamedTensor> state(int i) {
    List<NamedTensor> state = new ArrayList<>(rules.get(i).state());
    if (averages != null) {
      Shape shape = rules.get(i).parameter().shape();
      state.add(NamedTensor.of(AVERAGE, shape, averages.segment(i)));
    }
    return state;
  }

  private static String prefix(Rule rule) {
    return STATE + rule.parameter().name() + "/";
  }

  private static StoredType stored(DataType type) {
    return switch (type) {
      case FLOAT32 -> StoredType.F32;
      case BFLOAT16 -> StoredType.BF16;
      case FLOAT16 -> StoredType.F16;
    };
  }

  /**
   * Overwrites weights and state with those of a file, once all of it is known to fit.
   *
   * @param others tensors of the user's that are overwritten as well
   * @param beforeChange run once all is known to fit
   * @throws IOException if the file cannot be read, or is damaged; nothing has changed, unless it
   *     became unreadable between its check and its use
   * @throws IllegalArgumentException if it does not fit, naming the first difference; nothing has
   *     changed
   */
  Progress load(Path path, RecipeChanges changes, List<NamedTensor> others, Runnable beforeChange)
      throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Map<String, String> metadata = new LinkedHashMap<>(file.metadata());
      if (metadata.keySet().stream().anyMatch(key -> key.startsWith(RESERVED))
          && !file.hasChecksum()) {
        throw new DamagedFileException(path, "has lost its checksum");
      }
      file.verify();
      Loading loading = new Loading(file, changes);
      loading.requireFormat(metadata);
      loading.requireRecipe(metadata);
      loading.plan(metadata, others);
      long steps = loading.number(metadata, STEP);
      long skipped = loading.number(metadata, SKIPPED);
      beforeChange.run();
      loading.run();
      metadata.keySet().removeIf(key -> key.startsWith(RESERVED));
      return new Progress(steps, skipped, metadata);
    }
  }

  /** One load: checks first, and what to copy then. */
  private final class Loading {
    private final SafetensorsFile file;
    private final RecipeChanges changes;
    private final List<Runnable> copies = new ArrayList<>();
    private final Set<String> used = new HashSet<>();

    Loading(SafetensorsFile file, RecipeChanges changes) {
      this.file = file;
      this.changes = changes;
    }

    private IllegalArgumentException misfit(String why) {
      return new IllegalArgumentException("checkpoint %s %s".formatted(file.path(), why));
    }

    void requireFormat(Map<String, String> metadata) {
      String format = metadata.get(FORMAT);
      if (format == null) {
        throw misfit(
            "holds no optimizer state: it has no metadata '%s'; give a file that an optimizer saved"
                .formatted(FORMAT));
      }
      if (!format.equals(VERSION)) {
        throw misfit(
            "is of format version %s, and this version of Mincover reads %s; use a newer one"
                .formatted(format, VERSION));
      }
    }

    long number(Map<String, String> metadata, String key) {
      String text = metadata.get(key);
      try {
        long number = Long.parseLong(String.valueOf(text));
        if (number >= 0) {
          return number;
        }
      } catch (NumberFormatException _) {
        // Said below.
      }
      throw misfit("says '%s' of %s, which is no number of at least 0".formatted(text, key));
    }

    void requireRecipe(Map<String, String> metadata) {
      for (Map.Entry<String, String> choice : RecipeText.of(recipe).entrySet()) {
        String mine = choice.getValue();
        String saved = metadata.get(RECIPE + choice.getKey());
        if (!mine.equals(saved) && !mayDiffer(choice.getKey(), saved, mine)) {
          throw misfit(
              "was saved with %s '%s', and this recipe has '%s'; %s"
                  .formatted(
                      choice.getKey(),
                      saved,
                      mine,
                      isNumber(choice.getKey(), saved, mine)
                          ? "bind the same, or load it with RecipeChanges.ANY_NUMBER"
                          : "bind the same: its state means nothing to the other"));
        }
      }
    }

    private boolean mayDiffer(String choice, @Nullable String saved, String mine) {
      return choice.equals(RecipeText.LEARNING_RATE)
          || (changes == RecipeChanges.ANY_NUMBER && isNumber(choice, saved, mine));
    }

    /** Whether a choice is one that {@link RecipeChanges#ANY_NUMBER} lets differ. */
    private boolean isNumber(String choice, @Nullable String saved, String mine) {
      if (saved == null) {
        return false;
      }
      return switch (choice) {
        case RecipeText.RULE, RecipeText.ALGORITHM, RecipeText.COVER -> false;
        case RecipeText.MOMENTUM ->
            RecipeText.isNone(saved)
                || RecipeText.isNone(mine)
                || RecipeText.kind(saved).equals(RecipeText.kind(mine));
        default -> true;
      };
    }

    private @Nullable StoredTensor find(String name) {
      return file.find(name).orElse(null);
    }

    /** Finds a tensor of the file for each that is needed. */
    void plan(Map<String, String> metadata, List<NamedTensor> others) {
      for (Parameter parameter : parameters) {
        boolean fixed = parameter.frozen() && parameter.weights().isReadOnly();
        NamedTensor weights = weights(parameter);
        StoredTensor found = require(weights.name(), weights);
        if (!fixed) {
          copy(found, weights, parameter.shape().size());
        }
      }
      for (int i = 0; i < rules.size(); i++) {
        Rule rule = rules.get(i);
        plan(rule, state(i));
        long steps = number(metadata, STEPS + rule.parameter().name());
        copies.add(() -> rule.restoreSteps(steps));
      }
      for (NamedTensor other : others) {
        if (other.elements().isReadOnly()) {
          throw new IllegalArgumentException(
              "tensor '%s' is in read-only memory; give memory that can be overwritten"
                  .formatted(other.name()));
        }
        copy(require(other.name(), other), other, other.shape().size());
      }
      for (StoredTensor tensor : file.tensors()) {
        if (!used.contains(tensor.name()) && !mayBeDropped(tensor.name())) {
          throw misfit(
              "holds tensor '%s' (%s), for which nothing is bound; bind all its parameters under the names it has, and give what else was saved"
                  .formatted(tensor.name(), tensor.format()));
        }
      }
    }

    private void plan(Rule rule, List<NamedTensor> state) {
      String prefix = prefix(rule);
      long size = rule.parameter().shape().size();
      for (NamedTensor mine : state) {
        String name = prefix + mine.name();
        StoredTensor found = find(name);
        boolean isMomentum = mine.name().startsWith(MOMENTUM);
        if (found != null) {
          copy(require(name, mine), mine, size);
        } else if (isMomentum && find(prefix + CODES) != null) {
          decodeInt8(rule, mine);
        } else if (changes == RecipeChanges.ANY_NUMBER && isMomentum && !hasMomentum(prefix)) {
          copies.add(() -> mine.elements().fill((byte) 0));
        } else if (changes == RecipeChanges.ANY_NUMBER && mine.name().equals(AVERAGE)) {
          copies.add(() -> startAverage(rule.parameter(), mine));
        } else {
          throw misfit("lacks tensor '%s' (%s)".formatted(name, mine.format()));
        }
      }
    }

    private boolean hasMomentum(String prefix) {
      return find(prefix + MOMENTUM) != null || find(prefix + CODES) != null;
    }

    private boolean mayBeDropped(String name) {
      String state = name.substring(name.lastIndexOf('/') + 1);
      return changes == RecipeChanges.ANY_NUMBER
          && name.startsWith(STATE)
          && (state.startsWith(MOMENTUM) || state.equals(AVERAGE));
    }

    private StoredTensor require(String name, NamedTensor mine) {
      StoredTensor found = find(name);
      if (found == null) {
        throw misfit("lacks tensor '%s' (%s)".formatted(name, mine.format()));
      }
      boolean fits = found.type() == mine.type() || widens(found.type(), mine.type());
      if (!fits || !found.shape().equals(mine.shape())) {
        throw misfit(
            "holds tensor '%s' as %s, and %s is bound"
                .formatted(name, found.format(), mine.format()));
      }
      used.add(name);
      return found;
    }

    private boolean widens(StoredType from, StoredType to) {
      return changes == RecipeChanges.ANY_NUMBER
          && to == StoredType.F32
          && (from == StoredType.BF16 || from == StoredType.F16);
    }

    private void copy(StoredTensor from, NamedTensor to, long size) {
      MemorySegment elements = file.elements(from);
      if (from.type() == to.type()) {
        copies.add(() -> to.elements().copyFrom(elements));
      } else {
        DataType type = from.type() == StoredType.BF16 ? DataType.BFLOAT16 : DataType.FLOAT16;
        copies.add(() -> convert(Storage.of(type, elements, false), to, size, size));
      }
    }

    private void decodeInt8(Rule rule, NamedTensor mine) {
      String prefix = prefix(rule);
      Shape shape = rule.parameter().shape();
      long rowLength = rule.rowLength();
      long rows = rowLength == 0 ? 0 : shape.size() / rowLength;
      StoredTensor codes = find(prefix + CODES);
      StoredTensor scales = find(prefix + SCALES);
      boolean fits =
          changes == RecipeChanges.ANY_NUMBER
              && mine.type() == StoredType.F32
              && codes != null
              && scales != null
              && codes.type() == StoredType.I8
              && codes.shape().equals(shape)
              && scales.type() == StoredType.F32
              && scales.bytes() == Float.BYTES * Int8.scales(rows, rowLength);
      if (!fits || codes == null || scales == null) {
        throw misfit("lacks tensor '%s' (%s)".formatted(prefix + mine.name(), mine.format()));
      }
      used.add(codes.name());
      used.add(scales.name());
      Int8 stored = new Int8(file.elements(codes), file.elements(scales), rowLength);
      copies.add(() -> convert(stored, mine, shape.size(), rowLength));
    }

    /** In stretches that do not leave a row. */
    private static void convert(Storage from, NamedTensor to, long size, long rowLength) {
      float[] tile = new float[Int8.BLOCK * 64];
      Storage target = Storage.of(DataType.FLOAT32, to.elements(), false);
      for (long row = 0; row < size; row += rowLength) {
        for (long at = row; at < row + rowLength; at += tile.length) {
          int n = (int) Math.min(tile.length, row + rowLength - at);
          from.load(at, n, tile);
          target.store(at, n, tile, 0);
        }
      }
    }

    private static void startAverage(Parameter parameter, NamedTensor average) {
      Storage weights = Storage.of(parameter.type(), parameter.weights(), false);
      convert(weights, average, parameter.shape().size(), Math.max(1, parameter.shape().size()));
    }

    void run() throws IOException {
      try {
        copies.forEach(Runnable::run);
      } catch (InternalError e) { // What a mapping throws where the file has gone from under it.
        throw new IOException(
            "checkpoint %s became unreadable while it was loaded, and weights and state are half overwritten; load another"
                .formatted(file.path()),
            e);
      }
    }
  }
}
