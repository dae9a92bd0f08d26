/// A kernel together with the functions it calls.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "ptx/ptx_module.h"

namespace stcsim {

/// One text of the kernel's instructions and, behind them, those of every function that it may call, each ending in
/// `ret`: registers, variables, labels and targets are numbered anew, `functions` says what is where. A call through a
/// register may mean every function of the module whose address is taken somewhere in it. Null if the kernel calls no
/// function with a body and calls nothing through a register. The module must outlive the result.
///
/// Throws InputError that names every call of a function without a body, with its line, unless it is among `provided`.
std::unique_ptr<PtxKernel> link_kernel(const PtxModule& module, const PtxKernel& kernel,
                                       std::span<const std::string_view> provided);

/// The function that the number stands for, through `.alias`.
std::uint32_t function_meant(const PtxModule& module, std::uint32_t function);

}  // namespace stcsim
