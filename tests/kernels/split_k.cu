// D = A x B of f16, the k of each tile shared by several blocks: each adds its part to D when those before it have, as a
// semaphore in memory says.
#include "gemm_check.h"
#include "gemm_tile.cuh"

// As gemm_f16, with a block for each tile and slice (blockIdx.z); the semaphores, one for each tile, begin at 0. Slices
// are whole numbers of 32 k, the last one may be shorter.
extern "C" __global__ void __launch_bounds__(tile_threads)
    split_k(const unsigned short* a, const unsigned short* b, float* d, int n, int k, unsigned* semaphores) {
    __shared__ GemmTiles tiles;
    const int row = blockIdx.y * tile_m;
    const int column = blockIdx.x * tile_n;
    const int slices = gridDim.z;
    const int slice = blockIdx.z;
    const int length = (k / tile_k + slices - 1) / slices * tile_k;
    const int first = min(slice * length, k);
    WarpSums sums{};
    multiply_range(sums, tiles, a, b, row, column, n, k, first, min(first + length, k));

    volatile unsigned* const semaphore = semaphores + blockIdx.y * gridDim.x + blockIdx.x;
    if (threadIdx.x == 0) {
        while (*semaphore != slice) {
        }
        __threadfence();
    }
    __syncthreads();
    volatile float* const total = d;
    for_each_sum(sums, [&](int i, int j, float sum) {
        volatile float& element = total[(row + i) * n + column + j];
        element = slice == 0 ? sum : element + sum;
    });
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) *semaphore = slice + 1;
}

int main() {
    constexpr int slices = 3;
    const GemmNumbers numbers(128, 64, 256);
    const DeviceArray<unsigned short> a(GemmNumbers::in_f16(numbers.a));
    const DeviceArray<unsigned short> b(GemmNumbers::in_f16(numbers.b));
    const DeviceArray<float> d(numbers.m * numbers.n);
    const dim3 grid(numbers.n / tile_n, numbers.m / tile_m, slices);
    const DeviceArray<unsigned> semaphores(grid.x * grid.y);
    split_k<<<grid, tile_threads>>>(a.address(), b.address(), d.address(), numbers.n, numbers.k, semaphores.address());
    finish_kernel("split_k");
    return report("split_k", numbers.count_wrong(d.values()), numbers.m * numbers.n);
}
