package dev.mincover.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MarkdownPageTest {

  @Test
  void linksAreFoundWhereverTheyStand() {
    var page =
        new MarkdownPage(
            """
            See [one](a.md), ![two](b.png "a picture") and [`three`](c.md#part), [four](<d.md>)
            and [a text
            of two lines](e.md). [five][ref]

            [ref]: f.md
            """);
    assertThat(page.links()).containsExactly("a.md", "b.png", "c.md#part", "d.md", "e.md", "f.md");
  }

  @Test
  void codeHasNoLinksAndNoHeadings() {
    var page =
        new MarkdownPage(
            """
            Write `[text](a.md)` or ``[a `tick`](b.md)``, [really](c.md):

            ```
            # no heading
            [text](d.md)
            ```

            # A heading

            ~~~
            [never closed](e.md)
            """);
    assertThat(page.links()).containsExactly("c.md");
    assertThat(page.anchors()).containsExactly("a-heading");
  }

  @Test
  void anchorsAreNamedAsOnGitHub() {
    var page =
        new MarkdownPage(
            """
            # Every option
            ## SM3 (arXiv:1901.11150, section 3)
            ### `--weights bf16` and [Adam](adam.md) ##
            ## Memory, exactly
            ## Memory, exactly
            <a id="by-hand"></a>
            """);
    assertThat(page.anchors())
        .containsExactlyInAnyOrder(
            "every-option",
            "sm3-arxiv190111150-section-3",
            "--weights-bf16-and-adam",
            "memory-exactly",
            "memory-exactly-1",
            "by-hand");
  }
}
