package dev.mincover.testkit.docs;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.groupingBy;

import dev.mincover.testkit.docs.MarkdownPage.Block;
import dev.mincover.testkit.docs.MarkdownPage.Line;
import java.io.OutputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * The Java blocks of the documentation, which the tests of each module compile.
 *
 * <p>A block that declares a class, a record, an interface or an enum is compiled as it is. Any
 * other block is a fragment. It becomes the body of a method, and may use what readers of the page
 * will know without being told: all of {@code java.base}, and all of core. What else it presupposes
 * stands in comments just before it, which no reader sees [1]:
 *
 * <pre>{@code
 * <!-- imports: ai.djl.nn.Block, ai.djl.training.* -->
 * <!-- given: float[] weights, Path file -->
 * }</pre>
 *
 * <p>All blocks of a page are compiled together, so that a fragment may use a class that the page
 * has declared.
 *
 * <p>[1] {@code imports} takes what import declarations take, separated by commas, and {@code
 * given} takes the parameters of a method.
 */
public final class CodeBlocks {

  /** The module that compiles a block, with its own class path. Two engines never share one. */
  public enum Owner {
    /** What needs no engine. */
    CORE("(?!)"),

    /** What needs JavaCPP PyTorch. */
    TORCH("\\b(org\\.bytedeco|dev\\.mincover\\.torch)\\."),

    /** What needs DJL. */
    DJL("\\b(ai\\.djl|dev\\.mincover\\.djl)\\."),

    /** What needs TensorFlow-Java. */
    TENSORFLOW("\\b(org\\.tensorflow|dev\\.mincover\\.tensorflow)\\."),

    /** What needs ND4J. */
    ND4J("\\b(org\\.nd4j|org\\.deeplearning4j|dev\\.mincover\\.nd4j)\\."),

    /** What needs Tribuo. */
    TRIBUO("\\b(org\\.tribuo|dev\\.mincover\\.tribuo)\\."),

    /** What needs devices. */
    GPU("\\bdev\\.mincover\\.gpu\\.");

    private final Pattern types;

    Owner(String types) {
      this.types = Pattern.compile(types);
    }
  }

  private static final String PACKAGES_OF_CORE =
      Stream.of("", ".average", ".checkpoint", ".cover", ".recipe", ".schedule", ".tensor")
          .map("import dev.mincover%s.*;"::formatted)
          .reduce("import module java.base;", (left, right) -> left + " " + right);

  private static final Pattern TYPE =
      Pattern.compile(
          "(?m)^(?:(?:public|final|abstract|sealed|non-sealed) )*(?:class|record|interface|enum) (\\w+)");

  private final Map<String, List<Block>> blocks = new LinkedHashMap<>();

  private CodeBlocks(List<MarkdownPage> pages) {
    for (MarkdownPage page : pages) {
      List<Block> java = new ArrayList<>();
      for (Block block : page.blocks()) {
        if (block.language().equalsIgnoreCase("java")) {
          java.add(block);
        }
      }
      blocks.put(page.name(), java);
    }
  }

  /** The blocks of README.md and of all pages in docs. */
  public static CodeBlocks ofProject() {
    return new CodeBlocks(MarkdownPage.ofProject());
  }

  static CodeBlocks of(String page, String markdown) {
    return new CodeBlocks(List.of(MarkdownPage.parse(page, markdown)));
  }

  /** For each block, as {@code page:line}, the modules whose types it names; core's if none. */
  Map<String, Set<Owner>> owners() {
    Map<String, Set<Owner>> owners = new LinkedHashMap<>();
    blocks.forEach((page, java) ->
        java.forEach(block -> owners.put(page + ":" + block.line(), owners(block))));
    return owners;
  }

  private static Set<Owner> owners(Block block) {
    Set<Owner> owners = EnumSet.noneOf(Owner.class);
    Stream.concat(block.comments().stream(), block.code().stream())
        .forEach(line -> {
          for (Owner owner : Owner.values()) {
            if (owner.types.matcher(line.text()).find()) {
              owners.add(owner);
            }
          }
        });
    return owners.isEmpty() ? EnumSet.of(Owner.CORE) : owners;
  }

