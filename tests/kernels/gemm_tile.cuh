// A 64 x 64 tile of a product of f16 matrices with f32 sums, by 128 threads.
#pragma once

#include "tensor_core.cuh"

constexpr int tile_m = 64;
constexpr int tile_n = 64;
constexpr int tile_k = 32;
constexpr int tile_threads = 128;

// What a warp keeps: 32 x 32 sums as 2 x 4 results of mma.m16n8.
struct WarpSums {
    float at[2][4][4];
};

struct GemmTiles {
    alignas(128) unsigned char a[tile_m * tile_k * 2];  // 64 rows of 64 bytes
    alignas(128) unsigned char b[tile_k * tile_n * 2];  // 32 rows of 128 bytes
};

// Copies a tile of A (m x k, row-major) and one of B (k x n, row-major) to shared memory, 16 bytes at a time.
__device__ inline void load_tiles(GemmTiles& tiles, const unsigned short* a, const unsigned short* b, int n, int k) {
    for (int i = threadIdx.x; i < tile_m * 4; i += tile_threads) {
        const int row = i / 4;
        const int chunk = i % 4;
        *reinterpret_cast<uint4*>(tiles.a + chunk_of_64(row, chunk)) =
            *reinterpret_cast<const uint4*>(a + row * k + chunk * 8);
    }
    for (int i = threadIdx.x; i < tile_k * 8; i += tile_threads) {
        const int row = i / 8;
        const int chunk = i % 8;
        *reinterpret_cast<uint4*>(tiles.b + chunk_of_128(row, chunk)) =
            *reinterpret_cast<const uint4*>(b + row * n + chunk * 8);
    }
}

__device__ inline void multiply_tiles(WarpSums& sums, const GemmTiles& tiles) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = warp % 2 * 32;
    const int first_chunk = warp / 2 * 4;  // of eight columns each
    const unsigned a_tile = shared_address(tiles.a);
    const unsigned b_tile = shared_address(tiles.b);
#pragma unroll
    for (int step = 0; step < tile_k / 16; ++step) {
        unsigned a[2][4];
        unsigned b[2][4];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            load_matrices(a[i], a_tile + chunk_of_64(first_row + i * 16 + lane % 16, step * 2 + lane / 16));
            load_matrices_transposed(b[i], b_tile + chunk_of_128(step * 16 + lane % 16, first_chunk + i * 2 + lane / 16));
        }
#pragma unroll
        for (int i = 0; i < 2; ++i) {
#pragma unroll
            for (int j = 0; j < 4; ++j) multiply_f16(sums.at[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
    }
}

// Adds to the sums of the tile at (row, column) the products of k from `first` to `last`.
__device__ inline void multiply_range(WarpSums& sums, GemmTiles& tiles, const unsigned short* a, const unsigned short* b,
                                      int row, int column, int n, int k, int first, int last) {
    for (int at = first; at < last; at += tile_k) {
        load_tiles(tiles, a + row * k + at, b + at * n + column, n, k);
        __syncthreads();
        multiply_tiles(sums, tiles);
        __syncthreads();
    }
}

// Calls use(row, column, sum) for each sum that the thread has, rows and columns of the tile.
template <typename Use>
__device__ inline void for_each_sum(const WarpSums& sums, Use use) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                use(warp % 2 * 32 + i * 16 + r / 2 * 8 + lane / 4, warp / 2 * 32 + j * 8 + lane % 4 * 2 + r % 2,
                    sums.at[i][j][r]);
            }
        }
    }
}
