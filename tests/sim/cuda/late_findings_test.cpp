/// What becomes of undefined results that a kernel stores: by the executor behind the runtime.
#include "cuda/late_findings.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/exec_configuration.h"
#include "cuda/executor_choice.h"
#include "gpu/gpu_description.h"

namespace stcsim {
namespace {

using namespace literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// `product` stores 16 bytes per lane of a product with an operand that nothing wrote.
const std::string text = R"(.version 7.8
.target sm_80
.address_size 64
.visible .entry product(.param .u64 to)
{
.reg .b32 %r<8>; .reg .b64 %d<4>; .reg .f32 %f<5>;
ld.param.u64 %d1, [to]; mov.u32 %r1, %tid.x; mad.wide.u32 %d2, %r1, 16, %d1; mov.b32 %r2, 0; mov.f32 %f0, 0f00000000;
mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r2, %r2}, {%r5}, {%f0, %f0, %f0, %f0};
st.global.v4.f32 [%d2], {%f1, %f2, %f3, %f4};
ret;
}
)";

class UndefinedResults : public testing::Test {
  protected:
    explicit UndefinedResults(bool lenient = false) {
        LaunchSettings settings;
        settings.timing = LaunchTiming::none;
        settings.lenient = lenient;
        executor_ = make_launch_executor(load_gpu_description("a100-sxm4-40gb"), settings);
        module_ = executor_->load({text}, "test.ptx");
        executor_->add_memory(memory_.data(), Bytes(memory_.size()), "the memory");
    }

    LaunchOutcome launch(std::uint64_t number) {
        LaunchRequest request;
        request.kernel = "product";
        request.block = {32, 1, 1};
        request.number = number;
        const std::byte* const to = memory_.data();
        request.arguments.resize(sizeof to);
        std::memcpy(request.arguments.data(), &to, sizeof to);
        return module_->run(request);
    }

    HostReading read(std::size_t from, std::size_t bytes) {
        return executor_->read_by_host(memory_.data() + from, Bytes(bytes));
    }

    alignas(256) std::array<std::byte, 1024> memory_{};
    std::unique_ptr<LaunchExecutor> executor_;
    std::unique_ptr<ExecutableModule> module_;
};

class LenientlyUndefinedResults : public UndefinedResults {
  protected:
    LenientlyUndefinedResults() : UndefinedResults(true) {}
};

TEST_F(UndefinedResults, AreAWarningOfTheLaunchThatLeavesThem) {
    const LaunchOutcome outcome = launch(0);
    EXPECT_FALSE(outcome.failure);
    ASSERT_THAT(outcome.report.findings, SizeIs(1));
    const FindingReport& warning = outcome.report.findings.front();
    EXPECT_FALSE(warning.error);
    EXPECT_EQ(warning.kind, "uninitialised register");
    EXPECT_EQ(warning.place.ptx_line, 8U);
    EXPECT_THAT(warning.sentence, HasSubstr("%r5 holds nothing that was ever written; 512 bytes"));
}

TEST_F(UndefinedResults, EndTheProgramWhenTheHostReadsThem) {
    launch(7);
    EXPECT_THAT(read(512, 512).findings, IsEmpty());
    const HostReading reading = read(0, 16);
    ASSERT_TRUE(reading.failure);
    EXPECT_THAT(*reading.failure, HasSubstr("kernel product: uninitialised register at PTX line 8"));
    EXPECT_THAT(*reading.failure, HasSubstr("warp 0, lane 0"));
    EXPECT_THAT(*reading.failure, HasSubstr("the host reads 16 bytes"));
    ASSERT_THAT(reading.findings, SizeIs(1));
    EXPECT_EQ(reading.findings.front().launch, 7U);
    EXPECT_TRUE(reading.findings.front().finding.error);
}

TEST_F(UndefinedResults, AreNoneOnceTheHostHasOverwrittenThem) {
    launch(0);
    executor_->written_by_host(memory_.data(), 512_bytes);
    EXPECT_THAT(read(0, 1024).findings, IsEmpty());
}

TEST_F(UndefinedResults, AreNoneOnceTheMemoryIsGone) {
    launch(0);
    executor_->remove_memory(memory_.data());
    executor_->add_memory(memory_.data(), Bytes(memory_.size()), "other memory");
    EXPECT_THAT(read(0, 1024).findings, IsEmpty());
}

TEST_F(UndefinedResults, FollowCopies) {
    launch(0);
    executor_->copied(memory_.data() + 600, memory_.data(), 64_bytes);
    executor_->written_by_host(memory_.data(), 512_bytes);
    EXPECT_TRUE(read(660, 4).failure);
    EXPECT_FALSE(read(664, 4).failure);
}

TEST_F(LenientlyUndefinedResults, AreReportedOnceAndEndNothing) {
    launch(0);
    const HostReading reading = read(0, 1024);
    EXPECT_FALSE(reading.failure);
    EXPECT_THAT(reading.findings, SizeIs(1));
    EXPECT_THAT(read(0, 1024).findings, IsEmpty());
}

}  // namespace
}  // namespace stcsim
