// Values of 32 and 16 bits, in memory and as float32; the same bits as core's Storage.
#define FLOAT32 0
#define BFLOAT16 1
#define FLOAT16 2
#define INFINITE 0x7f800000
#define MAGNITUDE 0x7fffffff

// THREADS of a block are BY rows of BX threads, and each thread has VEC columns: neighbours where memory allows it, which are read
// together (wide), or BX apart.
#define BX 32
#define BY (THREADS / BX)
#if WEIGHTS != FLOAT32
#define VEC 8
#else
#define VEC 4
#endif

DEVICE float decode(uint bits16, const int type) {
  if (type == BFLOAT16) return FLOAT_OF((int) (bits16 << 16));
  int sign = (int) (bits16 & 0x8000) << 16, exponent = (int) (bits16 >> 10) & 31, fraction = (int) bits16 & 0x3ff;
  if (exponent == 31) return FLOAT_OF(sign | INFINITE | fraction << 13);
  if (exponent == 0) return FLOAT_OF(sign | BITS_OF((float) fraction * 5.9604644775390625e-8f)); // quanta of 2^-24
  return FLOAT_OF(sign | (exponent + 112) << 23 | fraction << 13);
}

// To nearest, ties to even; a NaN stays one.
DEVICE uint nearestBFloat16(int bits, uint add) {
  return (bits & MAGNITUDE) > INFINITE ? (uint) bits >> 16 | 0x40 : ((uint) bits + add) >> 16;
}

DEVICE uint nearestFloat16(float x) {
  int bits = BITS_OF(x) & MAGNITUDE;
  uint sign = (uint) BITS_OF(x) >> 16 & 0x8000;
  if (bits > INFINITE) return sign | 0x7e00;
  if (bits >= 0x477ff000) return sign | 0x7c00; // from halfway between 65,504 and 65,536
  if (bits < 0x38800000) return sign | (uint) (BITS_OF(FLOAT_OF(bits) + 0.5f) - 0x3f000000); // 0.5's last place is a quantum
  return sign | (uint) ((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10);
}

#if STOCHASTIC
DEVICE u64 mixed(u64 z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
  return z ^ z >> 31;
}

// The bits of core's RandomBits, which depend on the key of a step and the index of a weight alone.
DEVICE uint randomBits(u64 key, i64 index) {
  return (uint) (mixed(key + (u64) index * 0x9e3779b97f4a7c15UL) >> 32);
}

DEVICE float powerOfTwo(int exponent) {
  return FLOAT_OF((exponent + 127) << 23);
}

// One of the two float16 around a value, by 24 random bits.
DEVICE float roundedFloat16(float x, uint random) {
  int bits = BITS_OF(x) & MAGNITUDE;
  if (bits >= INFINITE) return x;
  int exponent = max((bits >> 23) - 127, -14) - 10;
  float quanta = FLOAT_OF(bits) * powerOfTwo(-exponent);
  int down = (int) quanta;
  uint up = (random - (uint) (int) ((quanta - (float) down) * 16777216.0f)) >> 31;
  float rounded = (float) (down + (int) up) * powerOfTwo(exponent);
  return FLOAT_OF(BITS_OF(rounded) | (BITS_OF(x) & ~MAGNITUDE));
}
#endif

DEVICE uint encode(float x, const int type, u64 key, i64 index) {
#if STOCHASTIC
  uint random = randomBits(key, index);
  return type == BFLOAT16 ? nearestBFloat16(BITS_OF(x), random >> 16) : nearestFloat16(roundedFloat16(x, random >> 8));
#else
  return type == BFLOAT16 ? nearestBFloat16(BITS_OF(x), 0x7fff + ((uint) BITS_OF(x) >> 16 & 1)) : nearestFloat16(x);
#endif
}

// A thread's VEC values from index `at` on, of those `left` up to the end of the row; 0 beyond it.
DEVICE void load(i64 from, i64 at, int left, const int type, const int wide, float* x) {
  if (type == FLOAT32) {
    GLOBAL const float* p = (GLOBAL const float*) from + at;
    if (wide) {
      for (int v = 0; v < VEC; v += 4) {
        float4 q = *(GLOBAL const float4*) (p + v);
        x[v] = q.x; x[v + 1] = q.y; x[v + 2] = q.z; x[v + 3] = q.w;
      }
    } else {
      for (int v = 0; v < VEC; v++) x[v] = v * BX < left ? p[v * BX] : 0;
    }
  } else {
    GLOBAL const ushort* p = (GLOBAL const ushort*) from + at;
    if (wide) {
#if VEC == 8
      uint4 q = *(GLOBAL const uint4*) p;
      uint pairs[4];
      pairs[0] = q.x; pairs[1] = q.y; pairs[2] = q.z; pairs[3] = q.w;
      for (int k = 0; k < 4; k++) {
        x[2 * k] = decode(pairs[k] & 0xffff, type);
        x[2 * k + 1] = decode(pairs[k] >> 16, type);
      }
#else
      ushort4 q = *(GLOBAL const ushort4*) p;
      x[0] = decode(q.x, type); x[1] = decode(q.y, type); x[2] = decode(q.z, type); x[3] = decode(q.w, type);
#endif
    } else {
      for (int v = 0; v < VEC; v++) x[v] = v * BX < left ? decode(p[v * BX], type) : 0;
    }
  }
}

// The inverse. `key` is that of random bits, if values are rounded by those. Returns whether one has left the range of float16.
DEVICE int store(i64 to, i64 at, int left, const int type, const int wide, const float* x, u64 key) {
  if (type == FLOAT32) {
    GLOBAL float* p = (GLOBAL float*) to + at;
    if (wide) {
      for (int v = 0; v < VEC; v += 4) {
        float4 q;
        q.x = x[v]; q.y = x[v + 1]; q.z = x[v + 2]; q.w = x[v + 3];
        *(GLOBAL float4*) (p + v) = q;
      }
    } else {
      for (int v = 0; v < VEC; v++) if (v * BX < left) p[v * BX] = x[v];
    }
    return 0;
  }
  GLOBAL ushort* p = (GLOBAL ushort*) to + at;
  int outside = 0;
  uint halves[VEC];
  for (int v = 0; v < VEC; v++) {
    int apart = wide ? v : v * BX;
    halves[v] = encode(x[v], type, key, at + apart);
    if (type == FLOAT16 && (wide || apart < left)) outside |= (halves[v] & 0x7c00) == 0x7c00;
  }
  if (wide) {
#if VEC == 8
    uint4 q;
    q.x = halves[0] | halves[1] << 16; q.y = halves[2] | halves[3] << 16;
    q.z = halves[4] | halves[5] << 16; q.w = halves[6] | halves[7] << 16;
    *(GLOBAL uint4*) p = q;
#else
    ushort4 q;
    q.x = (ushort) halves[0]; q.y = (ushort) halves[1]; q.z = (ushort) halves[2]; q.w = (ushort) halves[3];
    *(GLOBAL ushort4*) p = q;
#endif
  } else {
    for (int v = 0; v < VEC; v++) if (v * BX < left) p[v * BX] = (ushort) halves[v];
  }
  return outside;
}
