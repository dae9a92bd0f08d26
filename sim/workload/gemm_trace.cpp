#include "workload/gemm_trace.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/message_text.h"
#include "base/near_names.h"
#include "workload/csv_reader.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

constexpr std::array<std::string_view, 9> required_columns{"name",  "m",   "n",        "k",    "batch",
                                                           "dtype", "acc", "sparsity", "count"};
constexpr std::string_view output_column = "output";
constexpr std::string_view sparse_operand_column = "sparse_operand";
constexpr std::array<ElementType, 11> all_types{
    ElementType::f16, ElementType::bf16, ElementType::tf32, ElementType::f32, ElementType::f64, ElementType::s8,
    ElementType::u8,  ElementType::s4,   ElementType::u4,   ElementType::b1,  ElementType::s32};

/// "one of A, B, C", and where `word` looks like a slip of one of them ": did you mean 'B'?".
template <typename Names>
std::string one_of(std::string_view word, const Names& names) {
    std::string expected = fmt::format("one of {}", fmt::join(names, ", "));
    const std::vector<std::string> candidates(names.begin(), names.end());
    const std::vector<std::string> near = near_names(word, candidates, 1);
    if (!near.empty()) expected += fmt::format(": did you mean '{}'?", near.front());
    return expected;
}

/// Which field of a record each column is.
class Header {
  public:
    /// Throws InputError unless `record` holds each required column once and no unknown one.
    Header(const CsvRecord& record, const std::string& file) : columns_(record.fields) {
        const InputLocation where{file, record.line};
        std::vector<std::string_view> known(required_columns.begin(), required_columns.end());
        known.push_back(output_column);
        known.push_back(sparse_operand_column);
        for (auto column = columns_.begin(); column != columns_.end(); ++column) {
            if (std::ranges::find(known, *column) == known.end()) {
                throw InputError(where, fmt::format("column {}", quoted_for_message(*column)), one_of(*column, known));
            }
            if (std::find(columns_.begin(), column, *column) != column) {
                throw InputError(where, fmt::format("column '{}' twice", *column), "each column once");
            }
        }
        std::vector<std::string_view> missing;
        for (const std::string_view column : required_columns) {
            if (!position(column)) missing.push_back(column);
        }
        if (!missing.empty()) {
            throw InputError(where, fmt::format("no column '{}'", fmt::join(missing, "', '")),
                             fmt::format("a header with {}", fmt::join(required_columns, ",")));
        }
    }

    [[nodiscard]] std::size_t size() const { return columns_.size(); }
    [[nodiscard]] std::optional<std::size_t> position(std::string_view column) const {
        const auto found = std::ranges::find(columns_, column);
        if (found == columns_.end()) return std::nullopt;
        return static_cast<std::size_t>(found - columns_.begin());
    }

  private:
    std::vector<std::string> columns_;
};

/// The fields of one record by the name of their column, converted and checked.
class TraceLine {
  public:
    TraceLine(const Header& header, const CsvRecord& record, const std::string& file)
        : header_(header), record_(record), where_{file, record.line} {
        if (record.fields.size() != header.size()) {
            throw InputError(where_, fmt::format("{} fields", record.fields.size()),
                             fmt::format("{}, as in the header", header.size()));
        }
    }

    [[nodiscard]] const InputLocation& where() const { return where_; }

    /// The field, or nothing where the column is missing.
    [[nodiscard]] std::optional<std::string_view> text(std::string_view column) const {
        const auto position = header_.position(column);
        if (!position) return std::nullopt;
        return record_.fields[*position];
    }

    [[nodiscard]] std::string name() const {
        const std::string_view field = text("name").value();
        if (field.empty()) throw InputError(where_, "an empty name", "a name");
        return std::string(field);
    }

    [[nodiscard]] std::uint64_t number(std::string_view column) const {
        const std::string_view field = text(column).value();
        std::uint64_t value = 0;
        const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
        const bool whole = end == field.data() + field.size() && !field.empty();
        const bool in_range = status == std::errc{} && value >= 1 && value <= largest_trace_number;
        if (!whole || !in_range) {
            throw InputError(where_, fmt::format("{} in column '{}'", quoted_for_message(field), column),
                             fmt::format("a whole number from 1 to {}", largest_trace_number));
        }
        return value;
    }

    [[nodiscard]] ElementType type(std::string_view column) const {
        const std::string_view field = text(column).value();
        if (const auto type = element_type_named(field)) return *type;
        std::vector<std::string_view> names;
        for (const ElementType known : all_types) names.push_back(name_of(known));
        throw InputError(where_, fmt::format("{} in column '{}'", quoted_for_message(field), column),
                         one_of(field, names));
    }

    [[nodiscard]] Sparsity sparsity() const {
        const std::string_view field = text("sparsity").value();
        if (const auto sparsity = sparsity_named(field)) return *sparsity;
        const std::array<std::string_view, 2> names{name_of(Sparsity::dense), name_of(Sparsity::two_four)};
        throw InputError(where_, fmt::format("{} in column 'sparsity'", quoted_for_message(field)),
                         one_of(field, names));
    }

    /// A, unless the trace has the column and its field says otherwise.
    [[nodiscard]] SparseOperand sparse_operand() const {
        const std::string_view field = text(sparse_operand_column).value_or("");
        if (field.empty()) return SparseOperand::a;
        if (const auto operand = sparse_operand_named(field)) return *operand;
        throw InputError(where_, fmt::format("{} in column '{}'", quoted_for_message(field), sparse_operand_column),
                         "a or b");
    }

  private:
    const Header& header_;
    const CsvRecord& record_;
    InputLocation where_;
};

/// Throws InputError where the multiply-adds of all executions do not fit a signed 64-bit integer.
void check_total_work(const GemmProblem& problem, const InputLocation& where) {
    auto left = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (const std::uint64_t factor : {problem.m, problem.n, problem.k, problem.batch, problem.count}) left /= factor;
    if (left == 0) {
        throw InputError(where,
                         fmt::format("m * n * k * batch * count = {} * {} * {} * {} * {}", problem.m, problem.n,
                                     problem.k, problem.batch, problem.count),
                         "a product below 2^63");
    }
}

GemmProblem problem_of(const TraceLine& line) {
    GemmProblem problem;
    problem.name = line.name();
    problem.m = line.number("m");
    problem.n = line.number("n");
    problem.k = line.number("k");
    problem.batch = line.number("batch");
    problem.input = line.type("dtype");
    problem.accumulator = line.type("acc");
    const bool output_given = !line.text(output_column).value_or("").empty();
    problem.output = output_given ? line.type(output_column) : default_output(problem.input);
    problem.sparsity = line.sparsity();
    problem.sparse_operand = line.sparse_operand();
    problem.count = line.number("count");
    check_types(problem, line.where());
    check_total_work(problem, line.where());
    return problem;
}

}  // namespace

std::vector<GemmProblem> read_gemm_trace(const std::filesystem::path& file) {
    const std::vector<CsvRecord> records = read_csv(file);
    if (records.empty()) {
        throw InputError({file.string()}, "nothing", fmt::format("the header {}", fmt::join(required_columns, ",")));
    }
    const Header header(records.front(), file.string());
    std::vector<GemmProblem> problems;
    for (auto record = records.begin() + 1; record != records.end(); ++record) {
        problems.push_back(problem_of(TraceLine(header, *record, file.string())));
    }
    if (problems.empty()) throw InputError({file.string()}, "a header only", "at least one GEMM");
    return problems;
}

}  // namespace stcsim
