package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WideEncodingTest {
  private static final String ENGLISH = "All work and no play.\r\n";
  private static final String RUSSIAN =
      "\u0412\u0441\u0435 \u0441\u0447\u0430\u0441\u0442\u043b\u0438\u0432\u044b\u0435\n";
  private static final String CHINESE = "\u4e00\u4e2d\u6587\u5b57\u5178\u4e00\u4e8c\u4e09\n";
  private static final String EMOJI = "\ud83d\ude00 \ud83d\ude80 beyond the first plane\n";

  @ParameterizedTest
  @CsvSource({
    "UTF-16LE, UTF-16 little-endian, UTF-16",
    "UTF-16BE, UTF-16 big-endian, UTF-16",
    "UTF-32LE, UTF-32 little-endian, UTF-32",
    "UTF-32BE, UTF-32 big-endian, UTF-32"
  })
  void textsAreKnownWithAndWithoutAMark(String charset, String title, String marked) {
    for (String text : List.of(ENGLISH, RUSSIAN, CHINESE, EMOJI, "a b")) {
      for (int times : new int[] {1, 10_000}) {
        byte[] bare = text.repeat(times).getBytes(Charset.forName(charset));
        assertFound(bare, title, charset);
        byte[] bytes = ("\uFEFF" + text.repeat(times)).getBytes(Charset.forName(charset));
        assertFound(bytes, title, marked);
      }
    }
    // Without a mark nothing tells it from other bytes.
    assertFound("\uFEFF\u4e2d\u6587".getBytes(Charset.forName(charset)), title, marked);
  }

  private static void assertFound(byte[] bytes, String title, String name) {
    WideEncoding.Found found = WideEncoding.of(bytes).orElseThrow();
    assertThat(found.title()).isEqualTo(title);
    assertThat(found.conversion("a")).isEqualTo("iconv -f %s -t UTF-8 a", name);
  }

  @Test
  void otherBytesAreNot() {
    for (String text :
        List.of("", " ", "\0", ENGLISH, RUSSIAN, CHINESE, EMOJI, "\uFEFF" + ENGLISH)) {
      assertThat(WideEncoding.of(text.getBytes(UTF_8))).as(text).isEmpty();
    }
    for (String binary :
        List.of(
            "bi\0nary", "bin\0ary!", "a/b\0c d/e\0f\0", "\0\0\0\0", "PK\3\4\24\0\0\0\10\0 \0")) {
      assertThat(WideEncoding.of(binary.getBytes(UTF_8))).as(binary).isEmpty();
    }
    Random random = new Random(1);
    for (int length = 64; length < 1000; length++) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      assertThat(WideEncoding.of(bytes)).isEmpty();
    }
  }

  @Test
  void textsOfOtherEncodingsAreNot() {
    for (String charset : List.of("ISO-8859-1", "GBK", "Shift_JIS", "windows-1251")) {
      for (String text : List.of(ENGLISH, RUSSIAN, CHINESE)) {
        byte[] bytes = text.repeat(1000).getBytes(Charset.forName(charset));
        assertThat(WideEncoding.of(bytes)).as(charset).isEmpty();
      }
    }
  }
}
