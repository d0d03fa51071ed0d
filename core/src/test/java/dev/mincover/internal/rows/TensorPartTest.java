package dev.mincover.internal.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.tensor.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TensorPartTest {

  static Stream<Arguments> cuts() {
    return Stream.of(
            Shape.of(),
            Shape.of(1),
            Shape.of(1000),
            Shape.of(300, 257),
            Shape.of(3, 4000),
            Shape.of(1, 70),
            Shape.of(64, 3, 7, 7),
            Shape.of(5, 6, 7, 80),
            Shape.of(2, 3, 5, 2))
        .flatMap(shape -> Stream.of(1, 2, 3, 7).map(parts -> Arguments.of(shape, parts)));
  }

  @ParameterizedTest
  @MethodSource("cuts")
  void everyWeightIsInExactlyOnePart(Shape shape, int parts) {
    RowLayout view = RowLayout.of(shape);
    int[] seen = new int[(int) shape.size()];
    for (TensorPart part : TensorPart.cut(VisitedRows.all(view), parts)) {
      assertThat(part.from()).isLessThan(part.to());
      assertThat(part.column0()).isLessThan(part.column1());
      for (long row = part.from(); row < part.to(); row++) {
        for (long column = part.column0(); column < part.column1(); column++) {
          seen[(int) (row * view.rowLength() + column)]++;
        }
      }
    }
    assertThat(seen).containsOnly(1);
  }

  @Test
  void cutsManyRowsByRowsAndFewByColumns() {
    assertThat(TensorPart.cut(VisitedRows.all(RowLayout.of(Shape.of(300, 257))), 2).get(1).from())
        .isEqualTo(150);
    assertThat(TensorPart.cut(VisitedRows.all(RowLayout.of(Shape.of(3, 4000))), 2).get(1).column0())
        .isEqualTo(1984);
  }

  @Test
  void rowsFoldShortTrailingAxesAndKeepOneToPickThem() {
    assertThat(RowLayout.of(Shape.of()).rowLength()).isEqualTo(1);
    assertThat(RowLayout.of(Shape.of(9)).rows()).isEqualTo(1);
    assertThat(RowLayout.of(Shape.of(4096, 8)).rowLength()).isEqualTo(8);
    assertThat(RowLayout.of(Shape.of(512, 512, 3, 3)).rowLength()).isEqualTo(512 * 9);
    assertThat(RowLayout.of(Shape.of(4, 5, 768)).rows()).isEqualTo(20);
    assertThat(RowLayout.of(Shape.of(2, 100_000, 32)).rowLength()).isEqualTo(32);
  }
}
