// The tables of a step, as DeviceStep and its parts write them: 8 bytes a field but for floats. All addresses are numbers.
struct Axis { i64 offset, stride, count; };

// What stays the same from step to step. A tensor is `rows` of `cols` values.
struct Tensor {
  i64 weights, momentum, mu;
  i64 accumulators;     // of a slot; 0 if each weight has one, which is updated in place
  i64 rows, cols;
  i64 leading, columns; // how many axes the row picks from, and how many the column
  i64 tiles;
  struct Axis axes[MOST_AXES];
};

// What is of one step.
struct Turn {
  i64 gradient;         // 0 if there is none
  i64 type;             // of the gradient
  i64 key;              // of random bits
  i64 slot;             // of the accumulators before the step
  i64 wide;             // whether neighbours may be read together
  float eta, keepWeight;
  float unbiasM, unbiasV;
};

struct Tile { i64 tensor, number, row, rows, col; };

// Of a gradient, what a block of the scan looks at.
struct Stretch { i64 tensor, offset, count; };
