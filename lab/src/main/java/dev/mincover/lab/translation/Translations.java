package dev.mincover.lab.translation;

import dev.mincover.lab.libtorch.Libtorch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Translations of many sentences, on several threads. */
public final class Translations {

  /** Sentences side by side. */
  private static final int AT_ONCE = 16;

  private Translations() {}

  /**
   * Translates a sentence with the model of a run.
   *
   * @param model file that training has written
   * @param beams beginnings that are kept, at least 1
   * @throws dev.mincover.lab.common.UserError if there is no translator in the file, or the
   *     sentence is longer than it can read
   */
  public static List<String> of(Path model, int beams, List<String> sentences) {
    try (Translator translator = Translator.load(model)) {
      sentences.forEach(translator::requireReadable);
      return of(translator, beams, sentences, 1);
    }
  }

  /** Translates sentences, of which those of similar lengths should follow each other. */
  static List<String> of(Translator model, int beams, List<String> sentences, int threads) {
    Libtorch.useOneThreadAnOperation();
    BeamSearch search = new BeamSearch(model, beams);
    List<Callable<List<String>>> jobs = new ArrayList<>();
    for (int first = 0; first < sentences.size(); first += AT_ONCE) {
      List<String> part = sentences.subList(first, Math.min(first + AT_ONCE, sentences.size()));
      jobs.add(() -> search.translate(part));
    }
    List<String> all = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (Future<List<String>> part : pool.invokeAll(jobs)) {
        all.addAll(part.get());
      }
      return all;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while translating", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException("the model failed: " + e.getCause(), e);
    }
  }
}
