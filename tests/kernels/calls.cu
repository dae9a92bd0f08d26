// Functions that are really called: recursive ones with lanes at different depths and addresses of locals handed down,
// through a table of pointers, through virtual functions, with structures as parameters and results.
#include "device_memory.h"

constexpr int threads = 64;

struct Triple {
    int a;
    long long b;
    char c[5];
};

__host__ __device__ __noinline__ Triple turned(Triple triple, int by) {
    Triple result = triple;
    result.a += by;
    result.b *= 3;
    for (int i = 0; i < 5; ++i) result.c[i] = triple.c[(i + by) % 5];
    return result;
}

__host__ __device__ __noinline__ int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// Writes n, n - 1, ..., 1 times their depth's local into what the caller points at.
__host__ __device__ __noinline__ void add_below(int n, int* sum) {
    if (n == 0) return;
    int below[3] = {n, n, n};
    add_below(n - 1, &below[n % 3]);
    *sum += below[n % 3];
}

__host__ __device__ __noinline__ int twice(int x) {
    return 2 * x;
}
__host__ __device__ __noinline__ int squared(int x) {
    return x * x;
}
__host__ __device__ __noinline__ int negated(int x) {
    return -x;
}
using Function = int (*)(int);
__device__ Function table[3] = {twice, squared, negated};

struct Scaled {
    __device__ virtual int of(int x) { return x * factor; }
    int factor;
};
struct Shifted : Scaled {
    __device__ int of(int x) override { return x + factor; }
};

__host__ __device__ Triple triple_of(int i) {
    return turned({i, i * 100000000000LL, {1, 2, 3, 4, static_cast<char>(i)}}, i % 4);
}

extern "C" __global__ void recursive(int* out) {
    const int i = threadIdx.x;
    out[i] = i % 3 == 0 ? fibonacci(i % 12) : -fibonacci(i % 7);
}
extern "C" __global__ void locals(int* out) {
    const int i = threadIdx.x;
    int sum = 0;
    if (i % 5 != 0) add_below(i % 20, &sum);
    out[i] = sum;
}
extern "C" __global__ void pointers(int* out) {
    const int i = threadIdx.x;
    out[i] = table[i % 3](i) + 1;
}
extern "C" __global__ void virtual_functions(int* out) {
    const int i = threadIdx.x;
    Scaled scaled;
    Shifted shifted;
    scaled.factor = 7;
    shifted.factor = 9;
    Scaled* const object = i % 2 == 1 ? &scaled : &shifted;
    out[i] = object->of(i);
}
extern "C" __global__ void structures(int* out) {
    const int i = threadIdx.x;
    const Triple triple = triple_of(i);
    out[i] = triple.a + static_cast<int>(triple.b % 1000003) + triple.c[0] * 10 + triple.c[4];
}

int expected(int kernel, int i) {
    if (kernel == 0) return i % 3 == 0 ? fibonacci(i % 12) : -fibonacci(i % 7);
    if (kernel == 1) {
        int sum = 0;
        if (i % 5 != 0) add_below(i % 20, &sum);
        return sum;
    }
    if (kernel == 2) return (i % 3 == 0 ? twice(i) : i % 3 == 1 ? squared(i) : negated(i)) + 1;
    if (kernel == 3) return i % 2 == 1 ? i * 7 : i + 9;
    const Triple triple = triple_of(i);
    return triple.a + static_cast<int>(triple.b % 1000003) + triple.c[0] * 10 + triple.c[4];
}

int main() {
    using Kernel = void (*)(int*);
    const Kernel kernels[] = {recursive, locals, pointers, virtual_functions, structures};
    std::size_t wrong = 0;
    for (int kernel = 0; kernel < 5; ++kernel) {
        const DeviceArray<int> out(threads);
        kernels[kernel]<<<1, threads>>>(out.address());
        finish_kernel("calls");
        const std::vector<int> values = out.values();
        for (int i = 0; i < threads; ++i) wrong += values[i] != expected(kernel, i);
    }
    return report("calls", wrong, 5 * threads);
}
