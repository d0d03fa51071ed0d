package dev.mincover.testkit.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.testkit.docs.CodeBlocks.Owner;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The code of the documentation compiles; torch and djl have the same test for their blocks. */
class CodeBlocksTest {

  private static List<String> errors(String markdown) {
    return CodeBlocks.of("docs/page.md", markdown).errors(Owner.CORE);
  }

  @Test
  void blocksOfTheDocumentationCompile() {
    assertThat(CodeBlocks.ofProject().errors(Owner.CORE)).isEmpty();
  }

  @Test
  void everyBlockBelongsToOneModule() {
    Map<String, Set<Owner>> owners = CodeBlocks.ofProject().owners();
    assertThat(owners).allSatisfy((block, of) -> assertThat(of).as(block).hasSize(1));
    assertThat(owners.values())
        .as("each module has a block")
        .containsAll(
            List.of(
                EnumSet.of(Owner.CORE),
                EnumSet.of(Owner.TORCH),
                EnumSet.of(Owner.DJL),
                EnumSet.of(Owner.GPU)));
  }

  @Test
  void aWrongBlockIsAnErrorWithPageAndLine() {
    String page =
        """
        # Page

        ```java
        int right = 1;
        ```

        ```java
        import java.awt.Color;

        int wrong = missing;
        Color colour = "red";
        ```
        """;
    List<String> errors = errors(page);
    assertThat(errors).hasSize(2);
    assertThat(errors.get(0))
        .startsWith("docs/page.md:10: ")
        .contains("cannot find symbol", "missing");
    assertThat(errors.get(1)).startsWith("docs/page.md:11: ").contains("incompatible types");
  }

  @Test
  void aClassIsCompiledAsItIs() {
    String types =
        """
        ```java
        final class Sample {
          private final Sm3 recipe = Sm3.learningRate(0.1);
        }
        ```
        """;
    assertThat(errors(types)).hasSize(2).allMatch(error -> error.startsWith("docs/page.md:3: "));
    assertThat(errors(types.replace("final class", "import dev.mincover.recipe.Sm3;\nfinal class")))
        .isEmpty();
  }

  @Test
  void aFragmentHasCoreAndWhatItIsGiven() {
    String page =
        """
        <!-- given: Optimizer optimizer, Map<String, Gradient> gradients -->

        ```java
        optimizer.step(gradients);
        Files.delete(Path.of("file"));
        new Other(Cover.slices());
        ```

        ```java
        import dev.mincover.cover.Cover;

        record Other(Cover cover) {}
        ```
        """;
    assertThat(errors(page)).isEmpty();
    assertThat(errors(page.replace("Optimizer optimizer", "Optimiser optimizer")))
        .singleElement()
        .asString()
        .startsWith("docs/page.md:1: ")
        .contains("Optimiser");
    assertThat(errors(page.replace("given:", "gave:"))).isNotEmpty();
    assertThat(errors(page.replace(" -->\n", " -->\nA text between them.\n"))).isNotEmpty();
  }

  @Test
  void theTypesOfABlockSayWhoseItIs() {
    String page =
        """
        ```java
        import ai.djl.Model;
        ```

        <!-- imports: org.bytedeco.pytorch.Tensor -->
        ```java
        Tensor tensor = null;
        ```

        ```java
        import dev.mincover.djl.BlockOptimizer;
        import dev.mincover.torch.TorchOptimizer;
        ```
        """;
    assertThat(CodeBlocks.of("page.md", page).owners())
        .isEqualTo(
            Map.of(
                "page.md:1", EnumSet.of(Owner.DJL),
                "page.md:6", EnumSet.of(Owner.TORCH),
                "page.md:10", EnumSet.of(Owner.TORCH, Owner.DJL)));
  }

  @Test
  void blocksInListsAndOtherBlocksAreTold() {
    String page =
        """
        ```
        int notJava
        ```

        - In a list:

          ```java
          int wrong = "";
          ```
        """;
    assertThat(errors(page)).singleElement().asString().startsWith("docs/page.md:8: ");
    assertThatThrownBy(() -> errors("text\n```java\nint x;\n"))
        .hasMessage("docs/page.md:2: what begins here has no ```");
  }
}
