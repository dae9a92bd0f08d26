#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "description_files.h"
#include "gpu/description_folders.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

TEST(DescriptionSearch, FindsTheSourceTreeFromABuildTree) {
    const auto folders = description_folders();
    EXPECT_THAT(folders, testing::Contains(std::filesystem::path(STCSIM_SOURCE_DIR) / "models/gpus"));
}

TEST(DescriptionSearch, PrefersTheFolderOfTheEnvironment) {
    const TemporaryFolder folder;
    (void)folder.write("a100-sxm4-40gb.toml", with(shipped_text("a100-sxm4-40gb"), "value = 108", "value = 2"));
    const DescriptionFolder chosen(folder.path().string());
    EXPECT_EQ(load_gpu_description("a100-sxm4-40gb").parameters.sm_count, 2U);
    // The other descriptions are still found.
    EXPECT_EQ(load_gpu_description("a100-sxm4-80gb").parameters.sm_count, 108U);
}

TEST(DescriptionSearch, ListsNamesOfAllFoldersOnce) {
    const TemporaryFolder folder;
    (void)folder.write("mine.toml", "");
    (void)folder.write("a100-sxm4-40gb.toml", "");
    (void)folder.write("notes.txt", "");
    const DescriptionFolder chosen(folder.path().string());
    const auto names = available_gpus();
    EXPECT_THAT(names, testing::Contains("mine"));
    EXPECT_EQ(std::count(names.begin(), names.end(), "a100-sxm4-40gb"), 1);
    EXPECT_THAT(names, testing::Not(testing::Contains("notes")));
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(DescriptionSearch, RefusesAnEnvironmentThatNamesNoFolder) {
    const DescriptionFolder chosen("/nowhere/at/all");
    EXPECT_THAT(input_error_of([] { available_gpus(); }).what(), HasSubstr("STCSIM_GPUS=/nowhere/at/all"));
}

TEST(DescriptionSearch, SuggestsNearNames) {
    EXPECT_THAT(input_error_of([] { load_gpu_description("a100-sxm4-40g"); }).what(), HasSubstr("a100-sxm4-40gb"));
    EXPECT_THAT(input_error_of([] { load_gpu_description("zzz"); }).what(), HasSubstr("one of a100-dense-only"));
}

}  // namespace
}  // namespace stcsim
