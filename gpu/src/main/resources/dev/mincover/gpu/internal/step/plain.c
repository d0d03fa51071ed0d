// What steps are measured by: a copy, and w -= eta * g. A block a piece, four values a thread, neighbours together.
struct Piece { i64 to, from, count; };

KERNEL void copyPieces(i64 pieces, float eta) {
  GLOBAL const struct Piece* piece = (GLOBAL const struct Piece*) pieces + BLOCK;
  GLOBAL float* to = (GLOBAL float*) piece->to;
  GLOBAL const float* from = (GLOBAL const float*) piece->from;
  i64 wide = piece->count / 4;
  for (i64 i = THREAD; i < wide; i += THREADS) ((GLOBAL float4*) to)[i] = ((GLOBAL const float4*) from)[i];
  for (i64 i = 4 * wide + THREAD; i < piece->count; i += THREADS) to[i] = from[i];
}

KERNEL void sgdPieces(i64 pieces, float eta) {
  GLOBAL const struct Piece* piece = (GLOBAL const struct Piece*) pieces + BLOCK;
  GLOBAL float* w = (GLOBAL float*) piece->to;
  GLOBAL const float* g = (GLOBAL const float*) piece->from;
  i64 wide = piece->count / 4;
  for (i64 i = THREAD; i < wide; i += THREADS) {
    float4 a = ((GLOBAL float4*) w)[i], b = ((GLOBAL const float4*) g)[i];
    a.x = a.x - eta * b.x; a.y = a.y - eta * b.y; a.z = a.z - eta * b.z; a.w = a.w - eta * b.w;
    ((GLOBAL float4*) w)[i] = a;
  }
  for (i64 i = 4 * wide + THREAD; i < piece->count; i += THREADS) w[i] = w[i] - eta * g[i];
}
