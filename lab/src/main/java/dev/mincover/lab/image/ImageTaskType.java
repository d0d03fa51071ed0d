package dev.mincover.lab.image;

import dev.mincover.lab.common.Home;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;

/** The task {@code image}. */
public final class ImageTaskType implements TaskType {

  @Override
  public TaskKind kind() {
    return TaskKind.IMAGE;
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(2, 16, null, null, null, Names.of(WeightType.FLOAT32));
  }

  @Override
  public int batch() {
    return 32;
  }

  @Override
  public long steps() {
    return 2000;
  }

  @Override
  public void check(Summary.Model size) {
    OptionChecks.valid(() -> config(size));
  }

  @Override
  public Task task(Summary.Model size, TaskData data) {
    ConvolutionConfig config = OptionChecks.valid(() -> config(size));
    WeightType weights = Names.parse("--weights", size.weights(), WeightType.class);
    data.refuseCorpus();
    data.refusePairs();
    Digits digits = Digits.read(Home.folder("npm", "start it with ./mincover"));
    return new ImageTask(config, weights, data.batch(), digits);
  }

  private static ConvolutionConfig config(Summary.Model size) {
    return new ConvolutionConfig(size.layers(), size.width());
  }
}
