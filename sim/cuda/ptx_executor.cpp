#include "cuda/ptx_executor.h"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "cuda/linked_modules.h"
#include "cuda/ptx_executable_module.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

std::uint64_t address_of(const std::byte* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

}  // namespace

std::unique_ptr<ExecutableModule> PtxExecutor::load(std::vector<std::string> ptx, const std::string& name) {
    const auto parse_one = [this](const std::string& text, const std::string& called) {
        PtxModule module = parse_ptx(text, called);
        require_target(module, parts_.architecture);
        return module;
    };
    const auto load_one = [this](PtxModule module, ModuleMemory::FindExternal find) {
        return std::make_unique<PtxExecutableModule>(
            std::move(module), ModuleSurroundings{parts_.findings, parts_.prepare, memory_, late_}, std::move(find));
    };
    if (ptx.size() == 1) {
        auto module = load_one(parse_one(ptx.front(), name), [](const std::string&) { return std::uint64_t{0}; });
        module->link();
        return module;
    }
    return std::make_unique<LinkedModules>(
        std::move(ptx),
        [parse_one, name](const std::string& text, std::size_t number) {
            return parse_one(text, fmt::format("{}, module {}", name, number + 1));
        },
        load_one);
}

void PtxExecutor::add_memory(std::byte* address, Bytes bytes, const std::string& name) {
    memory_.adopt(address_of(address), bytes.value(), name);
}

void PtxExecutor::remove_memory(std::byte* address) {
    memory_.release(address_of(address));
}

HostReading PtxExecutor::read_by_host(const std::byte* address, Bytes bytes) {
    return late_.read(address_of(address), bytes.value());
}

void PtxExecutor::written_by_host(std::byte* address, Bytes bytes) {
    memory_.suspicions().clear(address_of(address), bytes.value());
}

void PtxExecutor::copied(std::byte* to, const std::byte* from, Bytes bytes) {
    memory_.suspicions().copy(address_of(to), address_of(from), bytes.value());
}

}  // namespace stcsim
