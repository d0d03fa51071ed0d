// A step of SM3, or of Adam, over tiles of all tensors in one launch, a block a tile.
//
//   nu     = keepNu * min over the accumulators that hold the weight + addNu * g^2        section 3, SM3-II
//   w      = keepWeight * w - eta * g / sqrt(nu + epsilon), 0 where the root is 0
//   mu(r)  = max of nu over the set r
//
// By PASS: these at once (ONLY); or SM3-I, for accumulators that weights share: maxima of g^2 alone (SQUARES), which are added to mu,
// and then the move alone, with nu the least of the new accumulators (MOVES).
//
// The accumulators of a tensor by axes are in three slots: those before the step are read, new maxima are raised in the next slot,
// which holds zeros, and the third is filled with zeros for the step after. So no block sees what another has done. Accumulators are
// never negative: their bits order like ints.
// Of tensors of rank 3 and more: a division of 64 bits is too much code to be everywhere.
CALLED i64 placeAcross(GLOBAL const struct Axis* axis, i64 at) {
  return axis->offset + at / axis->stride % axis->count;
}

#define ONLY 0
#define SQUARES 1
#define MOVES 2

DEVICE i64 place(GLOBAL const struct Axis* axis, i64 at) {
  if (axis->count == 1) return axis->offset;
  return axis->stride == 1 && at < axis->count ? axis->offset + at : placeAcross(axis, at);
}

DEVICE int least(GLOBAL const struct Tensor* t, GLOBAL const int* mu, int from, int to, i64 at) {
  int found = INFINITE;
  ONE_BY_ONE
  for (int k = from; k < to; k++) found = min(found, mu[place(t->axes + k, at)]);
  return found;
}

// What was read may be old, but a maximum only grows: where it is no news to the old one, it is none. `next` is const so that nothing
// but RAISE changes it: a plain store would lose maxima, which no run on a CPU shows.
DEVICE void raise(GLOBAL const struct Tensor* t, GLOBAL const int* next, int from, int to, i64 at, int value) {
  ONE_BY_ONE
  for (int k = from; k < to; k++) {
    GLOBAL const int* p = next + place(t->axes + k, at);
    if (value > *p) RAISE(p, value);
  }
}

#if SPARSE
#define COLS(t) ((t)->colsOfRow)
#else
#define COLS(t) ((t)->cols)
#endif
#define NUMBERS float keepNu, float addNu, float epsilon, float keepM, float addM, float limit, float scale, float addend
#define THESE keepNu, addNu, epsilon, keepM, addM, limit, scale, addend

#if SPARSE
// A sparse gradient's values for a row, added up in the order given.
DEVICE void loadGiven(GLOBAL const struct Turn* turn, GLOBAL const struct Given* given, i64 row, i64 rowsOfIndex, i64 cols, i64 col,
    int left, const int wide, float* g) {
  GLOBAL const i64* positions = (GLOBAL const i64*) turn->positions + given->first;
  load(turn->gradient, (positions[0] * rowsOfIndex + row) * cols + col, left, GRADIENT, wide, g);
  ONE_BY_ONE
  for (i64 i = 1; i < given->times; i++) {
    float other[VEC];
    load(turn->gradient, (positions[i] * rowsOfIndex + row) * cols + col, left, GRADIENT, wide, other);
    for (int v = 0; v < VEC; v++) g[v] += other[v];
  }
}
#endif

