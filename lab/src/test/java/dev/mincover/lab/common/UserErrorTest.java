package dev.mincover.lab.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UserErrorTest {
  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(new NoSuchFileException("a"), "no such file or directory"),
        Arguments.of(new AccessDeniedException("a"), "permission denied"),
        Arguments.of(new FileSystemException("a", null, "Not a directory"), "Not a directory"),
        Arguments.of(new IOException("No space left on device"), "No space left on device"),
        Arguments.of(new IOException(), "IOException"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void givesTheReasonOfAnInputOutputFailure(IOException cause, String reason) {
    assertThat(new UserError("cannot read a", cause))
        .hasMessage("cannot read a: " + reason)
        .hasCause(cause);
  }
}
