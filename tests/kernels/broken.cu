// One kernel for each thing that a simulated kernel is told off for, and a program that runs the one it is asked for:
// broken KERNEL. On hardware most of them end as if nothing had happened.
#include <cstring>

#include "device_memory.h"
#include "tensor_core.cuh"

// No bounds check: the last block writes past the end.
extern "C" __global__ void out_of_bounds(float* data, int) { data[blockIdx.x * blockDim.x + threadIdx.x] = 1.0f; }

// Sixteen bytes at addresses that are multiples of four.
extern "C" __global__ void misaligned(float* data, int) {
    float4 four;
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(four.x), "=f"(four.y), "=f"(four.z), "=f"(four.w)
                 : "l"(data + threadIdx.x + 1));
    data[threadIdx.x] = four.x + four.y + four.z + four.w;
}

// Reads what cp.async brings without waiting for it.
extern "C" __global__ void pending_copy_read(float* data, int) {
    __shared__ alignas(16) float tile[128];
    if (threadIdx.x >= 32) return;
    copy_async(shared_address(tile + threadIdx.x * 4), data + threadIdx.x * 4);
    commit_copies();
    const float early = tile[threadIdx.x * 4];
    wait_for_copies<0>();
    data[threadIdx.x] = early;
}

// The second warp reads what the first one writes, with no barrier between.
extern "C" __global__ void shared_race(float* data, int) {
    __shared__ float tile[32];
    if (threadIdx.x < 32) tile[threadIdx.x] = data[threadIdx.x];
    if (threadIdx.x >= 32) data[threadIdx.x] = tile[threadIdx.x - 32];
}

// Only half of the tile is written before ldmatrix reads it for an mma.
extern "C" __global__ void uninitialized_shared(float* data, int) {
    __shared__ alignas(16) unsigned tile[128];
    if (threadIdx.x < 32) tile[threadIdx.x] = tile[threadIdx.x + 32] = 0;
    __syncthreads();
    unsigned a[4];
    load_matrices(a, shared_address(tile + threadIdx.x % 32 * 4));
    float d[4] = {};
    multiply_f16(d, a, 0, 0);
    data[threadIdx.x] = d[0] + d[1] + d[2] + d[3];
}

// A register of A that nothing wrote.
extern "C" __global__ void uninitialized_register(float* data, int) {
    float d[4] = {};
    asm volatile(
        "{\n\t.reg .b32 never;\n\t"
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %4, %4, never}, {%4, %4}, "
        "{%0, %1, %2, %3};\n\t}"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(0));
    data[threadIdx.x] = d[0] + d[1] + d[2] + d[3];
}

#define SPARSE_MMA(FORM, SELECTOR)                                                                                 \
    float d[4] = {};                                                                                               \
    asm volatile(FORM ".sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, "        \
                      "{%4, %4, %4, %4}, {%0, %1, %2, %3}, %5, " SELECTOR ";"                                      \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                  \
                 : "r"(0x3C003C00), "r"(metadata));                                                                \
    data[threadIdx.x] = d[0] + d[1] + d[2] + d[3];

// Both codes of every group name the first element, when called with metadata 0.
extern "C" __global__ void illegal_metadata(float* data, int metadata) { SPARSE_MMA("mma.sp", "0x0") }

// Codes 1 and 0 descend, which mma.sp::ordered_metadata does not take, when called with metadata 0x11111111.
extern "C" __global__ void unordered_metadata(float* data, int metadata) {
    SPARSE_MMA("mma.sp::ordered_metadata", "0x0")
}

// m16n8k32 has the selectors 0 and 1.
extern "C" __global__ void wrong_selector(float* data, int metadata) { SPARSE_MMA("mma.sp", "0x2") }

// Half of each warp's lanes wait at one barrier, half at another.
extern "C" __global__ void barrier_divergence(float* data, int) {
    if (threadIdx.x % 2 == 0) {
        data[threadIdx.x] = 1.0f;
        asm volatile("bar.sync 0;" ::: "memory");
        data[threadIdx.x] = 2.0f;
    } else {
        asm volatile("bar.sync 0;" ::: "memory");
        data[threadIdx.x] = 3.0f;
    }
}

// Ends with a copy under way.
extern "C" __global__ void unreached_wait_group(float* data, int n) {
    __shared__ alignas(16) float tile[128];
    if (threadIdx.x >= 32) return;
    copy_async(shared_address(tile + threadIdx.x * 4), data + threadIdx.x * 4);
    commit_copies();
    if (n > 1000000) {
        wait_for_copies<0>();
        data[threadIdx.x] = tile[threadIdx.x];
    }
}

// Eight rows of 128 bytes, chunk by chunk below each other: all in the same four banks.
extern "C" __global__ void bank_conflict(float* data, int) {
    __shared__ alignas(128) unsigned tile[16 * 32];
    for (int i = threadIdx.x; i < 16 * 32; i += blockDim.x) tile[i] = i;
    __syncthreads();
    unsigned r[4];
    load_matrices(r, shared_address(tile + threadIdx.x % 16 * 32 + threadIdx.x % 32 / 16 * 4));
    data[threadIdx.x] = static_cast<float>(r[0] + r[1] + r[2] + r[3]);
}

struct BrokenKernel {
    const char* name;
    void (*kernel)(float*, int);
    int argument;
};

int main(int count, char** arguments) {
    const BrokenKernel kernels[] = {{"out_of_bounds", out_of_bounds, 0},
                                    {"misaligned", misaligned, 0},
                                    {"pending_copy_read", pending_copy_read, 0},
                                    {"shared_race", shared_race, 0},
                                    {"uninitialized_shared", uninitialized_shared, 0},
                                    {"uninitialized_register", uninitialized_register, 0},
                                    {"illegal_metadata", illegal_metadata, 0},
                                    {"unordered_metadata", unordered_metadata, 0x11111111},
                                    {"wrong_selector", wrong_selector, 0x44444444},
                                    {"barrier_divergence", barrier_divergence, 0},
                                    {"unreached_wait_group", unreached_wait_group, 0},
                                    {"bank_conflict", bank_conflict, 0}};
    for (const BrokenKernel& broken : kernels) {
        if (count != 2 || std::strcmp(arguments[1], broken.name) != 0) continue;
        constexpr int floats = 200;
        const DeviceArray<float> data(floats);
        broken.kernel<<<4, 64>>>(data.address(), broken.argument);
        finish_kernel(broken.name);
        data.values();
        std::printf("%s: nothing was noticed\n", broken.name);
        return 0;
    }
    std::fprintf(stderr, "usage: broken KERNEL\n");
    return 2;
}