// The thread's share of a tile's rows; leaves the maxima of its columns in cNew. Returns what went wrong: 1 if a square is not finite,
// 2 if a weight has left the range of its format.
DEVICE int stepRows(GLOBAL const struct Tensor* t, GLOBAL const struct Turn* turn, i64 row0, int rows, i64 col0, NUMBERS,
    const int wide, const int each, int* cNew) {
  const int apart = wide ? 1 : BX;
  const int leading = (int) t->leading, columns = (int) t->columns;
  const i64 cols = COLS(t);
  GLOBAL const int* mu = (GLOBAL const int*) t->mu + turn->slot * t->accumulators;
    GLOBAL const int* next = (GLOBAL const int*) t->mu + (turn->slot + 1) % 3 * t->accumulators;
  const float eta = turn->eta, keepWeight = turn->keepWeight;
  i64 col = col0 + THREAD % BX * (wide ? VEC : 1);
  int left = cols > col ? (int) min(cols - col, (i64) (BX * VEC)) : 0;
  int wrong = 0;
  int c[VEC];
  for (int v = 0; v < VEC; v++) c[v] = !each && v * apart < left ? least(t, mu, leading, leading + columns, col + v * apart) : 0;
  for (int i = THREAD / BX; i < rows; i += BY) {
    i64 row = row0 + i;
#if SPARSE
    // Of those visited, in ascending order; a vector's have one value each.
    const i64 rowsOfIndex = t->rowsOfIndex;
    const i64 inIndex = row % rowsOfIndex;
    GLOBAL const struct Given* given = (GLOBAL const struct Given*) turn->given + row / rowsOfIndex;
    row = given->index * rowsOfIndex + inIndex;
#endif
    i64 at = row * cols + col;
    int r = INFINITE, top = 0;
    if (!each) r = least(t, mu, 0, leading, row);
    if (left > 0) {
      float g[VEC];
#if SPARSE
      loadGiven(turn, given, inIndex, rowsOfIndex, cols, col, left, wide, g);
#else
      load(turn->gradient, at, left, GRADIENT, wide, g);
#endif
#if PASS != SQUARES
      float w[VEC];
      load(t->weights, at, left, WEIGHTS, wide, w);
#if MOMENTUM
      float m[VEC];
      load(t->momentum, at, left, MOMENTUM - 1, wide, m);
#endif
#endif
      float old[VEC];
      if (each) load(t->mu, at, left, FLOAT32, wide, old);
      for (int v = 0; v < VEC; v++) {
        float x = g[v];
#if CLIPS
        x = x > limit ? limit : x < -limit ? -limit : x;
#endif
#if SCALES
        x = x * scale + addend;
#endif
        float before = each ? old[v] : FLOAT_OF(min(c[v], r));
#if PASS == SQUARES
        float nu = x * x;
#elif AVERAGES
        float nu = keepNu * before + addNu * (x * x);
#else
        float nu = before + x * x;
#endif
#if PASS == MOVES
        if (!each) nu = before + 0 * (x * x); // as core: what is not finite stays so
#endif
        int bits = BITS_OF(nu) & MAGNITUDE;
        if (each) {
          old[v] = FLOAT_OF(bits);
        } else {
          cNew[v] = max(cNew[v], bits);
        }
        if (v * apart < left) top = max(top, bits);
#if TELLS
        if ((BITS_OF(x * x) & MAGNITUDE) >= INFINITE) wrong |= 1;
#endif
#if PASS == SQUARES
#elif ADAM
        m[v] = keepM * m[v] + addM * x;
        float root = sqrt(nu) * turn->unbiasV + epsilon;
        float d = root == 0 ? 0 : m[v] * turn->unbiasM / root;
#else
#if EPSILON
        nu = nu + epsilon;
#endif
        float d = nu == 0 ? 0 : x / sqrt(nu);
#if MOMENTUM
        m[v] = keepM * m[v] + addM * d;
#if NESTEROV
        d = d + keepM * m[v];
#else
        d = m[v];
#endif
#endif
#endif
#if PASS == SQUARES
#elif DECAYS
        w[v] = keepWeight * w[v] - eta * d;
#else
        w[v] = w[v] - eta * d;
#endif
      }
      if (each) store(t->mu, at, left, FLOAT32, wide, old, 0);
#if PASS != SQUARES
      if (store(t->weights, at, left, WEIGHTS, wide, w, (u64) turn->key)) wrong |= 2;
#endif
#if MOMENTUM && PASS != SQUARES
      store(t->momentum, at, left, MOMENTUM - 1, wide, m, ~(u64) turn->key); // other random bits than the weights'
#endif
    }
#if PASS != MOVES
    if (!each) {
      top = MAX_OF_LANES(top); // all lanes are in one row
      if (THREAD % LANES == 0) raise(t, next, 0, leading, row, top);
    }
#endif
  }
  return wrong;
}

// A tile, whichever tensor it is of: with or without accumulators that weights share, read together or not.
DEVICE void stepTile(GLOBAL const struct Tensor* t, GLOBAL const struct Turn* turn, i64 row0, int rows, i64 col0, i64 number, i64 tiles,
    NUMBERS, GLOBAL const int* wrongs, SHARED_ARGUMENT int* tops) {
  const i64 accumulators = t->accumulators;
  int cNew[VEC];
  for (int v = 0; v < VEC; v++) cNew[v] = 0;
  int wrong = 0;
#if SHARES
  if (accumulators > 0) {
    if (turn->wide) wrong = stepRows(t, turn, row0, rows, col0, THESE, 1, 0, cNew);
    else wrong = stepRows(t, turn, row0, rows, col0, THESE, 0, 0, cNew);
  }
#if OWNS && PASS != SQUARES
  else wrong = stepRows(t, turn, row0, rows, col0, THESE, 0, 1, cNew); // vectors, and seldom more: not worth a way of their own
#endif
#else
  if (turn->wide) wrong = stepRows(t, turn, row0, rows, col0, THESE, 1, 1, cNew);
  else wrong = stepRows(t, turn, row0, rows, col0, THESE, 0, 1, cNew);
#endif
  if (wrong) NOTE(wrongs, wrong);
#if PASS != MOVES
  int tx = THREAD % BX, ty = THREAD / BX;
  if (ty == 0) for (int v = 0; v < VEC; v++) tops[v * BX + tx] = cNew[v];
  BARRIER;
  if (ty > 0) for (int v = 0; v < VEC; v++) RAISE_SHARED(tops + v * BX + tx, cNew[v]);
  BARRIER;
  const int leading = (int) t->leading, columns = (int) t->columns;
  if (columns > 0) {
    GLOBAL const int* next = (GLOBAL const int*) t->mu + (turn->slot + 1) % 3 * accumulators;
    ONE_BY_ONE
    for (int k = THREAD; k < BX * VEC; k += THREADS) {
      i64 col = col0 + (turn->wide ? k % BX * VEC + k / BX : k);
      if (col < COLS(t)) raise(t, next, leading, leading + columns, col, tops[k]);
    }
  }
#endif
#if PASS == ONLY && !SPARSE
  GLOBAL int* after = (GLOBAL int*) t->mu + (turn->slot + 2) % 3 * accumulators;
  ONE_BY_ONE
  for (i64 k = number * THREADS + THREAD; k < accumulators; k += tiles * THREADS) after[k] = 0;
#endif
}

