#include "check/dump_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "check/epilogue.h"
#include "check/error_bound.h"
#include "check/ordered_product.h"

namespace stcsim {
namespace {

std::vector<std::size_t> spread(std::size_t size, std::size_t most) {
    std::set<std::size_t> chosen;
    const std::size_t count = std::min(size, most);
    // Odd steps beside the even ones, so that a pattern of period 8 or 16 is not seen in one phase only.
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = count == 1 ? 0 : i * (size - 1) / (count - 1);
        chosen.insert(size > most && at + i % 8 < size ? at + i % 8 : at);
    }
    chosen.insert(size - 1);
    return {chosen.begin(), chosen.end()};
}

std::size_t count_of(std::span<const std::uint8_t> flags) {
    return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), std::uint8_t{1}));
}

}  // namespace

SampleChoice spread_sample(std::size_t rows, std::size_t columns, std::size_t most_rows, std::size_t most_columns) {
    return {spread(rows, most_rows), spread(columns, most_columns)};
}

SampleChoice focused_sample(std::span<const std::uint8_t> marks, std::size_t columns, std::size_t most_rows,
                            std::size_t most_columns) {
    const std::size_t rows = marks.size() / columns;
    std::vector<std::size_t> marked_rows;
    std::vector<std::uint8_t> column_marks(columns);
    for (std::size_t row = 0; row < rows; ++row) {
        bool any = false;
        for (std::size_t column = 0; column < columns; ++column) {
            any |= marks[row * columns + column] != 0;
            column_marks[column] |= marks[row * columns + column];
        }
        if (any) marked_rows.push_back(row);
    }
    // Rows first: marks may be so few that most pairs of a marked row and a marked column are unmarked. The columns are
    // those of marks in the chosen rows, as far as they fit.
    const auto chosen = [](const std::vector<std::size_t>& from, std::size_t most) {
        std::set<std::size_t> some;
        for (const std::size_t i : spread(from.size(), most)) some.insert(from[i]);
        return some;
    };
    std::set<std::size_t> sample_rows = marked_rows.empty() ? std::set<std::size_t>{} : chosen(marked_rows, most_rows);
    std::vector<std::size_t> marked_columns;
    for (std::size_t column = 0; column < columns; ++column) {
        const bool any =
            std::ranges::any_of(sample_rows, [&](std::size_t row) { return marks[row * columns + column] != 0; });
        if (any) marked_columns.push_back(column);
    }
    std::set<std::size_t> sample_columns =
        marked_columns.empty() ? std::set<std::size_t>{} : chosen(marked_columns, most_columns);
    const SampleChoice even = spread_sample(rows, columns, most_rows / 2, most_columns / 2);
    sample_rows.insert(even.rows.begin(), even.rows.end());
    sample_columns.insert(even.columns.begin(), even.columns.end());
    return {{sample_rows.begin(), sample_rows.end()}, {sample_columns.begin(), sample_columns.end()}};
}

std::size_t SampleComparison::count_known() const {
    return count_of(known);
}
std::size_t SampleComparison::count_exact() const {
    return count_of(exact);
}
std::size_t SampleComparison::count_close() const {
    return count_of(close);
}

DumpSample::DumpSample(const GemmDump& dump, const SampleChoice& choice, const Misreading* misreading)
    : whole_k_(dump.k()) {
    const Misreading none;
    const Misreading& mistake = misreading == nullptr ? none : *misreading;
    part_.types = mistake.types.value_or(dump.types);
    unit_ = mistake.unit;
    read_operands(dump, choice, mistake);
    read_results(dump, choice, mistake);
}

