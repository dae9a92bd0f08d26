// Operands of whole numbers for f16 products, and their exact product.
#pragma once

#include <vector>

#include "device_memory.h"

struct GemmNumbers {
    int m, n, k;
    std::vector<int> a, b;  // m x k, k x n

    GemmNumbers(int m_, int n_, int k_) : m(m_), n(n_), k(k_) {
        SmallNumbers numbers(1);
        for (int i = 0; i < m * k; ++i) a.push_back(numbers.next());
        for (int i = 0; i < k * n; ++i) b.push_back(numbers.next());
    }
    static std::vector<unsigned short> in_f16(const std::vector<int>& values) {
        std::vector<unsigned short> bits;
        for (int value : values) bits.push_back(f16_bits(value));
        return bits;
    }
    std::size_t count_wrong(const std::vector<float>& d) const {
        std::size_t wrong = 0;
        for (int row = 0; row < m; ++row) {
            for (int column = 0; column < n; ++column) {
                int sum = 0;
                for (int i = 0; i < k; ++i) sum += a[row * k + i] * b[i * n + column];
                wrong += d[row * n + column] != static_cast<float>(sum);
            }
        }
        return wrong;
    }
};
