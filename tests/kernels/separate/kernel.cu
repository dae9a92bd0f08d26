// A kernel that calls functions of another file, directly and through a pointer, and uses its variable.
#include <cstdio>

#include "functions.h"

__global__ void apply(int* out) {
    const int i = static_cast<int>(threadIdx.x);
    const Function chosen = i % 2 == 0 ? functions_of_other_file[0] : &thrice;
    out[i] = chosen(i) + plus_offset(i);
}

int main() {
    constexpr int threads = 64;
    int* out = nullptr;
    if (cudaMallocManaged(&out, threads * sizeof(int)) != cudaSuccess) return 1;
    set_offset(1000);
    apply<<<1, threads>>>(out);
    if (cudaDeviceSynchronize() != cudaSuccess) return 1;
    int wrong = 0;
    for (int i = 0; i < threads; ++i) wrong += out[i] == (i % 2 == 0 ? i * i : 3 * i) + i + 1000 ? 0 : 1;
    std::printf("separate: %d of %d elements are wrong\n", wrong, threads);
    return wrong == 0 ? 0 : 1;
}
