// D = A x B with a 2:4 structured-sparse A, for f16, tf32 and s8: stages of tiles on their way by cp.async while earlier
// ones are multiplied, metadata in the order in which ldmatrix hands each lane its word, mma.sp.
#include "device_memory.h"
#include "tensor_core.cuh"

// The types differ in what a byte means, not in where bytes go: a row of a stage has 64 bytes of kept elements of A and
// 128 bytes of B; an instruction takes 32 bytes of A's row and 64 of B's column.
constexpr int tile_m = 64;
constexpr int tile_n = 64;
constexpr int tile_threads = 128;
constexpr int stages = 3;
constexpr int row_bytes_a = 64;
constexpr int row_bytes_b = 128;
constexpr int block_bytes = 128;  // of metadata: a word for each lane

// What differs. Of f16 and tf32 a block of metadata covers 32 rows: the selector tells its halves of 16 rows apart. Of
// s8 it covers 16 rows.
struct F16 {
    using Sum = float;
    static constexpr int block_rows = 32;
};
struct Tf32 {
    using Sum = float;
    static constexpr int block_rows = 32;
};
struct S8 {
    using Sum = int;
    static constexpr int block_rows = 16;
};

#define SPARSE_INSTRUCTION(TYPES, CONSTRAINT)                                                                          \
    asm volatile("mma.sp::ordered_metadata.sync.aligned." TYPES                                                        \
                 " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9, %10, %11}, {%0, %1, %2, %3}, %12, %13;"                \
                 : "+" CONSTRAINT(d[0]), "+" CONSTRAINT(d[1]), "+" CONSTRAINT(d[2]), "+" CONSTRAINT(d[3])              \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]), "r"(e),      \
                   "n"(selector))

template <int selector>
__device__ inline void multiply(F16, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[4], unsigned e) {
    SPARSE_INSTRUCTION("m16n8k32.row.col.f32.f16.f16.f32", "f");
}
template <int selector>
__device__ inline void multiply(Tf32, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[4], unsigned e) {
    SPARSE_INSTRUCTION("m16n8k16.row.col.f32.tf32.tf32.f32", "f");
}
template <int selector>
__device__ inline void multiply(S8, int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[4], unsigned e) {
    SPARSE_INSTRUCTION("m16n8k64.row.col.s32.s8.s8.s32", "r");
}

template <typename Type>
struct Stage {
    // Of each block of rows the blocks of the two steps along k lie together.
    static constexpr int metadata_bytes = tile_m / Type::block_rows * 2 * block_bytes;
    alignas(128) unsigned char a[tile_m * row_bytes_a];
    alignas(128) unsigned char b[tile_n * row_bytes_b];
    alignas(128) unsigned char e[metadata_bytes];
};

// The operands of a block's tile in global memory, row by row of bytes; B column by column.
struct Operands {
    const unsigned char* a;
    const unsigned char* b;
    const unsigned char* e;
    int pitch_a;  // bytes from a row to the next
    int pitch_b;
    int pitch_e;  // bytes from a block of rows to the next
};

template <typename Type>
__device__ void start_copies(Stage<Type>& stage, const Operands& from, int step) {
    for (int i = threadIdx.x; i < tile_m * 4; i += tile_threads) {
        copy_async(shared_address(stage.a) + chunk_of_64(i / 4, i % 4),
                   from.a + i / 4 * from.pitch_a + step * row_bytes_a + i % 4 * 16);
    }
    for (int i = threadIdx.x; i < tile_n * 8; i += tile_threads) {
        copy_async(shared_address(stage.b) + chunk_of_128(i / 8, i % 8),
                   from.b + i / 8 * from.pitch_b + step * row_bytes_b + i % 8 * 16);
    }
    for (int i = threadIdx.x; i < Stage<Type>::metadata_bytes / 16; i += tile_threads) {
        copy_async(shared_address(stage.e) + i * 16,
                   from.e + i / 16 * from.pitch_e + step * 2 * block_bytes + i % 16 * 16);
    }
}

