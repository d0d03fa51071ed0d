// The look at all gradients before a step, a block a stretch: the largest magnitude, and the sum of all squares in core's order. Value j
// of a stretch goes to lane j mod THREADS, and lanes are added up by halves.
DEVICE float valueAt(GLOBAL const struct Turn* turn, i64 at) {
  if (GRADIENT == FLOAT32) return ((GLOBAL const float*) turn->gradient)[at];
  return decode(((GLOBAL const ushort*) turn->gradient)[at], GRADIENT);
}

#if SPARSE
// Of a sparse gradient, value j of a stretch, which is of so many entries, or of a part of one; added up if it is given several times.
DEVICE float givenAt(GLOBAL const struct Turn* turn, i64 width, i64 entry, i64 offset, i64 values, i64 j) {
  GLOBAL const struct Given* given = (GLOBAL const struct Given*) turn->given + entry + j / values;
  GLOBAL const i64* positions = (GLOBAL const i64*) turn->positions + given->first;
  i64 at = offset + j % values;
  float g = valueAt(turn, positions[0] * width + at);
  for (i64 i = 1; i < given->times; i++) g += valueAt(turn, positions[i] * width + at);
  return g;
}
#endif

#if SPARSE
KERNEL void scanGiven(i64 turns, i64 tensor, i64 squares, i64 largest, float limit, i64 width) {
#else
KERNEL void scanGradients(i64 turns, i64 stretches, i64 squares, i64 largest, float limit) {
#endif
  SHARED int most;
#if NORM
  SHARED double sums[THREADS];
  double sum = 0;
#endif
#if SPARSE
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + tensor;
  i64 parts = (width + STRETCH - 1) / STRETCH; // 1 if entries share a stretch
  i64 entries = max((i64) 1, STRETCH / width);
  i64 entry = BLOCK / parts * entries;
  i64 offset = BLOCK % parts * STRETCH;
  i64 values = min(width - offset, (i64) STRETCH);
  i64 count = min(turn->entries - entry, entries) * values;
#else
  GLOBAL const struct Stretch* stretch = (GLOBAL const struct Stretch*) stretches + BLOCK;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + stretch->tensor;
  if (turn->gradient == 0 || turn->given != 0 || turn->type != GRADIENT) return;
  i64 count = stretch->count;
#endif
  if (THREAD == 0) most = 0;
  BARRIER;
  int top = 0;
  for (i64 j = THREAD; j < count; j += THREADS) {
#if SPARSE
    float g = givenAt(turn, width, entry, offset, values, j);
#else
    float g = valueAt(turn, stretch->offset + j);
#endif
    int bits = BITS_OF(g) & MAGNITUDE;
    top = max(top, bits);
#if NORM
    float cut = FLOAT_OF(bits);
    double magnitude = cut > limit ? limit : cut;
    sum += magnitude * magnitude;
#endif
  }
  RAISE_SHARED(&most, top);
#if NORM
  sums[THREAD] = sum;
  for (int apart = THREADS / 2; apart > 0; apart /= 2) {
    BARRIER;
    if (THREAD < apart) sums[THREAD] += sums[THREAD + apart];
  }
#endif
  BARRIER;
  if (THREAD == 0) {
    ((GLOBAL int*) largest)[BLOCK] = most;
#if NORM
    ((GLOBAL double*) squares)[BLOCK] = sums[0];
#endif
  }
}
