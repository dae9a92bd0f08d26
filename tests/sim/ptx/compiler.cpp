#include "compiler.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace stcsim {

std::filesystem::path fresh_folder(const std::string& name) {
    std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("stcsim_" + name);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

bool compile(const std::filesystem::path& folder, const std::string& source, const std::string& options) {
    std::ofstream(folder / "kernel.cu") << source;
    const std::string said = output_of(folder, fmt::format("{} {} kernel.cu && echo done", STCSIM_NVCC, options));
    const bool done = said.ends_with("done\n");
    EXPECT_TRUE(done) << said;
    return done;
}

std::string output_of(const std::filesystem::path& folder, const std::string& command) {
    const std::filesystem::path file = folder / "output.txt";
    const std::string whole = fmt::format("cd '{}' && ({}) > '{}' 2>&1", folder.string(), command, file.string());
    [[maybe_unused]] const int status = std::system(whole.c_str());
    return contents_of(file);
}

std::string contents_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace stcsim
