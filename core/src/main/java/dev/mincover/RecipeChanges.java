package dev.mincover;

/** In what a recipe may differ from the one that a checkpoint was saved with. */
public enum RecipeChanges {
  /** In its learning rate by step alone. The default: a training goes on as it would have. */
  LEARNING_RATE,

  /**
   * In every number, and in what needs no state or can take it over exactly:
   *
   * <ul>
   *   <li>betas, epsilon, weight decay, multipliers, clipping, guard, rounding;
   *   <li>momentum that is new starts at 0, and momentum that is no longer kept is dropped;
   *   <li>an average that is new starts at the weights, and one no longer kept is dropped;
   *   <li>weights and momentum in bfloat16 or float16, and momentum in int8, become float32.
   * </ul>
   *
   * The rule, SM3's algorithm, covers and the kind of momentum may never differ: the state of one
   * means something else, or nothing, to another.
   */
  ANY_NUMBER
}
