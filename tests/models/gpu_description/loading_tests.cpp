#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "description_files.h"
#include "gpu/parameter_table.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

const std::string rows = R"(rows = { value = 8, provenance = "derived", source = ")";

/// A corruption of the complete description, with the text that marks the offending line and words of the message.
struct Corruption {
    std::string name;
    std::string from;
    std::string to;
    std::string marker;
    std::vector<std::string> words;

    friend void PrintTo(const Corruption& c, std::ostream* out) { *out << c.to; }
};

class BadDescription : public testing::TestWithParam<Corruption> {};

TEST_P(BadDescription, NamesFileLineAndWhatWasExpected) {
    const Corruption& c = GetParam();
    const TemporaryFolder folder;
    const std::string text = with(shipped_text("a100-sxm4-40gb"), c.from, c.to);
    const std::string file = folder.write("bad.toml", text);
    const InputError error = input_error_of([&] { load_gpu_description(file); });
    EXPECT_EQ(error.where().file, file);
    EXPECT_EQ(error.where().line, c.marker.empty() ? 0 : line_of(text, c.marker)) << error.what();
    for (const std::string& word : c.words) EXPECT_THAT(error.what(), HasSubstr(word));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadDescription,
    testing::Values(
        Corruption{"Syntax", "rows = {", "rows = = {", "rows = = {", {"TOML"}},
        Corruption{"UnknownKey", "rows = {", "row = {", "row = {", {"unknown key", "dot_product_array.rows"}},
        Corruption{"UnknownGroup", "[sm.barrier_unit]", "[sm.barier_unit]", "[sm.barier_unit]", {"sm.barier_unit"}},
        Corruption{"UnknownTopLevelKey",
                   "summary =",
                   "sumary = \"x\"\nsummary =",
                   "sumary",
                   {"unknown key \"sumary\"", "such as summary"}},
        Corruption{"MissingParameter",
                   rows,
                   "# rows = {\"",
                   "[sm.tensor_core.dot_product_array]",
                   {"no key \"sm.tensor_core.dot_product_array.rows\"", "an integer from 1 to"}},
        Corruption{"MissingName", "name = ", "# name = ", "", {"no key \"name\""}},
        Corruption{"EmptyName", "name = \"a100-sxm4-40gb\"", "name = \"\"", "name = \"\"", {"non-empty string"}},
        Corruption{"NameNotText", "name = \"a100-sxm4-40gb\"", "name = 100", "name = 100", {"non-empty string"}},
        Corruption{"BareValue", rows, "rows = 8 # ", "rows = 8", {"rows = 8", "provenance"}},
        Corruption{"RealForInteger", "rows = { value = 8", "rows = { value = 8.5", "rows = {", {"8.5", "an integer"}},
        Corruption{"WholeRealForInteger", "rows = { value = 8", "rows = { value = 8.0", "rows = {", {"an integer"}},
        Corruption{"TextForInteger", "rows = { value = 8", "rows = { value = \"8\"", "rows = {", {"the string \"8\""}},
        Corruption{"TruthForInteger", "rows = { value = 8", "rows = { value = true", "rows = {", {"true"}},
        Corruption{"NegativeInteger", "rows = { value = 8", "rows = { value = -8", "rows = {", {"-8", "from 1"}},
        Corruption{"Zero", "rows = { value = 8", "rows = { value = 0", "rows = {", {"rows = 0", "from 1"}},
        Corruption{"AboveRange", "rows = { value = 8", "rows = { value = 65536", "rows = {", {"65536"}},
        Corruption{"WrapsTo32Bits", "rows = { value = 8", "rows = { value = 4294967304", "rows = {", {"4294967304"}},
        Corruption{"IntegerForTruth", "value = true", "value = 1", "sparse_path = {", {"true or false"}},
        Corruption{"NotANumber", "value = 0.91", "value = nan", "efficiency =", {"nan", "a number from 0.01 to 1"}},
        Corruption{"Infinity", "value = 1.41e9", "value = inf", "clock_hz =", {"inf"}},
        Corruption{"NegativeCycles", "value = 267", "value = -267", "latency = { value = -267", {"-267"}},
        Corruption{"DateForInteger", "rows = { value = 8", "rows = { value = 2020-05-14", "rows = {", {"a date"}},
        Corruption{"MissingValue", "rows = { value = 8, ", "rows = { ", "rows = {", {"without a value"}},
        Corruption{"MissingProvenance",
                   "rows = { value = 8, provenance = \"derived\",",
                   "rows = { value = 8,",
                   "rows = {",
                   {"without a provenance", "measured, published, derived, assumed"}},
        Corruption{"UnknownProvenance",
                   "rows = { value = 8, provenance = \"derived\"",
                   "rows = { value = 8, provenance = \"guessed\"",
                   "rows = {",
                   {"guessed", "measured, published"}},
        Corruption{"EmptySource",
                   rows,
                   "rows = { value = 8, provenance = \"derived\", source = \" \" } # \"",
                   "rows = {",
                   {"source"}},
        Corruption{"MissingSource",
                   rows,
                   "rows = { value = 8, provenance = \"derived\" } # \"",
                   "rows = {",
                   {"without a source"}},
        Corruption{"UnknownKeyInParameter",
                   "rows = { value = 8",
                   "rows = { unit = \"units\", value = 8",
                   "rows = {",
                   {"unknown key \"unit\""}},
        Corruption{"ArrayForGroup", "[sm.barrier_unit]", "[[sm.barrier_unit]]", "[[sm.barrier_unit]]", {"an array"}}),
    [](const auto& suite) { return suite.param.name; });

