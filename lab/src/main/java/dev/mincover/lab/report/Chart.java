package dev.mincover.lab.report;

import java.util.List;
import java.util.Map;

/**
 * A chart of a report, which the page and {@link Pictures} draw, and the same in words and numbers.
 *
 * @param id of the page's element, and the name of the picture
 * @param words about the chart
 * @param size of the chart
 * @param drawing for ECharts
 * @param controls the choices between views
 * @param numbers the same in a table
 */
record Chart(
    String id, Words words, Size size, Drawing drawing, List<Control> controls, Table numbers) {

  /**
   * Words about a chart.
   *
   * @param title a few words
   * @param description what the chart shows, for those who cannot see it
   * @param caption the text below the chart
   */
  record Words(String title, String description, String caption) {}

  /**
   * The size of a chart.
   *
   * @param height in CSS pixels
   * @param legendRows lines that the legend takes on a narrow screen, in addition to the height
   * @param dense whether the chart has too many marks to draw each as an element of its own
   */
  record Size(int height, int legendRows, boolean dense) {}

  /**
   * A drawing for ECharts, as plain data.
   *
   * @param option the chart
   * @param paper merged into the option where nothing can be clicked
   */
  record Drawing(Map<String, Object> option, Map<String, Object> paper) {}

  /** Copies the list. */
  Chart {
    controls = List.copyOf(controls);
  }

  /**
   * A choice between views. Charts with a control of the same id change together.
   *
   * @param label of the whole choice
   * @param views the first one is the view of the option
   */
  record Control(String id, String label, List<View> views) {

    /** Copies the list. */
    Control {
      views = List.copyOf(views);
    }
  }

  /**
   * One way to see a chart.
   *
   * @param patch merged into the option
   */
  record View(String id, String label, Map<String, Object> patch) {}

  /**
   * A table of numbers, as text.
   *
   * @param rows with as many cells as the head
   */
  record Table(List<String> head, List<List<String>> rows) {

    /** Copies the lists. */
    Table {
      head = List.copyOf(head);
      rows = List.copyOf(rows);
    }
  }
}
