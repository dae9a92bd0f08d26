/// Arguments of a bare kernel, as the command line spells them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "cuda/launch_executor.h"
#include "npy/npy_array.h"

namespace stcsim {

/// One argument: a number, or the address of an array.
struct KernelArgument {
    std::string text;               ///< as given, for messages
    std::vector<std::byte> scalar;  ///< the bytes of a number; empty for an array
    std::optional<NpyArray> array;
    std::optional<std::filesystem::path> output;  ///< where the array is written after the launch
};

/// What can be an argument, for --help.
extern const char* const kernel_argument_help;

/// The arguments in a comma-separated list. Each is one of
///     in:A.npy                     the array in the file
///     inout:C.npy                  the array in the file, written back after the launch
///     out:D.npy:f32:128x128        zeros of this type and shape, written after the launch
///     scratch:4096                 so many bytes of zeros
///     i32:5  u64:7  f32:1.5 ...    a number: i8 to i64, u8 to u64, f16, bf16, f32, f64
/// Reads the input arrays. Throws InputError for anything else.
std::vector<KernelArgument> parse_kernel_arguments(std::string_view list);

/// The parameter space of a kernel with these arguments in order; `addresses`: of the arrays, in order. Throws
/// InputError if they do not fit the kernel's parameters in number or size.
std::vector<std::byte> parameter_space(const std::string& kernel, const KernelFacts& facts,
                                       const std::vector<KernelArgument>& arguments,
                                       const std::vector<std::byte*>& addresses);

}  // namespace stcsim
