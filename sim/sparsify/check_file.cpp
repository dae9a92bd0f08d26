#include "sparsify/check_file.h"

#include <fmt/format.h>

#include "sparsify/elements.h"
#include "sparsify/npy_rows.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {

CheckReport check_file(const CheckRequest& request) {
    const NpyRows array(request.input, "--in");
    const ElementType type = element_type_of(array, request.type);
    const SparsePattern pattern = pattern_for(type, request.pattern);
    check_columns(array, pattern);
    CheckReport report{type, pattern, array.rows(), array.columns(), 0, {}};
    for_each_block(array.rows(), array.columns(), [&](std::size_t first, std::size_t count) {
        for (PatternViolation violation : pattern_violations(read_elements(array, type, first, count), pattern)) {
            ++report.violations;
            if (report.described.size() >= request.limit) continue;
            violation.row += first;
            report.described.push_back(described_in(array, violation, pattern));
        }
    });
    return report;
}

}  // namespace stcsim
