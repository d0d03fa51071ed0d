// The few words in which CUDA C and OpenCL C differ; the kernels are written in what they share.
//
// Neither compiler may fuse a * b + c: OpenCL is told here, CUDA by --fmad=false. BACKWARDS counts the threads of a block from the
// other end: a CPU runs them in order, and the other order shows a barrier that is missing.
#define ONE_BY_ONE _Pragma("unroll 1") /* a loop that is short, or rare: code for it costs more than it saves */
#ifdef __OPENCL_C_VERSION__
#pragma OPENCL FP_CONTRACT OFF
#if NORM
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
typedef long i64;
typedef ulong u64;
#define KERNEL __kernel __attribute__((reqd_work_group_size(THREADS, 1, 1)))
#define DEVICE static inline
#define CALLED static
#define GLOBAL __global
#define SHARED __local
#define SHARED_ARGUMENT __local
#ifdef BACKWARDS
#define THREAD (THREADS - 1 - (int) get_local_id(0))
#else
#define THREAD ((int) get_local_id(0))
#endif
#define BLOCK ((i64) get_group_id(0))
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define FLOAT_OF(bits) as_float(bits)
#define BITS_OF(x) as_int(x)
#define RAISE(address, value) atomic_max((__global int*) (address), value)
#define RAISE_SHARED(address, value) atomic_max(address, value)
#define NOTE(address, bits) atomic_or((__global int*) (address), bits)
#define LANES 1 /* OpenCL promises nothing of threads that run together */
#define MAX_OF_LANES(value) (value)
#else
typedef unsigned int uint;
typedef unsigned short ushort;
typedef long long i64;
typedef unsigned long long u64;
#define KERNEL extern "C" __global__ __launch_bounds__(THREADS)
#define DEVICE static __device__ __forceinline__
#define CALLED static __device__ __noinline__
#define GLOBAL
#define SHARED __shared__
#define SHARED_ARGUMENT
#define THREAD ((int) threadIdx.x)
#define BLOCK ((i64) blockIdx.x)
#define BARRIER __syncthreads()
#define FLOAT_OF(bits) __int_as_float(bits)
#define BITS_OF(x) __float_as_int(x)
#define RAISE(address, value) atomicMax((int*) (address), value)
#define RAISE_SHARED(address, value) atomicMax(address, value)
#define NOTE(address, bits) atomicOr((int*) (address), bits)
#define LANES 32
#if __CUDA_ARCH__ >= 800
#define MAX_OF_LANES(value) ((int) __reduce_max_sync(0xffffffffu, (unsigned) (value)))
#else
static __device__ __forceinline__ int maxOfLanes(int value) {
  for (int apart = 16; apart > 0; apart /= 2) value = max(value, __shfl_xor_sync(0xffffffffu, value, apart));
  return value;
}
#define MAX_OF_LANES(value) maxOfLanes(value)
#endif
#endif
