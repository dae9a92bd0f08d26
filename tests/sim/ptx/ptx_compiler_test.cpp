/// PTX as the CUDA compiler makes it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler.h"
#include "module_text.h"
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

}  // namespace
}  // namespace stcsim
