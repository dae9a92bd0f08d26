#include "sparsify/prune_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "sparsify/elements.h"
#include "sparsify/output_files.h"
#include "sparsity/magnitude.h"

namespace stcsim {
namespace {

using Permutation = std::vector<std::uint32_t>;

/// A matrix in a file, with what is known of it.
struct Source {
    const NpyRows& array;
    ElementType type;
    SparsePattern pattern;
};

BitMatrix read_permuted(const Source& source, const Permutation& permutation, std::size_t first, std::size_t count) {
    BitMatrix block = read_elements(source.array, source.type, first, count);
    if (!permutation.empty()) block.storage = permute_columns<ElementBits>(block.storage, permutation);
    return block;
}

/// What pruning keeps with the columns in this order; empty means as they are.
KeptMagnitude kept_of(const Source& source, const Permutation& permutation) {
    KeptMagnitude total;
    for_each_block(source.array.rows(), source.array.columns(), [&](std::size_t first, std::size_t count) {
        const BitMatrix block = read_permuted(source, permutation, first, count);
        for (const KeptMagnitude& row : kept_magnitudes(block, source.pattern)) total += row;
    });
    return total;
}

float finite_magnitude(const Source& source, const Magnitudes& magnitudes, const BitMatrix& block, std::size_t first,
                       std::size_t i) {
    const double size = magnitudes.value(block.storage[i]);
    if (!std::isfinite(size)) {
        throw InputError(source.array.where(),
                         fmt::format("{} at {}", std::isnan(size) ? "NaN" : "an infinity",
                                     source.array.index_text(first + i / block.columns, i % block.columns)),
                         "finite numbers, by which columns can be compared, with --permute");
    }
    return static_cast<float>(std::min(size, static_cast<double>(std::numeric_limits<float>::max())));
}

/// Magnitudes of `samples` evenly spaced rows. Throws InputError for a number that is not finite in any row.
MagnitudeRows sample_of(const Source& source, std::size_t samples) {
    const std::size_t rows = source.array.rows();
    const std::size_t columns = source.array.columns();
    MagnitudeRows sample{samples, columns, {}};
    sample.values.reserve(samples * columns);
    const Magnitudes magnitudes(source.type);
    std::size_t taken = 0;
    for_each_block(rows, columns, [&](std::size_t first, std::size_t count) {
        const BitMatrix block = read_elements(source.array, source.type, first, count);
        for (std::size_t row = 0; row < count; ++row) {
            const bool wanted = taken < samples && sampled_row(taken, samples, rows) == first + row;
            for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
                const float size = finite_magnitude(source, magnitudes, block, first, i);
                if (wanted) sample.values.push_back(size);
            }
            if (wanted) ++taken;
        }
    });
    return sample;
}

NpyArray as_array(const Permutation& permutation) {
    NpyArray array(NpyType::i8, {permutation.size()});
    const std::vector<std::uint64_t> wide(permutation.begin(), permutation.end());
    array.set_bits(0, wide);
    return array;
}

/// The permutation to use: over the whole file it keeps more than the columns as given do, or it is the identity.
Permutation best_permutation(const Source& source, const PermutationSearch& search, const KeptMagnitude& as_given,
                             std::size_t samples) {
    Permutation found = find_channel_permutation(sample_of(source, samples), source.pattern, search);
    if (kept_of(source, found).kept <= as_given.kept) std::iota(found.begin(), found.end(), 0U);
    return found;
}

}  // namespace

PruneReport prune_file(const PruneRequest& request) {
    STCSIM_ASSERT(request.permute || !request.permutation);
    const NpyRows array(request.input, "--in");
    const ElementType type = element_type_of(array, request.type);
    const Source source{array, type, pattern_for(type, request.pattern)};
    check_columns(array, source.pattern);
    OutputFiles files;
    NpyWriter& pruned = files.open(request.output, "--out", array.type(), array.shape());

    NpyWriter* const order = !request.permutation
                                 ? nullptr
                                 : &files.open(*request.permutation, "--permutation", NpyType::i8, {array.columns()});

    PruneReport report{type, source.pattern, array.rows(), array.columns(), {}, {}, 0};
    Permutation permutation;
    if (request.permute) {
        report.sampled = sampled_rows(array.rows(), array.columns(), request.search);
        report.as_given = kept_of(source, {});
        permutation = best_permutation(source, request.search, report.as_given, report.sampled);
    }
    if (order != nullptr) order->append(as_array(permutation));
    for_each_block(array.rows(), array.columns(), [&](std::size_t first, std::size_t count) {
        BitMatrix block = read_permuted(source, permutation, first, count);
        for (const KeptMagnitude& row : kept_magnitudes(block, source.pattern)) report.written += row;
        pruned.append(to_array(prune(std::move(block), source.pattern), array.type()));
    });
    if (!request.permute) report.as_given = report.written;
    files.finish();
    return report;
}

}  // namespace stcsim