void DumpSample::read_operands(const GemmDump& dump, const SampleChoice& choice, const Misreading& mistake) {
    const std::size_t k = mistake.k.value_or(dump.k());
    const SparsePattern pattern = dump.pattern();
    part_.a = BitMatrix(choice.rows.size(), pattern.stored(k), mistake.a_type.value_or(dump.a.type));
    part_.b = BitMatrix(k, choice.columns.size(), mistake.b_type.value_or(dump.b.type));
    const std::size_t units = dump.a.columns / pattern.unit;
    for (std::size_t i = 0; i < choice.rows.size(); ++i) {
        const std::size_t row = choice.rows[i];
        for (std::size_t s = 0; s < part_.a.columns; ++s) {
            part_.a.at(i, s) = mistake.a ? mistake.a(row, s) : dump.a.at(row, s);
        }
        for (std::size_t unit = 0; dump.sparse() && unit < part_.a.columns / pattern.unit; ++unit) {
            part_.codes.push_back(mistake.code ? mistake.code(row, unit) : dump.codes[row * units + unit]);
        }
    }
    for (std::size_t row = 0; row < k; ++row) {
        for (std::size_t j = 0; j < choice.columns.size(); ++j) {
            const std::size_t column = choice.columns[j];
            part_.b.at(row, j) = mistake.b ? mistake.b(row, column) : dump.b.at(row, column);
        }
    }
}

void DumpSample::read_results(const GemmDump& dump, const SampleChoice& choice, const Misreading& mistake) {
    part_.d = BitMatrix(choice.rows.size(), choice.columns.size(), dump.d.type);
    if (dump.c) part_.c = BitMatrix(choice.rows.size(), choice.columns.size(), dump.c->type);
    known_.assign(part_.d.storage.size(), 0);
    for (std::size_t i = 0; i < choice.rows.size(); ++i) {
        for (std::size_t j = 0; j < choice.columns.size(); ++j) {
            std::optional place(std::pair(choice.rows[i], choice.columns[j]));
            if (mistake.place) place = mistake.place(choice.rows[i], choice.columns[j]);
            if (!place) continue;
            const auto [row, column] = *place;
            known_[i * choice.columns.size() + j] = 1;
            part_.d.at(i, j) = dump.d.at(row, column);
            // An epilogue that misplaces D reads C from the same place.
            if (dump.c) part_.c->at(i, j) = mistake.c ? mistake.c(row, column) : dump.c->at(row, column);
        }
    }
}

std::vector<double> DumpSample::magnitudes() const {
    std::vector<double> b(part_.b.storage.size());
    std::ranges::transform(part_.b.storage, b.begin(),
                           [&](ElementBits bits) { return bounding_magnitude(part_.b.type, bits); });
    std::vector<double> sums(part_.d.storage.size());
    const SparsePattern pattern = part_.pattern();
    for (std::size_t i = 0; i < part_.a.rows; ++i) {
        for (std::size_t s = 0; s < part_.a.columns; ++s) {
            std::size_t k = s;
            if (part_.sparse()) {
                const std::size_t code = part_.codes[(i * part_.a.columns + s) / pattern.unit];
                k = s / pattern.kept * pattern.group + code * pattern.unit + s % pattern.unit;
            }
            const double factor = bounding_magnitude(part_.a.type, part_.a.at(i, s));
            for (std::size_t j = 0; j < part_.d.columns; ++j) {
                sums[i * part_.d.columns + j] += factor * b[k * part_.d.columns + j];
            }
        }
    }
    return sums;
}

std::optional<SampleComparison> DumpSample::compare(const AccumulationOrder& order, bool bounds) const {
    AccumulationOrder used = order;
    if (unit_) used.unit = *unit_;
    const ProductOperands operands{part_.a, part_.codes, part_.b, part_.c ? &*part_.c : nullptr};
    if (!is_computable(operands, used)) return std::nullopt;
    const BitMatrix expected = ordered_product(operands, part_.types, used);
    const std::size_t size = expected.storage.size();
    SampleComparison comparison{known_, std::vector<std::uint8_t>(size), std::vector<std::uint8_t>(size)};
    for (std::size_t i = 0; i < size; ++i) {
        comparison.exact[i] = known_[i] != 0 && part_.d.storage[i] == expected.storage[i] ? 1 : 0;
    }
    if (!bounds) return comparison;
    const ErrorBound bound(part_, used);
    const std::vector<double> sums = magnitudes();
    for (std::size_t i = 0; i < size; ++i) {
        const double source = part_.c ? std::abs(value_of(part_.c->type, part_.c->storage[i])) : 0;
        const bool close = within(bound, part_.d.type, part_.d.storage[i], expected.storage[i], sums[i], source);
        comparison.close[i] = known_[i] != 0 && close ? 1 : 0;
    }
    return comparison;
}

}  // namespace stcsim
