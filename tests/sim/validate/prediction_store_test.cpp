#include "validate/prediction_store.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "files/temporary_folder.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

const Prediction a_time{12.625, "128x128_s3", "tensor core", "", {{"cycles", 17801}, {"clock_mhz", 1199.5}}};
const Prediction another_time{0.1, "64x64_s3", "global data", "", {}};
const Prediction a_refusal{std::nullopt, "", "", "found \"this\",\texpected that\n", {}};

/// What opening the file throws; empty if nothing.
std::string refusal_of(const std::string& file) {
    try {
        const PredictionStore store(file);
    } catch (const InputError& error) {
        return error.what();
    }
    return {};
}

TEST(PredictionStore, KeepsPredictionsForTheNextRun) {
    const TemporaryFolder folder;
    {
        PredictionStore store(folder.file("s"));
        EXPECT_EQ(store.find("a"), std::nullopt);
        store.add("a", "gemm f16 dense 1x2x3", a_time);
        store.add("b", "gemm f16 2:4 1x2x3", a_refusal);
        EXPECT_EQ(store.find("a"), a_time);
    }
    const PredictionStore again(folder.file("s"));
    EXPECT_EQ(again.find("a"), a_time);
    EXPECT_EQ(again.find("b"), a_refusal);
    EXPECT_EQ(again.find("c"), std::nullopt);
}

TEST(PredictionStore, CutOffAnywhereKeepsEveryWholeLineAndGoesOn) {
    const TemporaryFolder folder;
    const std::string file = folder.file("s");
    { PredictionStore(file).add("a", "A", a_time); }
    const std::size_t with_one = std::filesystem::file_size(file);
    { PredictionStore(file).add("b", "B", another_time); }
    const std::string whole = text_of(file);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::string cut = folder.write("cut", whole.substr(0, length));
        {
            PredictionStore store(cut);
            EXPECT_EQ(store.find("a").has_value(), length >= with_one) << length;
            EXPECT_EQ(store.find("b"), std::nullopt) << length;
            store.add("c", "C", a_time);
        }
        const PredictionStore again(cut);
        EXPECT_EQ(again.find("a").has_value(), length >= with_one) << length;
        EXPECT_EQ(again.find("c"), a_time) << length;
    }
}

TEST(PredictionStore, RefusesAFileThatIsNotItsOwnAndLeavesItAlone) {
    const TemporaryFolder folder;
    const std::string notes = folder.write("notes", "stcsim is nice\n");
    EXPECT_THAT(refusal_of(notes), HasSubstr("notes:1: found another kind of file"));
    EXPECT_EQ(text_of(notes), "stcsim is nice\n");
    EXPECT_THAT(refusal_of(folder.file("no/such/folder")), HasSubstr("cannot be used"));
    EXPECT_THAT(refusal_of("/dev/zero"), HasSubstr("another kind of file"));
}

TEST(PredictionStore, SaysWhichLineIsBroken) {
    const TemporaryFolder folder;
    const std::string file = folder.file("s");
    { PredictionStore(file).add("a", "A", a_time); }
    for (const char* const line : {"nothing\n", "b\tB\tno json\n", "b\tB\t{\"value\":\"x\"}\n", "b\tB\t{}\n",
                                   "b\tB\t{\"value\":1,\"details\":[1]}\n", "\n"}) {
        EXPECT_THAT(refusal_of(folder.write("broken", text_of(file) + line)), HasSubstr("broken:3: found")) << line;
    }
}

TEST(PredictionStore, IsForOneRunAtATime) {
    const TemporaryFolder folder;
    const PredictionStore store(folder.file("s"));
    EXPECT_THAT(refusal_of(folder.file("s")), HasSubstr("another run is using"));
}

RC_GTEST_PROP(Prediction, ReadsBackExactly, (double value, std::string kernel)) {
    std::erase_if(kernel, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    const Prediction prediction{value, kernel, "", "", {{"cycles", value}}};
    RC_ASSERT(prediction_in(to_line(prediction)) == prediction);
}

}  // namespace
}  // namespace stcsim
