package dev.mincover.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.testkit.docs.CodeBlocks;
import org.junit.jupiter.api.Test;

/** The code of the documentation that needs this engine compiles. */
class CodeBlocksTest {

  @Test
  void blocksOfTheDocumentationCompile() {
    assertThat(CodeBlocks.ofProject().errors(CodeBlocks.Owner.TENSORFLOW)).isEmpty();
  }
}
