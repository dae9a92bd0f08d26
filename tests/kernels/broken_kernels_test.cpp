/// Each broken kernel is told what is wrong with it, and where.
#include <cctype>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel_run.h"

namespace stcsim {
namespace {

using ::testing::HasSubstr;
using testing::KernelRun;

struct BrokenKernel {
    std::string name;
    std::uint32_t argument;
    FindingKind kind;
    std::string instruction;  ///< begins like this
};

void PrintTo(const BrokenKernel& kernel, std::ostream* out) {
    *out << kernel.name;
}

const std::vector<BrokenKernel> broken_kernels{
    {"out_of_bounds", 0, FindingKind::out_of_bounds, "st.global"},
    {"misaligned", 0, FindingKind::misaligned, "ld.global.v4"},
    {"pending_copy_read", 0, FindingKind::pending_copy_read, "ld.shared"},
    {"shared_race", 0, FindingKind::shared_race, "ld.shared"},
    {"uninitialized_shared", 0, FindingKind::uninitialized_shared, "mma.sync"},
    {"uninitialized_register", 0, FindingKind::uninitialized_register, "mma.sync"},
    {"illegal_metadata", 0, FindingKind::illegal_metadata, "mma.sp"},
    {"unordered_metadata", 0x11111111, FindingKind::unordered_metadata, "mma.sp::ordered_metadata"},
    {"wrong_selector", 0x44444444, FindingKind::wrong_selector, "mma.sp"},
    {"barrier_divergence", 0, FindingKind::barrier_divergence, "bar"},
    {"unreached_wait_group", 0, FindingKind::unreached_wait_group, ""},
    {"bank_conflict", 0, FindingKind::bank_conflict, "ldmatrix"},
};

/// Runs a broken kernel on memory of 200 floats, 4 blocks of 64 threads, and reads them, as the program broken does.
void run_broken(const BrokenKernel& kernel, FindingSink& findings) {
    KernelRun run("broken.ptx", kernel.name);
    const std::vector<float> data(200);
    const std::uint64_t address = run.add_array(data, "data");
    run.add_argument(kernel.argument);
    run.run({4}, {64}, findings);
    run.report_read(address, data.size() * sizeof data[0], findings);
}

class BrokenKernels : public ::testing::TestWithParam<BrokenKernel> {};

TEST_P(BrokenKernels, AreToldWhatIsWrongWithThem) {
    const BrokenKernel& kernel = GetParam();
    FindingSink findings(FindingMode::lenient);
    run_broken(kernel, findings);
    EXPECT_GT(findings.total(kernel.kind), 0U);
    for (const auto& [place, entry] : findings.entries()) {
        EXPECT_EQ(place.first, kernel.kind) << entry.first.message();
        EXPECT_THAT(entry.first.instruction, ::testing::StartsWith(kernel.instruction));
        EXPECT_GT(entry.first.where.line, 0U);
        EXPECT_FALSE(entry.first.sentence.empty());
    }
}

TEST_P(BrokenKernels, EndAtOnceIfAndOnlyIfTheirResultIsUndefined) {
    const BrokenKernel& kernel = GetParam();
    FindingSink findings(FindingMode::strict);
    if (!is_error(kernel.kind)) {
        EXPECT_NO_THROW(run_broken(kernel, findings));
        return;
    }
    try {
        run_broken(kernel, findings);
        ADD_FAILURE() << "ran to its end";
    } catch (const KernelFault& fault) {
        EXPECT_THAT(fault.what(), HasSubstr(std::string(name_of(kernel.kind))));
    }
}

INSTANTIATE_TEST_SUITE_P(All, BrokenKernels, ::testing::ValuesIn(broken_kernels),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace stcsim
