// The sum of each block's numbers: each thread adds up its own, warps by shuffles, the first warp the warps' sums.
#include "device_memory.h"

constexpr int block_threads = 256;

__device__ float warp_sum(float value) {
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, distance);
    return value;
}

extern "C" __global__ void reduction(const float* numbers, float* sums, int n) {
    __shared__ float warp_sums[block_threads / 32];
    float sum = 0;
    for (int i = blockIdx.x * block_threads + threadIdx.x; i < n; i += gridDim.x * block_threads) sum += numbers[i];
    sum = warp_sum(sum);
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    if (lane == 0) warp_sums[warp] = sum;
    __syncthreads();
    if (warp != 0) return;
    sum = lane < block_threads / 32 ? warp_sums[lane] : 0.0f;
    sum = warp_sum(sum);
    if (lane == 0) sums[blockIdx.x] = sum;
}

int main() {
    constexpr int n = 5000;
    constexpr int blocks = 4;
    SmallNumbers random(3);
    std::vector<float> numbers(n);
    std::vector<float> expected(blocks);
    for (int i = 0; i < n; ++i) {
        numbers[i] = static_cast<float>(random.next());
        expected[i / block_threads % blocks] += numbers[i];
    }
    const DeviceArray<float> device_numbers(numbers);
    const DeviceArray<float> device_sums(blocks);
    reduction<<<blocks, block_threads>>>(device_numbers.address(), device_sums.address(), n);
    finish_kernel("reduction");
    const std::vector<float> sums = device_sums.values();
    std::size_t wrong = 0;
    for (int i = 0; i < blocks; ++i) wrong += sums[i] != expected[i];
    return report("reduction", wrong, blocks);
}
