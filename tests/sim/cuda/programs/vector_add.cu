// c = a + scale * b, with a managed and a constant variable, a shared array and a 2-d copy: what small programs use.
#include <cstdio>
#include <cstdlib>
#include <vector>

__constant__ float scale;
__managed__ int launches;

__global__ void add(const float* a, const float* b, float* c, int n) {
    __shared__ float tile[128];
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    tile[threadIdx.x] = i < n ? b[i] * scale : 0.0F;
    __syncthreads();
    if (i < n) c[i] = a[i] + tile[threadIdx.x];
    if (i == 0) atomicAdd(&launches, 1);
}

static void check(cudaError_t error) {
    if (error == cudaSuccess) return;
    std::printf("%s\n", cudaGetErrorString(error));
    std::exit(1);
}

int main() {
    constexpr int n = 1000;
    std::vector<float> a(n, 1.0F);
    std::vector<float> c(n);
    float* device[3];
    for (float*& pointer : device) check(cudaMalloc(&pointer, n * sizeof(float)));
    check(cudaMemcpy(device[0], a.data(), n * sizeof(float), cudaMemcpyHostToDevice));
    check(cudaMemcpy2D(device[1], 400, a.data(), 400, 400, 10, cudaMemcpyHostToDevice));
    const float two = 2.0F;
    check(cudaMemcpyToSymbol(scale, &two, sizeof two));
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, 0));
    std::printf("%s, %d SMs, compute capability %d.%d\n", properties.name, properties.multiProcessorCount,
                properties.major, properties.minor);
    cudaStream_t stream;
    check(cudaStreamCreate(&stream));
    add<<<(n + 127) / 128, 128, 0, stream>>>(device[0], device[1], device[2], n);
    check(cudaGetLastError());
    check(cudaStreamSynchronize(stream));
    check(cudaMemcpyAsync(c.data(), device[2], n * sizeof(float), cudaMemcpyDeviceToHost, stream));
    check(cudaDeviceSynchronize());
    for (const float value : c) {
        if (value != 3.0F) return 1;
    }
    std::printf("%d launch\n", launches);
    return launches == 1 ? 0 : 1;
}
