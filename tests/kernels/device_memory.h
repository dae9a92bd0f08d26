// What the programs of this folder share on the host: device memory, the end of a run.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

inline void require_success(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
    std::exit(2);
}

// Memory of the device, freed at the end.
template <typename Element>
class DeviceArray {
  public:
    explicit DeviceArray(std::size_t count) : count_(count) {
        require_success(cudaMalloc(&address_, count * sizeof(Element)), "cudaMalloc");
        require_success(cudaMemset(address_, 0, count * sizeof(Element)), "cudaMemset");
    }
    explicit DeviceArray(const std::vector<Element>& values) : DeviceArray(values.size()) {
        require_success(cudaMemcpy(address_, values.data(), count_ * sizeof(Element), cudaMemcpyHostToDevice),
                        "copy to the device");
    }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;
    ~DeviceArray() { cudaFree(address_); }

    Element* address() const { return address_; }
    std::vector<Element> values() const {
        std::vector<Element> copy(count_);
        require_success(cudaMemcpy(copy.data(), address_, count_ * sizeof(Element), cudaMemcpyDeviceToHost),
                        "copy from the device");
        return copy;
    }

  private:
    Element* address_ = nullptr;
    std::size_t count_;
};

// Waits for the kernel and reports what went wrong with it.
inline void finish_kernel(const char* name) {
    require_success(cudaGetLastError(), name);
    require_success(cudaDeviceSynchronize(), name);
}

// Prints the outcome; the exit status of the program.
inline int report(const char* name, std::size_t wrong, std::size_t all) {
    std::printf("%s: %zu of %zu elements are wrong\n", name, wrong, all);
    return wrong == 0 ? 0 : 1;
}

// Small whole numbers of both signs from a seed: sums of their products are exact in every type.
class SmallNumbers {
  public:
    explicit SmallNumbers(unsigned seed) : state_(seed) {}
    int next() {
        state_ = state_ * 1664525u + 1013904223u;
        return static_cast<int>(state_ >> 24) % 7 - 3;
    }

  private:
    unsigned state_;
};

// The bits of a whole number of magnitude below 2048 in f16.
inline unsigned short f16_bits(int value) {
    const unsigned sign = value < 0 ? 0x8000u : 0u;
    unsigned magnitude = static_cast<unsigned>(value < 0 ? -value : value);
    if (magnitude == 0) return 0;
    unsigned exponent = 25;
    while (magnitude < 1024) {
        magnitude *= 2;
        --exponent;
    }
    return static_cast<unsigned short>(sign | exponent << 10 | (magnitude & 1023u));
}
