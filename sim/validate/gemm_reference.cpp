#include "validate/gemm_reference.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "validate/reference_gpus.h"
#include "validate/reference_table.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

constexpr std::array<std::string_view, 7> gemm_columns{"gpu", "dtype", "M", "N", "K", "dense_us", "sparse24_us"};

/// What a row's dtype stands for. Products of integers are written as the libraries write them: whole sums where the
/// weights are dense, bf16 where they are 2:4.
struct MeasuredType {
    std::string_view name;
    ElementType input;
    ElementType accumulator;
    ElementType dense_output;
    ElementType sparse_output;
};

constexpr std::array measured_types{
    MeasuredType{"FP16", ElementType::f16, ElementType::f32, ElementType::f16, ElementType::f16},
    MeasuredType{"BF16", ElementType::bf16, ElementType::f32, ElementType::bf16, ElementType::bf16},
    MeasuredType{"INT8", ElementType::s8, ElementType::s32, ElementType::s32, ElementType::bf16},
};

/// --quick takes every so many-th row of each type, from this one on: of all sizes, because the rows are sorted by them
/// and this has no factor in common with the number of weights or of batch sizes.
constexpr std::size_t quick_stride = 13;
constexpr std::size_t first_quick_row = 6;

const MeasuredType& type_of(const ReferenceRow& row) {
    const auto* const known = std::ranges::find(measured_types, row.word("dtype"), &MeasuredType::name);
    if (known != measured_types.end()) return *known;
    std::vector<std::string_view> names;
    for (const MeasuredType& type : measured_types) names.push_back(type.name);
    throw row.refusal("dtype", fmt::format("one of {}", fmt::join(names, ", ")));
}

/// The point of a row and sparsity, without its measurement.
ReferencePoint point_of(const ReferenceRow& row, const MeasuredType& type, Sparsity sparsity) {
    GemmProblem problem;
    problem.m = row.count("M");
    problem.n = row.count("N");
    problem.k = row.count("K");
    problem.input = type.input;
    problem.accumulator = type.accumulator;
    problem.output = sparsity == Sparsity::dense ? type.dense_output : type.sparse_output;
    problem.sparsity = sparsity;
    problem.sparse_operand = SparseOperand::b;
    problem.name = fmt::format("{}x{}x{}", problem.m, problem.n, problem.k);

    ReferencePoint point;
    point.set = ReferenceSet::gemm;
    point.type = name_of(type.input);
    point.figure = name_of(sparsity);
    point.name = problem.name;
    point.gpu = described_gpu(row);
    point.unit = "us";
    point.work = GemmWork{problem};
    return point;
}

}  // namespace

std::vector<ReferencePoint> read_gemm_reference(const std::filesystem::path& file) {
    std::vector<ReferencePoint> points;
    std::array<std::size_t, measured_types.size()> rows_before{};
    const ReferenceTable table(file, gemm_columns);
    for (const ReferenceRow& row : table.rows()) {
        const MeasuredType& type = type_of(row);
        const std::size_t index = rows_before[static_cast<std::size_t>(&type - measured_types.data())]++;
        const auto add = [&](std::string_view column, Sparsity sparsity) {
            const std::optional<double> measured = row.measurement(column);
            if (!measured) return;
            points.push_back(point_of(row, type, sparsity));
            points.back().measured = *measured;
            points.back().quick = index % quick_stride == first_quick_row;
        };
        add("dense_us", Sparsity::dense);
        add("sparse24_us", Sparsity::two_four);
    }
    return points;
}

}  // namespace stcsim