  /**
   * Compiles the blocks of a module with the class path of this JVM.
   *
   * @return the compiler's errors, each as {@code page:line: message}; empty if all blocks compile
   */
  public List<String> errors(Owner owner) {
    List<String> errors = new ArrayList<>();
    blocks.forEach((page, java) -> {
      List<Source> sources =
          java.stream().filter(block -> owners(block).contains(owner)).map(Source::of).toList();
      if (!sources.isEmpty()) {
        errors.addAll(errors(page, sources));
      }
    });
    return errors;
  }

  private static List<String> errors(String page, List<Source> sources) {
    JavaCompiler compiler =
        requireNonNull(ToolProvider.getSystemJavaCompiler(), "a JDK, which has a compiler");
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
    JavaFileManager files =
        new Discarding(compiler.getStandardFileManager(diagnostics, Locale.ENGLISH, null));
    List<String> options =
        List.of(
            "--release",
            "25",
            "-proc:none",
            "-implicit:none",
            "-classpath",
            requireNonNull(System.getProperty("java.class.path")));
    compiler.getTask(null, files, diagnostics, options, null, sources).call();
    return diagnostics.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(diagnostic -> page + ":" + line(diagnostic) + diagnostic.getMessage(Locale.ENGLISH))
        .toList();
  }

  /** The line in the page and a colon; nothing for an error of the compiler's own. */
  private static String line(Diagnostic<? extends JavaFileObject> diagnostic) {
    return diagnostic.getSource() instanceof Source source
        ? source.line(diagnostic.getLineNumber()) + ": "
        : " ";
  }

  /** A block as a source file. */
  private static final class Source extends SimpleJavaFileObject {
    private final List<Line> lines;

    private Source(String type, List<Line> lines) {
      super(URI.create("string:///" + type + ".java"), Kind.SOURCE);
      this.lines = lines;
    }

    static Source of(Block block) {
      String code = String.join("\n", block.code().stream().map(Line::text).toList());
      Matcher type = TYPE.matcher(code);
      return type.find()
          ? new Source(requireNonNull(type.group(1)), block.code())
          : fragment(block);
    }

    private static Source fragment(Block block) {
      String type = "Fragment" + block.line();
      List<Line> lines = new ArrayList<>();
      lines.add(new Line(block.line(), PACKAGES_OF_CORE));
      Line given = new Line(block.line(), "");
      for (Line comment : block.comments()) {
        String[] parts = comment.text().split(":", 2);
        if (parts[0].equals("imports")) {
          Arrays.stream(parts[1].split(","))
              .map(name -> new Line(comment.number(), "import " + name.strip() + ";"))
              .forEach(lines::add);
        } else if (parts[0].equals("given")) {
          given = new Line(comment.number(), parts[1]);
        }
      }
      Map<Boolean, List<Line>> code =
          block.code().stream().collect(groupingBy(line -> line.text().startsWith("import ")));
      lines.addAll(code.getOrDefault(true, List.of()));
      lines.add(
          new Line(
              given.number(),
              "final class %s { void run(%s) throws Exception {".formatted(type, given.text())));
      lines.addAll(code.getOrDefault(false, List.of()));
      lines.add(new Line(lines.getLast().number(), "} }"));
      return new Source(type, lines);
    }

    /** The line in the page of a line in this file, both from 1. */
    int line(long inFile) {
      int index = Math.clamp(inFile, 1, lines.size()) - 1;
      return lines.get(index).number();
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return String.join("\n", lines.stream().map(Line::text).toList());
    }
  }

  /** Writes no class. */
  private static final class Discarding extends ForwardingJavaFileManager<JavaFileManager> {
    Discarding(JavaFileManager files) {
      super(files);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String type, JavaFileObject.Kind kind, FileObject sibling) {
      return new SimpleJavaFileObject(URI.create("string:///" + type + ".class"), kind) {
        @Override
        public OutputStream openOutputStream() {
          return OutputStream.nullOutputStream();
        }
      };
    }
  }
}