template <typename Type>
__device__ void multiply_stage(typename Type::Sum (&sums)[2][4][4], const Stage<Type>& stage) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = warp % 2 * 32;
    const int first_column = warp / 2 * 32;
    // The words of both steps: two blocks of one block of rows, or four of two.
    unsigned e[4];
    const unsigned e_block = shared_address(stage.e) + warp % 2 * (32 / Type::block_rows) * 2 * block_bytes;
    if constexpr (Type::block_rows == 32) {
        unsigned words[2];
        load_two_matrices(words, e_block + lane % 16 * 16);
        e[0] = e[2] = words[0];
        e[1] = e[3] = words[1];
    } else {
        load_matrices(e, e_block + lane * 16);
    }
#pragma unroll
    for (int step = 0; step < 2; ++step) {
        unsigned a[2][4];
        unsigned b[4][4];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            load_matrices(a[i], shared_address(stage.a) +
                                    chunk_of_64(first_row + i * 16 + lane % 16, step * 2 + lane / 16));
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            load_matrices(b[j], shared_address(stage.b) +
                                    chunk_of_128(first_column + j * 8 + lane % 8, step * 4 + lane / 8));
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            multiply<0>(Type{}, sums[0][j], a[0], b[j], e[step]);
            multiply<Type::block_rows == 32 ? 1 : 0>(Type{}, sums[1][j], a[1], b[j], e[2 + step]);
        }
    }
}

// A's kept elements m x k/2 and D m x n row-major, B n x k; m and n are multiples of 64, a row of A has whole 64 bytes.
// The metadata is in blocks, those of the same rows together (stcsim sparsify reorder: reordered-along-k).
template <typename Type>
__device__ void multiply_tile(const unsigned char* a, const unsigned char* e, const unsigned char* b,
                              typename Type::Sum* d, int n, int steps) {
    __shared__ Stage<Type> stage[stages];
    const int row = blockIdx.y * tile_m;
    const int column = blockIdx.x * tile_n;
    const int pitch_e = steps * 2 * block_bytes;
    const Operands from{a + row * steps * row_bytes_a,
                        b + column * steps * row_bytes_b,
                        e + row / Type::block_rows * pitch_e,
                        steps * row_bytes_a,
                        steps * row_bytes_b,
                        pitch_e};
    typename Type::Sum sums[2][4][4]{};
    for (int ahead = 0; ahead < stages - 1; ++ahead) {
        if (ahead < steps) start_copies(stage[ahead], from, ahead);
        commit_copies();
    }
    for (int step = 0; step < steps; ++step) {
        wait_for_copies<stages - 2>();
        __syncthreads();
        // Every warp has read the stage that is filled now.
        const int ahead = step + stages - 1;
        if (ahead < steps) start_copies(stage[ahead % stages], from, ahead);
        commit_copies();
        multiply_stage(sums, stage[step % stages]);
    }
    wait_for_copies<0>();
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                const int at_row = row + warp % 2 * 32 + i * 16 + r / 2 * 8 + lane / 4;
                const int at_column = column + warp / 2 * 32 + j * 8 + lane % 4 * 2 + r % 2;
                d[at_row * n + at_column] = sums[i][j][r];
            }
        }
    }
}

#define SPARSE_KERNEL(NAME, TYPE)                                                                                      \
    extern "C" __global__ void __launch_bounds__(tile_threads)                                                         \
        NAME(const unsigned char* a, const unsigned char* e, const unsigned char* b, TYPE::Sum* d, int n, int steps) { \
        multiply_tile<TYPE>(a, e, b, d, n, steps);                                                                     \
    }
SPARSE_KERNEL(sparse_gemm_f16, F16)
SPARSE_KERNEL(sparse_gemm_tf32, Tf32)
SPARSE_KERNEL(sparse_gemm_s8, S8)

// The host's side: a product of whole numbers, its operands as bytes.
struct SparseProduct {
    int m, n, k;
    int group;  // elements of a group, of which half is kept: 4, of tf32 2
    std::vector<int> kept, positions, b;

    SparseProduct(int m_, int n_, int k_, int group_) : m(m_), n(n_), k(k_), group(group_) {
        SmallNumbers numbers(5);
        const int half = group / 2;
        for (int i = 0; i < m * k / group; ++i) {
            int first = (numbers.next() + 3) % group;
            int second = (first + 1 + (numbers.next() + 3) % (group - 1)) % group;
            if (half == 2 && second < first) std::swap(first, second);
            positions.push_back(first);
            if (half == 2) positions.push_back(second);
            for (int j = 0; j < half; ++j) kept.push_back(numbers.next());
        }
        for (int i = 0; i < n * k; ++i) b.push_back(numbers.next());
    }

