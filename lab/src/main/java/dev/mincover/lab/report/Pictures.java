package dev.mincover.lab.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.DocumentLimits;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.view.ViewBox;
import dev.mincover.lab.common.AtomicFile;
import dev.mincover.lab.common.UserError;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.swing.JComponent;
import org.jspecify.annotations.Nullable;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.LambdaFunction;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/**
 * Writes charts as PNG files without a browser: ECharts, run by Rhino, makes an SVG of the page's
 * option, which is drawn below the chart's title.
 */
final class Pictures implements AutoCloseable {
  private static final Pattern FONT = Pattern.compile("([0-9.]+)px");
  private static final FontRenderContext MEASURING = new FontRenderContext(null, true, true);

  /** Limits on an SVG: heat maps have one element per cell. */
  private static final DocumentLimits LIMITS = new DocumentLimits(30, 15, 100_000);

  private static final int SCALE = 2;
  private static final int WIDTH = 900;
  private static final int DENSE_WIDTH = 400;
  private static final int MARGIN = 16;
  private static final int TITLE = 40;

  /** Replacements of a browser's timers, which never fire, because nothing here is animated. */
  private static final String TIMERS =
      "function setTimeout() { return 0; } function clearTimeout() {}";

  /** Lets Java measure the text that it draws; ECharts would guess. */
  private static final String MEASURE =
      """
      echarts.setPlatformAPI({measureText: function (text, font) {
        return {width: measure(text, String(font))};
      }});
      """;

  private static final String DRAW =
      """
      (function (option, patch, paper, theme, width, height) {
        var chart = echarts.init(null, JSON.parse(theme),
            {renderer: 'svg', ssr: true, width: width, height: height, locale: 'EN'});
        chart.setOption(JSON.parse(option));
        chart.setOption(JSON.parse(patch));
        chart.setOption(JSON.parse(paper));
        var svg = chart.renderToSVGString();
        chart.dispose();
        return svg;
      })
      """;

  private final Context context;
  private final ScriptableObject scope;
  private final org.mozilla.javascript.Function draw;
  private final String theme;

  private Pictures() {
    context = Context.enter();
    // Compiled, the library would exceed the size of a method of bytecode.
    context.setInterpretedMode(true);
    context.setLanguageVersion(Context.VERSION_ES6);
    scope = context.initSafeStandardObjects();
    context.evaluateString(scope, TIMERS, "timers", 1, null);
    context.evaluateString(scope, Resource.echarts(), "echarts.min.js", 1, null);
    scope.put("measure", scope, new LambdaFunction(scope, "measure", 2, Pictures::measure));
    context.evaluateString(scope, MEASURE, "measure", 1, null);
    Map<String, Object> light = new LinkedHashMap<>(Json.resource("theme-light.json"));
    light.put("textStyle", Json.object("color", "#5d6169", "fontFamily", Font.SANS_SERIF));
    theme = Json.text(light);
    draw = (org.mozilla.javascript.Function) context.evaluateString(scope, DRAW, "draw", 1, null);
  }

  /**
   * Writes {@code <id>.png} for each chart and {@code <id>-<view>.png} for each further view.
   *
   * @param directory an existing directory; files of these names are replaced
   * @return the files written
   * @throws UserError if a file cannot be written, or Java finds no font
   */
  static List<Path> write(List<Chart> charts, Path directory) {
    List<Path> files = new ArrayList<>();
    requireFonts();
    try (Pictures pictures = new Pictures()) {
      for (Chart chart : charts) {
        files.add(pictures.write(chart, Map.of(), directory.resolve(chart.id() + ".png")));
        for (Chart.Control control : chart.controls()) {
          for (Chart.View view : control.views().subList(1, control.views().size())) {
            files.add(
                pictures.write(
                    chart,
                    view.patch(),
                    directory.resolve("%s-%s.png".formatted(chart.id(), view.id()))));
          }
        }
      }
    }
    return files;
  }

  private static void requireFonts() {
    try {
      new Font(Font.SANS_SERIF, Font.PLAIN, 12).getFamily();
      new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics().getFontMetrics();
    } catch (RuntimeException | Error e) {
      throw new UserError(
          "--png: Java finds no fonts (%s); install fontconfig and a font, such as Debian's fonts-dejavu-core"
              .formatted(e.getMessage()));
    }
  }

  /** Returns the width of a text in a CSS font such as {@code 12px SansSerif}. */
  private static Object measure(
      Context context, Scriptable scope, @Nullable Object self, Object[] arguments) {
    Matcher font = FONT.matcher(Context.toString(arguments[1]));
    float size = font.find() ? Float.parseFloat(font.group(1)) : 12;
    return new Font(Font.SANS_SERIF, Font.PLAIN, 1)
        .deriveFont(size)
        .getStringBounds(Context.toString(arguments[0]), MEASURING)
        .getWidth();
  }

  private Path write(Chart chart, Map<String, Object> patch, Path file) {
    int width = chart.size().dense() ? DENSE_WIDTH : WIDTH;
    Object svg =
        draw.call(
            context,
            scope,
            scope,
            new Object[] {
              Json.text(chart.drawing().option()),
              Json.text(patch),
              Json.text(chart.drawing().paper()),
              theme,
              width,
              chart.size().height()
            });
    // Java's name for the generic CSS family that ECharts falls back to.
    String text = Context.toString(svg).replace("sans-serif", Font.SANS_SERIF);
    byte[] png = png(chart.words().title(), text, width, chart.size().height());
    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(png)));
    return file;
  }

  private static byte[] png(String title, String svg, int width, int height) {
    SVGDocument document =
        new SVGLoader()
            .load(
                new ByteArrayInputStream(svg.getBytes(UTF_8)),
                null,
                LoaderContext.builder().documentLimits(LIMITS).build());
    if (document == null) {
      throw new IllegalStateException("the chart's SVG cannot be read: " + title);
    }
    BufferedImage image =
        new BufferedImage(
            SCALE * (width + 2 * MARGIN),
            SCALE * (TITLE + height + MARGIN),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.scale(SCALE, SCALE);
    graphics.setColor(new Color(0x1c1d20));
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    graphics.drawString(title, MARGIN, 26);
    graphics.translate(MARGIN, TITLE);
    document.render((JComponent) null, graphics, new ViewBox(width, height));
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    context.close();
  }
}
