#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "description_files.h"
#include "gpu/parameter_table.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

TEST(Override, SetsTheValueAndRemembersWhatItReplaced) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm.tensor_core.metadata_decoder.minimum_interval=32");
    EXPECT_EQ(gpu.parameters.sm.tensor_core.metadata_decoder.minimum_interval, Cycle(32));
    const auto source = std::find_if(gpu.sources.begin(), gpu.sources.end(), [](const ParameterSource& s) {
        return s.path == "sm.tensor_core.metadata_decoder.minimum_interval";
    });
    ASSERT_NE(source, gpu.sources.end());
    EXPECT_EQ(source->provenance, Provenance::overridden);
    EXPECT_EQ(source->source, "set by the user, in place of 1 (derived)");
}

TEST(Override, KnowsEveryTypeOfParameter) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "clock_hz=1.095e9");
    apply_override(gpu, "sm_count=54");
    apply_override(gpu, "sm.tensor_core.sparse_path=false");
    apply_override(gpu, "memory.l2.capacity=20971520");
    apply_override(gpu, "memory.hbm.latency=300");
    EXPECT_EQ(gpu.parameters.clock_hz, 1.095e9);
    EXPECT_EQ(gpu.parameters.sm_count, 54U);
    EXPECT_FALSE(gpu.parameters.sm.tensor_core.sparse_path);
    EXPECT_EQ(gpu.parameters.memory.l2.capacity, Bytes(20971520));
    EXPECT_EQ(gpu.parameters.memory.hbm.latency, Cycle(300));
}

TEST(Override, ListsNearNamesForAnUnknownPath) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    EXPECT_THAT(input_error_of([&] { apply_override(gpu, "sm.tensor_core.dot_product_aray.rows=4"); }).what(),
                HasSubstr("sm.tensor_core.dot_product_array.rows"));
}

TEST(Override, RefusesWhatIsNotOneValueOfTheParametersTypeAndRange) {
    const GpuDescription original = load_gpu_description("a100-sxm4-40gb");
    for (const char* const text : {"",
                                   "=",
                                   "sm_count",
                                   "sm_count=",
                                   "=108",
                                   "sm_count=0",
                                   "sm_count=-1",
                                   "sm_count=+1",
                                   "sm_count=1.5",
                                   "sm_count=1e2",
                                   "sm_count=108 ",
                                   "sm_count= 108",
                                   "sm_count=108x",
                                   "sm_count=99999999999999999999999",
                                   "sm_count=true",
                                   "sm_count=0x10",
                                   "clock_hz=nan",
                                   "clock_hz=inf",
                                   "clock_hz=-1e9",
                                   "clock_hz=1e999",
                                   "clock_hz=fast",
                                   "sm.tensor_core.sparse_path=1",
                                   "sm.tensor_core.sparse_path=yes",
                                   "sm=3",
                                   "sm.=3"}) {
        GpuDescription gpu = original;
        EXPECT_THROW(apply_override(gpu, text), InputError) << text;
        EXPECT_EQ(to_toml(gpu), to_toml(original)) << text;
    }
}

TEST(Override, SaysTheLegalRange) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    EXPECT_STREQ(input_error_of([&] { apply_override(gpu, "sm_count=0"); }).what(),
                 "found sm_count = 0, expected an integer from 1 to 1024");
}

TEST(Override, OfAnyDoubleSurvivesWritingAndReading) {
    const GpuDescription original = load_gpu_description("a100-sxm4-40gb");
    const TemporaryFolder folder;
    EXPECT_TRUE(rc::check([&](std::uint32_t numerator) {
        const double clock = 1e6 + static_cast<double>(numerator) * 1.1;
        GpuDescription gpu = original;
        apply_override(gpu, fmt::format("clock_hz={}", clock));
        RC_ASSERT(gpu.parameters.clock_hz == clock);
        const GpuDescription again = load_gpu_description(folder.write("again.toml", to_toml(gpu)));
        RC_ASSERT(again.parameters.clock_hz == clock);
        RC_ASSERT(to_toml(again) == to_toml(gpu));
    }));
}

TEST(ToToml, EscapesTextThatTomlWouldNotTakeAsItIs) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    gpu.summary = "quotes \" backslash \\ newline \n tab \t bell \a and \xC3\xA9";
    gpu.sources.front().source = "\"'\\";
    const TemporaryFolder folder;
    const GpuDescription again = load_gpu_description(folder.write("again.toml", to_toml(gpu)));
    EXPECT_EQ(again.summary, gpu.summary);
    EXPECT_EQ(again.sources.front().source, gpu.sources.front().source);
}

}  // namespace
}  // namespace stcsim