    int element(int row, int column) const {
        int sum = 0;
        for (int i = 0; i < k / 2; ++i) {
            const int at = i / (group / 2) * group + positions[row * (k / 2) + i];
            sum += kept[row * (k / 2) + i] * b[column * k + at];
        }
        return sum;
    }

    // The four bits of a group's metadata.
    unsigned nibble(int row, int index) const {
        const int* const first = &positions[row * (k / 2) + index * (group / 2)];
        if (group == 2) return first[0] == 0 ? 0x4u : 0xEu;
        return static_cast<unsigned>(first[0] | first[1] << 2);
    }

    // The metadata element of `bits` bits that begins at this group.
    unsigned element_of_metadata(int row, int index, int bits) const {
        unsigned element = 0;
        for (int i = 0; i < bits / 4; ++i) element |= nibble(row, index + i) << 4 * i;
        return element;
    }

    // Words of 32 lanes, block by block, those of the same rows together.
    std::vector<unsigned> metadata(int bits) const {
        const int block_rows = bits == 16 ? 32 : 16;
        const int element_groups = bits / 4;
        const int blocks = k / group / (2 * element_groups);
        std::vector<unsigned> words;
        for (int row = 0; row < m; row += block_rows) {
            for (int block = 0; block < blocks; ++block) {
                for (int lane = 0; lane < 32; ++lane) {
                    const int g = lane / 4;
                    const int t = lane % 4;
                    if (bits == 16) {
                        const int at = (block * 2 + t % 2) * element_groups;
                        const int upper = row + t / 2 * 16 + g;
                        words.push_back(element_of_metadata(upper, at, 16) |
                                        element_of_metadata(upper + 8, at, 16) << 16);
                    } else {
                        const int at = (block * 2 + t / 2) * element_groups;
                        words.push_back(element_of_metadata(row + t % 2 * 8 + g, at, 32));
                    }
                }
            }
        }
        return words;
    }
};

template <typename Element, typename Convert>
std::vector<unsigned char> bytes_of(const std::vector<int>& values, Convert convert) {
    std::vector<unsigned char> bytes;
    for (int value : values) {
        const Element element = convert(value);
        const auto* const first = reinterpret_cast<const unsigned char*>(&element);
        bytes.insert(bytes.end(), first, first + sizeof element);
    }
    return bytes;
}

template <typename Element, typename Sum, typename Kernel, typename Convert>
int run(const char* name, Kernel kernel, int group, int metadata_bits, Convert convert) {
    constexpr int steps = 5;
    const int k = steps * row_bytes_b / static_cast<int>(sizeof(Element));
    const SparseProduct product(128, 64, k, group);
    const DeviceArray<unsigned char> a(bytes_of<Element>(product.kept, convert));
    const DeviceArray<unsigned char> b(bytes_of<Element>(product.b, convert));
    const DeviceArray<unsigned> e(product.metadata(metadata_bits));
    const DeviceArray<Sum> d(product.m * product.n);
    const dim3 grid(product.n / tile_n, product.m / tile_m);
    kernel<<<grid, tile_threads>>>(a.address(), reinterpret_cast<const unsigned char*>(e.address()), b.address(),
                                   d.address(), product.n, steps);
    finish_kernel(name);
    const std::vector<Sum> found = d.values();
    std::size_t wrong = 0;
    for (int i = 0; i < product.m * product.n; ++i) {
        wrong += found[i] != static_cast<Sum>(product.element(i / product.n, i % product.n));
    }
    return report(name, wrong, found.size());
}

int main() {
    int status = run<unsigned short, float>("sparse_gemm_f16", sparse_gemm_f16, 4, 16, f16_bits);
    status |= run<float, float>("sparse_gemm_tf32", sparse_gemm_tf32, 2, 16, [](int value) { return float(value); });
    status |= run<signed char, int>("sparse_gemm_s8", sparse_gemm_s8, 4, 32,
                                    [](int value) { return static_cast<signed char>(value); });
    return status;
}
