// D = A x B of f16 with f32 sums: tiles in shared memory, chunks exchanged so that ldmatrix has no bank conflicts, mma.
#include "gemm_check.h"
#include "gemm_tile.cuh"

// A m x k, B k x n, D m x n, all row-major; m and n are multiples of 64, k of 32. A block for each tile of D.
extern "C" __global__ void __launch_bounds__(tile_threads)
    gemm_f16(const unsigned short* a, const unsigned short* b, float* d, int n, int k) {
    __shared__ GemmTiles tiles;
    const int row = blockIdx.y * tile_m;
    const int column = blockIdx.x * tile_n;
    WarpSums sums{};
    multiply_range(sums, tiles, a, b, row, column, n, k, 0, k);
    for_each_sum(sums, [&](int i, int j, float sum) { d[(row + i) * n + column + j] = sum; });
}

int main() {
    const GemmNumbers numbers(128, 192, 96);
    const DeviceArray<unsigned short> a(GemmNumbers::in_f16(numbers.a));
    const DeviceArray<unsigned short> b(GemmNumbers::in_f16(numbers.b));
    const DeviceArray<float> d(numbers.m * numbers.n);
    const dim3 grid(numbers.n / tile_n, numbers.m / tile_m);
    gemm_f16<<<grid, tile_threads>>>(a.address(), b.address(), d.address(), numbers.n, numbers.k);
    finish_kernel("gemm_f16");
    return report("gemm_f16", numbers.count_wrong(d.values()), numbers.m * numbers.n);
}
