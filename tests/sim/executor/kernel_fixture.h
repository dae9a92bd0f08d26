/// Small kernels written in PTX, and what they need to run.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "executor/functional_run.h"
#include "ptx/ptx_parser.h"

namespace stcsim {

/// A module with one kernel `test(in, out, n)`, whose body finds the addresses in %d1 and %d2, n in %r3 and the
/// thread's number in %r1. Declared are %p0..63, %h0..63 (16 bits), %r0..127, %d0..63 (64 bits), %f0..63, %e0..63
/// (f64).
inline std::string kernel_text(std::string_view body, std::string_view before = "") {
    return ".version 7.8\n.target sm_80\n.address_size 64\n" + std::string(before) +
           "\n.visible .entry test(.param .u64 in, .param .u64 out, .param .u32 n)\n{\n"
           ".reg .pred %p<64>; .reg .b16 %h<64>; .reg .b32 %r<128>; .reg .b64 %d<64>; .reg .f32 %f<64>; .reg .f64 "
           "%e<64>;\n"
           "ld.param.u64 %d1, [in]; ld.param.u64 %d2, [out]; ld.param.u32 %r3, [n]; mov.u32 %r1, %tid.x;\n" +
           std::string(body) + "\nret;\n}\n";
}

/// Everything around a launch of that kernel.
class TestKernel {
  public:
    explicit TestKernel(std::string_view body, std::string_view before = "")
        : module_(parse_ptx(kernel_text(body, before), "test.ptx")),
          kernel_(DecodedKernel::decode(module_, module_.kernel("test"))),
          variables_(module_, memory) {}

    AllocationTable memory;
    GridSize grid{1, 1, 1};
    GridSize block{32, 1, 1};
    Bytes dynamic_shared{0};
    FunctionalOptions options;

    [[nodiscard]] const DecodedKernel& decoded() const { return kernel_; }
    [[nodiscard]] const PtxModule& module() const { return module_; }
    [[nodiscard]] const ModuleMemory& variables() const { return variables_; }

    template <typename T>
    std::uint64_t upload(const std::vector<T>& values, const std::string& name) {
        const std::uint64_t address = memory.allocate(values.size() * sizeof(T), name);
        std::memcpy(memory.find(address, values.size() * sizeof(T)), values.data(), values.size() * sizeof(T));
        return address;
    }
    template <typename T>
    std::vector<T> download(std::uint64_t address, std::size_t count) {
        std::vector<T> values(count);
        std::memcpy(values.data(), memory.find(address, count * sizeof(T)), count * sizeof(T));
        return values;
    }

    KernelLaunch launch(std::uint64_t in, std::uint64_t out, std::uint32_t n) {
        KernelLaunch one{.kernel = &kernel_,
                         .grid = grid,
                         .block = block,
                         .dynamic_shared = dynamic_shared,
                         .arguments = std::vector<std::byte>(20),
                         .memory = &memory,
                         .variables = &variables_};
        std::memcpy(one.arguments.data(), &in, 8);
        std::memcpy(one.arguments.data() + 8, &out, 8);
        std::memcpy(one.arguments.data() + 16, &n, 4);
        return one;
    }

    /// Runs with `in` as input and `count` elements of output, which are zero before.
    template <typename Out, typename In>
    std::vector<Out> run(const std::vector<In>& in, std::size_t count, FindingSink& findings, std::uint32_t n = 0) {
        const std::uint64_t from = upload(in, "in");
        const std::uint64_t to = memory.allocate(count * sizeof(Out), "out");
        result = run_functional(launch(from, to, n), findings, options);
        report_read(to, count * sizeof(Out), findings);
        std::vector<Out> values = download<Out>(to, count);
        memory.release(from);
        memory.release(to);
        return values;
    }
    template <typename Out, typename In>
    std::vector<Out> run(const std::vector<In>& in, std::size_t count, std::uint32_t n = 0) {
        FindingSink findings(FindingMode::strict);
        return run<Out>(in, count, findings, n);
    }

    /// The host reads: suspicions about these bytes are findings.
    void report_read(std::uint64_t address, std::uint64_t bytes, FindingSink& findings) {
        for (const auto& found : memory.suspicions().take(address, bytes)) {
            findings.report(memory.suspicions().origin(found.origin).finding);
        }
    }

    FunctionalResult result;

  private:
    PtxModule module_;
    DecodedKernel kernel_;
    ModuleMemory variables_;
};

/// What an exception of type Error says; "nothing" if `use` throws none.
template <typename Error, typename Use>
std::string message_of(Use use) {
    try {
        use();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace stcsim
