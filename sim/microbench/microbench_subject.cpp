#include "microbench/microbench_subject.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"
#include "base/units.h"

namespace stcsim {
namespace {

constexpr std::uint32_t bytes_per_register = 4 * warp_lanes;

std::vector<MicrobenchSubject> load_subjects() {
    std::vector<MicrobenchSubject> subjects;
    for (const std::uint8_t matrices : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}}) {
        subjects.push_back({.name = fmt::format("ldmatrix.x{}", matrices),
                            .load = OperationClass::load_matrix,
                            .registers = matrices});
    }
    for (const std::uint32_t ways : {1U, 2U, 4U, 8U}) {
        subjects.push_back({.name = ways == 1 ? "ld.shared.u32" : fmt::format("ld.shared.u32.{}way", ways),
                            .load = OperationClass::load_shared,
                            .conflict_ways = ways});
    }
    return subjects;
}

MicrobenchSubject subject_of(const MmaInstruction& instruction) {
    return {.name = instruction.name(), .mma = &instruction};
}

}  // namespace

double MicrobenchSubject::work() const {
    return mma != nullptr ? static_cast<double>(mma->fused_multiply_adds())
                          : static_cast<double>(registers * bytes_per_register);
}

std::string_view MicrobenchSubject::unit() const {
    return mma != nullptr ? "FMA/clk/SM" : "B/clk/SM";
}

std::vector<MicrobenchSubject> microbench_subjects(bool sparse_path) {
    std::vector<MicrobenchSubject> subjects;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.is_plain() && (sparse_path || !instruction.sparse)) subjects.push_back(subject_of(instruction));
    }
    std::ranges::copy(load_subjects(), std::back_inserter(subjects));
    return subjects;
}

MicrobenchSubject microbench_subject_named(std::string_view name) {
    std::vector<std::string> names;
    for (const MmaInstruction& instruction : mma_instructions()) {
        names.push_back(instruction.name());
        if (names.back() == name) return subject_of(instruction);
    }
    for (MicrobenchSubject& subject : load_subjects()) {
        names.push_back(subject.name);
        if (subject.name == name) return subject;
    }
    const auto nearest = near_names(name, names);
    throw InputError({}, fmt::format("the instruction \"{}\"", name),
                     nearest.empty() ? "a name of 'stcsim instructions', ldmatrix.x1, .x2 or .x4, or ld.shared.u32"
                                     : fmt::format("one that can be measured, such as {}", fmt::join(nearest, ", ")));
}

}  // namespace stcsim
