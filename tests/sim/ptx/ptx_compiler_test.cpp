/// PTX as the CUDA compiler makes it.
#include <cmath>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler.h"
#include "module_text.h"
#include "ptx/ptx_allocation.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

/// Printing, tables of pointers, virtual functions, recursion, a switch, inline assembly with scopes, half precision,
/// dynamic shared memory, by-value structures.
const char* const program = R"cuda(
#include <cstdio>
#include <cuda_fp16.h>
#include <mma.h>
__device__ int table[4] = {1, 2, 3, 4};
__device__ int* pointer = table + 1;
struct Pair { char c; int* p; };
__device__ Pair pair = {'a', table};
__constant__ float factors[3] = {1.f, 2.f};
extern __shared__ char dynamic[];
__global__ __launch_bounds__(128, 2) void various(int* out, int n, Pair by_value) {
    __shared__ float tile[33];
    tile[threadIdx.x] = factors[n];
    __syncthreads();
    if (n > 100) printf("%d %f\n", n, (double)tile[n]);
    int r;
    asm volatile("{\n .reg .pred p;\n setp.ne.b32 p, %1, 0;\n @p mov.u32 %0, 3;\n @!p bra DONE;\n"
                 "DONE: add.u32 %0, %0, 1;\n}" : "=r"(r) : "r"(n));
    out[4] = r + dynamic[n] + *pointer + *pair.p + *by_value.p;
}
struct Base { __device__ virtual int f(int x) { return x * z; } int z; };
struct Derived : Base { __device__ int f(int x) override { return x + z; } };
__global__ void indirect(int* out, int n) { Base b; Derived d; Base* p = n > 3 ? &b : &d; out[0] = p->f(n); }
__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
__global__ void recursive(int* out, int n) { out[0] = fibonacci(n); }
__global__ void tensor(half* a, float* c) {
    using namespace nvcuda;
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
    wmma::fill_fragment(fc, 0.f);
    wmma::load_matrix_sync(fa, a, 16);
    wmma::load_matrix_sync(fb, a, 16);
    wmma::mma_sync(fc, fa, fb, fc);
    wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
}
__global__ void arithmetic(double* d, half2* h, int* i) {
    d[0] = sin(d[1]) / d[2]; h[0] = __hfma2(h[1], h[2], h[3]); i[0] = atomicAdd(i + 1, __popc(i[2])) / 7;
    i[3] = __shfl_xor_sync(-1, i[4], 1) + __ballot_sync(-1, i[5] > 0);
}
)cuda";

TEST(CompilersPtx, IsReadWithLineInformation) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("ptx_line_information");
    ASSERT_TRUE(compile(folder, program, "-arch=sm_80 -ptx -lineinfo -o kernel.ptx"));
    const PtxModule module = read_ptx(folder / "kernel.ptx");
    EXPECT_NO_THROW(require_target(module, 80));
    EXPECT_EQ(module.kernels.size(), 5);
    EXPECT_FALSE(text_of(module).empty());
    const PtxKernel& kernel = module.kernel("_Z7variousPii4Pair");
    EXPECT_EQ(kernel.max_threads_per_cta, 128);
    EXPECT_EQ(kernel.parameter_bytes(), 32);
    EXPECT_THAT(module.source_text(kernel.instructions.back().source), testing::HasSubstr("kernel.cu:"));
}

TEST(CompilersPtx, IsReadWithDebugInformation) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("ptx_debug_information");
    ASSERT_TRUE(compile(folder, program, "-arch=sm_80 -ptx -G -o kernel.ptx"));
    EXPECT_EQ(read_ptx(folder / "kernel.ptx").kernels.size(), 5);
}

