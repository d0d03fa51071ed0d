package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {

  @Test
  void lineEndsOfAnySystemAreLineFeeds() {
    assertThat(text("a\r\nb\rc\nd\r\r\ne\u0085f\fg\u2028h")).isEqualTo("a\nb\nc\nd\n\ne\nf\ng\nh");
    assertThat(text("\n\n\r\n\r\nend\r")).isEqualTo("\n\n\n\nend\n");
  }

  @Test
  void whatATerminalWouldObeyIsReplaced() {
    assertThat(text("tab\tbell\u0007 escape\u001b[2J delete\u007f"))
        .isEqualTo("tab\tbell\uFFFD escape\uFFFD[2J delete\uFFFD");
  }

  @Test
  void bytesThatAreNotUtf8AreReplaced() {
    assertThat(Printable.text(new byte[] {'a', (byte) 0xE4, 'b', (byte) 0xC3, (byte) 0xA4}))
        .isEqualTo("a\uFFFDb\u00e4");
  }

  private static String text(String bytes) {
    return Printable.text(bytes.getBytes(UTF_8));
  }
}
