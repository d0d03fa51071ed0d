// The look at all gradients before a step, a block a stretch: the largest magnitude, and the sum of all squares in core's order. Value j
// of a stretch goes to lane j mod THREADS, and lanes are added up by halves.
KERNEL void scanGradients(i64 turns, i64 stretches, i64 squares, i64 largest, float limit) {
  SHARED int most;
#if NORM
  SHARED double sums[THREADS];
  double sum = 0;
#endif
  GLOBAL const struct Stretch* stretch = (GLOBAL const struct Stretch*) stretches + BLOCK;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + stretch->tensor;
  if (turn->gradient == 0 || turn->type != GRADIENT) return;
  if (THREAD == 0) most = 0;
  BARRIER;
  int top = 0;
  for (i64 j = THREAD; j < stretch->count; j += THREADS) {
    float g;
    i64 at = stretch->offset + j;
    if (GRADIENT == FLOAT32) g = ((GLOBAL const float*) turn->gradient)[at];
    else g = decode(((GLOBAL const ushort*) turn->gradient)[at], GRADIENT);
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
