package dev.mincover.lab.command;

import dev.mincover.lab.option.HelpSection;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Prints the options of a command under the headings of their classes. Picocli's own groups of
 * options cannot do this: if an option is given twice, they forget all others of its group.
 */
public final class SectionedHelp implements IHelpSectionRenderer {

  @Override
  public String render(Help help) {
    Map<String, List<OptionSpec>> sections = new LinkedHashMap<>();
    sections.put("", new ArrayList<>()); // Options without a heading come first.
    for (OptionSpec option : help.commandSpec().options()) {
      sections.computeIfAbsent(heading(option), _ -> new ArrayList<>()).add(option);
    }
    StringBuilder text = new StringBuilder();
    sections.forEach((heading, options) -> {
      if (!heading.isEmpty()) {
        text.append("%n%s:%n".formatted(heading));
      }
      // All sections have the same column of descriptions.
      Help.Layout layout =
          help.createDefaultLayout(
              help.commandSpec().options(),
              help.commandSpec().positionalParameters(),
              help.colorScheme());
      layout.addAllOptions(options, help.parameterLabelRenderer());
      text.append(layout);
    });
    return text.toString();
  }

  private static String heading(OptionSpec option) {
    HelpSection section =
        option.userObject() instanceof Field field
            ? field.getDeclaringClass().getAnnotation(HelpSection.class)
            : null;
    return section == null ? "" : section.value();
  }
}