/// Tensor cores with accumulators of 32 and of 64 registers fed from shared memory, an f32 product, a sum, a copy.
const char* const pressure = R"cuda(
#include <cstdint>
template <int rows, int columns>
__device__ void product(const uint4* from, float* to, int k) {
    __shared__ uint4 tile[2048];
    float sum[rows][columns][4] = {};
    const uint32_t base = static_cast<uint32_t>(__cvta_generic_to_shared(tile));
    for (int step = 0; step < k; ++step) {
        for (int i = 0; i < 4; ++i) tile[threadIdx.x + i * 128] = from[step * 512 + threadIdx.x + i * 128];
        __syncthreads();
        uint32_t a[rows][4], b[columns][2];
        for (int i = 0; i < rows; ++i)
            asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                         : "=r"(a[i][0]), "=r"(a[i][1]), "=r"(a[i][2]), "=r"(a[i][3])
                         : "r"(base + (threadIdx.x % 32) * 16 + i * 512));
        for (int j = 0; j < columns; ++j)
            asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                         : "=r"(b[j][0]), "=r"(b[j][1]) : "r"(base + 4096 + (threadIdx.x % 16) * 16 + j * 256));
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j)
                asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
                             "{%8,%9}, {%0,%1,%2,%3};"
                             : "+f"(sum[i][j][0]), "+f"(sum[i][j][1]), "+f"(sum[i][j][2]), "+f"(sum[i][j][3])
                             : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b[j][0]), "r"(b[j][1]));
        __syncthreads();
    }
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            for (int r = 0; r < 4; ++r) to[((i * columns + j) * 4 + r) * 128 + threadIdx.x] = sum[i][j][r];
}
extern "C" __global__ void product_2x4(const uint4* from, float* to, int k) { product<2, 4>(from, to, k); }
extern "C" __global__ void product_2x8(const uint4* from, float* to, int k) { product<2, 8>(from, to, k); }
extern "C" __global__ void product_4x8(const uint4* from, float* to, int k) { product<4, 8>(from, to, k); }
extern "C" __global__ void product_f32(const float* A, const float* B, float* C, int n) {
    __shared__ float a[16][64], b[16][64];
    float sum[4][4] = {};
    const int x = threadIdx.x % 16, y = threadIdx.x / 16;
    for (int k = 0; k < n; k += 16) {
        for (int i = 0; i < 4; ++i) {
            a[y][x * 4 + i] = A[(k + y) * n + x * 4 + i];
            b[y][x * 4 + i] = B[(k + y) * n + x * 4 + i];
        }
        __syncthreads();
        for (int q = 0; q < 16; ++q)
            for (int i = 0; i < 4; ++i)
                for (int j = 0; j < 4; ++j) sum[i][j] += a[q][y * 4 + i] * b[q][x * 4 + j];
        __syncthreads();
    }
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) C[(y * 4 + i) * n + x * 4 + j] = sum[i][j];
}
extern "C" __global__ void sum(const float* from, float* to, int n) {
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) sum += from[i];
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(~0U, sum, step);
    if (threadIdx.x % 32 == 0) atomicAdd(to, sum);
}
extern "C" __global__ void copy(const float* from, float* to) { to[threadIdx.x] = from[threadIdx.x]; }
)cuda";

/// By kernel: registers that the assembler uses, at least the 16 that a thread gets.
std::map<std::string, double> assembled_registers(const std::string& said) {
    std::map<std::string, double> registers;
    std::istringstream lines(said);
    std::string kernel;
    for (std::string line; std::getline(lines, line);) {
        const std::string entry = "entry function '";
        const std::size_t named = line.find(entry);
        if (named != std::string::npos) {
            const std::size_t begin = named + entry.size();
            kernel = line.substr(begin, line.find('\'', begin) - begin);
        }
        const std::size_t used = line.find("Used ");
        if (used != std::string::npos) registers[kernel] = std::max(16.0, std::stod(line.substr(used + 5)));
    }
    return registers;
}

TEST(CompilersPtx, NeedsAboutAsManyRegistersAsTheAssemblerUses) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("ptx_registers");
    ASSERT_TRUE(compile(folder, pressure, "-arch=sm_80 -ptx -o kernel.ptx"));
    const auto assembler = std::filesystem::path(STCSIM_NVCC).parent_path() / "ptxas";
    const std::string said =
        output_of(folder, fmt::format("{} -arch=sm_80 -v kernel.ptx -o kernel.cubin", assembler.string()));
    const std::map<std::string, double> assembled = assembled_registers(said);
    const PtxModule module = read_ptx(folder / "kernel.ptx");
    ASSERT_EQ(assembled.size(), module.kernels.size()) << said;
    double sum_of_errors = 0;
    for (const auto& kernel : module.kernels) {
        const double used = assembled.at(kernel->name);
        const double estimate = allocate_registers(*kernel).count;
        const double error = estimate / used - 1;
        sum_of_errors += std::abs(error);
        std::cout << fmt::format("{:12} {:4} registers, {:4} estimated, {:+.0f} %\n", kernel->name, used, estimate,
                                 100 * error);
        EXPECT_LT(std::abs(error), 0.4) << kernel->name;
    }
    EXPECT_LT(sum_of_errors / static_cast<double>(assembled.size()), 0.2);
}

}  // namespace
}  // namespace stcsim
