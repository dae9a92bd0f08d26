// Functions and variables for the kernel of another file.
#include "functions.h"

namespace {

__device__ int offset;

__device__ __noinline__ int square(int x) {
    return x * x;
}

}  // namespace

__device__ Function functions_of_other_file[1] = {square};

__device__ int thrice(int x) {
    return 3 * x;
}

__device__ int plus_offset(int x) {
    return x + offset;
}

void set_offset(int value) {
    cudaMemcpyToSymbol(offset, &value, sizeof value);
}