TEST(LoadGpuDescription, RefusesAFolderAMissingFileAndAnEmptyOne) {
    const TemporaryFolder folder;
    EXPECT_THAT(input_error_of([&] { load_gpu_description(folder.path().string()); }).what(), HasSubstr("a folder"));
    EXPECT_THAT(input_error_of([] { load_gpu_description("/nowhere/gpu.toml"); }).what(),
                HasSubstr("/nowhere/gpu.toml: found no such file"));
    const std::string empty = folder.write("empty.toml", "");
    EXPECT_THROW(load_gpu_description(empty), InputError);
}

TEST(LoadGpuDescription, RefusesTextThatIsNotUtf8) {
    const TemporaryFolder folder;
    const std::string file = folder.write("latin.toml", "name = \"caf\xE9\"\n");
    EXPECT_EQ(input_error_of([&] { load_gpu_description(file); }).where().line, 1U);
}

TEST(LoadGpuDescription, AChildOverridesOnlyWhatDiffers) {
    const GpuDescription parent = load_gpu_description("a100-sxm4-40gb");
    GpuDescription child = load_gpu_description("a100-dense-only");
    EXPECT_TRUE(parent.parameters.sm.tensor_core.sparse_path);
    EXPECT_FALSE(child.parameters.sm.tensor_core.sparse_path);
    GpuParameters parent_parameters = parent.parameters;
    const auto inherited = parameter_table(parent_parameters);
    const auto overridden = parameter_table(child.parameters);
    for (std::size_t i = 0; i < inherited.size(); ++i) {
        if (inherited[i].path() == "sm.tensor_core.sparse_path") continue;
        EXPECT_EQ(overridden[i].value(), inherited[i].value()) << inherited[i].path();
        EXPECT_EQ(child.sources[i].source, parent.sources[i].source);
    }
}

TEST(LoadGpuDescription, RefusesACycleOfExtends) {
    const TemporaryFolder folder;
    const std::string file = folder.write("a.toml", "name = \"a\"\nsummary = \"a\"\nextends = \"b\"\n");
    (void)folder.write("b.toml", "name = \"b\"\nsummary = \"b\"\nextends = \"a\"\n");
    EXPECT_THAT(input_error_of([&] { load_gpu_description(file); }).what(), HasSubstr("extends itself"));
}

TEST(LoadGpuDescription, RefusesAnUnknownBaseWithLineAndNearNames) {
    const TemporaryFolder folder;
    const std::string file = folder.write("a.toml", "name = \"a\"\nsummary = \"a\"\nextends = \"a100-sxm4-40g\"\n");
    const InputError error = input_error_of([&] { load_gpu_description(file); });
    EXPECT_EQ(error.where().line, 3U);
    EXPECT_THAT(error.what(), HasSubstr("a100-sxm4-40gb"));
}

class ShippedDescription : public testing::TestWithParam<std::string> {};

TEST_P(ShippedDescription, LoadsAndGivesEveryParameterASource) {
    GpuDescription gpu = load_gpu_description(GetParam());
    EXPECT_EQ(gpu.name, GetParam());
    EXPECT_FALSE(gpu.summary.empty());
    const auto table = parameter_table(gpu.parameters);
    ASSERT_EQ(gpu.sources.size(), table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        EXPECT_EQ(gpu.sources[i].path, table[i].path());
        EXPECT_GT(gpu.sources[i].source.size(), 10U) << table[i].path();
        EXPECT_NE(gpu.sources[i].provenance, Provenance::overridden) << table[i].path();
    }
}

TEST_P(ShippedDescription, SurvivesWritingAndReading) {
    GpuDescription gpu = load_gpu_description(GetParam());
    const TemporaryFolder folder;
    GpuDescription again = load_gpu_description(folder.write("again.toml", to_toml(gpu)));
    EXPECT_EQ(to_toml(again), to_toml(gpu));
    const auto before = parameter_table(gpu.parameters);
    const auto after = parameter_table(again.parameters);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i].value(), before[i].value()) << before[i].path();
}

INSTANTIATE_TEST_SUITE_P(Each, ShippedDescription, testing::ValuesIn(available_gpus()), [](const auto& suite) {
    std::string name = suite.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(ShippedDescriptions, AreTheOnesPromised) {
    EXPECT_THAT(available_gpus(),
                testing::IsSupersetOf({"a100-sxm4-40gb", "a100-sxm4-80gb", "a100-pcie-80gb", "a100-dense-only"}));
}

TEST(A100, ReachesThePublishedPeaks) {
    const GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    const auto& sm = gpu.parameters.sm;
    const auto& array = sm.tensor_core.dot_product_array;
    const double fma_per_cycle = array.rows * array.columns * array.unit_bits / 16.0 * sm.sub_cores;
    // NVIDIA A100 whitepaper: 1024 dense f16 FMA/clk/SM, 312 TFLOPS.
    EXPECT_EQ(fma_per_cycle, 1024);
    EXPECT_NEAR(2 * fma_per_cycle * gpu.parameters.sm_count * gpu.parameters.clock_hz, 312e12, 0.5e12);
    // ptxas' static schedule for sm_80: dependent latency 16 of mma.m16n8k8, as 1 issue + 2 reads + delivery + 4 steps
    // + depth + write + 1 notification.
    EXPECT_EQ(Cycle(1 + 2 + 4 + 1) + sm.tensor_core.operand_fetch.delivery_latency + array.pipeline_depth +
                  sm.tensor_core.accumulator.latency,
              Cycle(16));
}

}  // namespace
}  // namespace stcsim
