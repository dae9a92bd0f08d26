#include "numerics/plain_gemm.h"

#include <algorithm>
#include <vector>

#include "numerics/dot_add.h"

namespace stcsim {

ElementBits plain_element(const GemmOperands& operands, std::size_t row, std::size_t column) {
    ElementBits sum = operands.c.at(row, column);
    std::vector<ElementBits> a;
    std::vector<ElementBits> b;
    for (std::size_t start = 0; start < operands.padded_stored; start += operands.step) {
        const std::size_t length = std::min(operands.step, operands.padded_stored - start);
        a.assign(length, 0);
        b.assign(length, 0);
        for (std::size_t i = 0; i < length && start + i < operands.a.columns; ++i) {
            a[i] = operands.a.at(row, start + i);
            b[i] = operands.b.at(operands.partner(row, start + i), column);
        }
        sum = dot_add(operands.arithmetic, a, b, sum);
    }
    return sum;
}

BitMatrix plain_gemm(const GemmOperands& operands) {
    BitMatrix d(operands.c.rows, operands.c.columns, operands.c.type);
    for (std::size_t row = 0; row < d.rows; ++row) {
        for (std::size_t column = 0; column < d.columns; ++column) {
            d.at(row, column) = plain_element(operands, row, column);
        }
    }
    return d;
}

}  // namespace stcsim
