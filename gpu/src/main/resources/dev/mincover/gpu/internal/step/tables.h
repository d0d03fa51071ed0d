// The tables of a step, as DeviceStep and its parts write them: 8 bytes a field but for floats. All addresses are numbers.
struct Axis { i64 offset, stride, count; };

// What stays the same from step to step. A tensor is `rows` of `cols` values.
struct Tensor {
  i64 weights, momentum, mu;
  i64 accumulators;     // of a slot; 0 if each weight has one, which is updated in place
  i64 rows, cols;
  i64 leading, columns; // how many axes the row picks from, and how many the column
  i64 tiles;
  i64 byIndex;          // whether the first axis is axis 0, whose every index has rows of its own
  i64 rowsOfIndex;      // rows of an index of axis 0
  i64 colsOfRow;        // values of such a row; `cols`, but for a vector's 1
  struct Axis axes[MOST_AXES];
};

// What is of one step.
struct Turn {
  i64 gradient;         // 0 if there is none
  i64 type;             // of the gradient
  i64 key;              // of random bits
  i64 slot;             // of the accumulators before the step
  i64 wide;             // whether neighbours may be read together
  i64 given;            // of a sparse gradient, its Given; 0 if it is dense
  i64 positions;        // of a sparse gradient, where rows stand that are given several times
  i64 entries;          // of a sparse gradient, how many rows of axis 0 it names
  float eta, keepWeight;
  float unbiasM, unbiasV;
};

struct Tile { i64 tensor, number, row, rows, col; };

// An index of axis 0 that a sparse gradient names, and where its values stand among those given: at positions[first], and so on.
struct Given { i64 index, first, times; };

// Of a gradient, what a block of the scan looks at.
struct Stretch { i64 tensor, offset, count; };