// What becomes of an accumulator; under SM3-I the largest square is added.
#if PASS == ONLY
#define COMMITTED(mu, squares, maximum) (maximum)
#else
#define COMMITTED(mu, squares, maximum) BITS_OF(keepNu * FLOAT_OF(mu) + addNu * FLOAT_OF(squares))
#endif

#if SPARSE
// The rows that a sparse gradient of one tensor names: so many tiles lie across, the others below.
KERNEL void stepGiven(i64 tensors, i64 turns, i64 tensor, i64 wrongs, i64 across, NUMBERS) {
  SHARED int tops[BX * VEC];
  GLOBAL const struct Tensor* t = (GLOBAL const struct Tensor*) tensors + tensor;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + tensor;
  i64 row = BLOCK / across * ROWS_GIVEN;
  int rows = (int) min(turn->entries * t->rowsOfIndex - row, (i64) ROWS_GIVEN);
  stepTile(t, turn, row, rows, BLOCK % across * (BX * VEC), 0, 0, THESE, (GLOBAL const int*) wrongs + tensor, tops);
}

// After that, new maxima become accumulators where they were read, and the next slot is left with zeros. Rows that are not named have
// nu = keepNu * min(mu), the largest of which is keepNu * mu.
KERNEL void commitGiven(i64 tensors, i64 turns, i64 tensor, float keepNu, float addNu) {
  GLOBAL const struct Tensor* t = (GLOBAL const struct Tensor*) tensors + tensor;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + tensor;
  GLOBAL int* mu = (GLOBAL int*) t->mu + turn->slot * t->accumulators;
  GLOBAL int* next = (GLOBAL int*) t->mu + (turn->slot + 1) % 3 * t->accumulators;
  i64 k = BLOCK * THREADS + THREAD;
  const i64 first = t->byIndex ? t->axes[0].offset : 0, count = t->byIndex ? t->axes[0].count : 0;
  if (k < turn->entries && count > 0) {
    i64 i = first + ((GLOBAL const struct Given*) turn->given)[k].index;
    mu[i] = COMMITTED(mu[i], next[i], next[i]);
    next[i] = 0;
  }
  if (k < t->accumulators - count) {
    i64 i = k < first ? k : k + count; // those of the other axes
    mu[i] = COMMITTED(mu[i], next[i], max(BITS_OF(keepNu * FLOAT_OF(mu[i])), next[i]));
    next[i] = 0;
  }
}
#else
// Tiles from `first` on. A tensor without a gradient, or with one of another type, is left alone.
KERNEL void stepTensors(i64 tensors, i64 turns, i64 tiles, i64 wrongs, i64 first, NUMBERS) {
  SHARED int tops[BX * VEC];
  GLOBAL const struct Tile* tile = (GLOBAL const struct Tile*) tiles + first + BLOCK;
  GLOBAL const struct Tensor* t = (GLOBAL const struct Tensor*) tensors + tile->tensor;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + tile->tensor;
  if (turn->gradient == 0 || turn->given != 0 || turn->type != GRADIENT) return;
  stepTile(t, turn, tile->row, (int) tile->rows, tile->col, tile->number, t->tiles, THESE, (GLOBAL const int*) wrongs + tile->tensor, tops);
}

// After the squares of SM3-I. The next slot is left with zeros.
KERNEL void commitTensors(i64 tensors, i64 turns, i64 tiles, i64 first, float keepNu, float addNu) {
  GLOBAL const struct Tile* tile = (GLOBAL const struct Tile*) tiles + first + BLOCK;
  GLOBAL const struct Tensor* t = (GLOBAL const struct Tensor*) tensors + tile->tensor;
  GLOBAL const struct Turn* turn = (GLOBAL const struct Turn*) turns + tile->tensor;
  if (turn->gradient == 0 || turn->given != 0 || turn->type != GRADIENT) return;
  GLOBAL int* mu = (GLOBAL int*) t->mu + turn->slot * t->accumulators;
  GLOBAL int* next = (GLOBAL int*) t->mu + (turn->slot + 1) % 3 * t->accumulators;
  for (i64 k = tile->number * THREADS + THREAD; k < t->accumulators; k += t->tiles * THREADS) {
    mu[k] = COMMITTED(mu[k], next[k], next[k]);
    next[k] = 0;
  }
}
#endif
