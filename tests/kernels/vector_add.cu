// z = x + y: a thread for each element, the last block not full.
#include "device_memory.h"

extern "C" __global__ void vector_add(const float* x, const float* y, float* z, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) z[i] = x[i] + y[i];
}

int main() {
    constexpr int n = 1000;
    constexpr int threads = 256;
    std::vector<float> x(n);
    std::vector<float> y(n);
    for (int i = 0; i < n; ++i) {
        x[i] = i * 0.25f;
        y[i] = 100.0f - i;
    }
    const DeviceArray<float> device_x(x);
    const DeviceArray<float> device_y(y);
    const DeviceArray<float> device_z(n);
    vector_add<<<(n + threads - 1) / threads, threads>>>(device_x.address(), device_y.address(), device_z.address(), n);
    finish_kernel("vector_add");
    const std::vector<float> z = device_z.values();
    std::size_t wrong = 0;
    for (int i = 0; i < n; ++i) wrong += z[i] != x[i] + y[i];
    return report("vector_add", wrong, n);
}
