/// Calls: of functions of the module, and of two that CUDA's device library provides, vprintf and __assertfail.
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/generic_address.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/memory_access.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

constexpr std::size_t longest_text = 1U << 20U;

/// Bytes at a generic address of a lane.
void read_generic(WarpState& w, U32 lane, U64 address, void* to, U32 bytes) {
    const PtxSpace space = space_of(address);
    StepAccess access = {};
    access.bytes_per_lane = bytes;
    access.addresses[lane] = address - window_of(space);
    const U32 bit = 1U << lane;
    (space == PtxSpace::shared  ? access.shared_lanes
     : space == PtxSpace::local ? access.local_lanes
     : space == PtxSpace::param ? access.param_lanes
                                : access.global_lanes) = bit;
    const std::byte* const memory = lane_memory(w, access, lane);
    std::memset(to, 0, bytes);
    if (memory != nullptr) std::memcpy(to, memory, bytes);
}

std::string read_text(WarpState& w, U32 lane, U64 address) {
    std::string text;
    for (char c = 0; text.size() < longest_text; text += c) {
        read_generic(w, lane, address + text.size(), &c, 1);
        if (c == 0) break;
    }
    return text;
}

/// The value of argument `k` of a call: a register, or a variable of the thread. `immediate`: a bit for each of the
/// latter.
U64 argument(WarpState& w, const DecodedInstruction& i, std::size_t k, U32 lane) {
    if (k >= i.list.size()) return 0;
    const U64 value = read_lane<U64>(w.source(i.list[k]), lane);
    if ((i.immediate >> k & 1U) == 0) return value;
    U64 bits = 0;
    const U64 left = w.local_bytes - value;
    std::memcpy(&bits, w.local.data() + lane * w.local_bytes + value, std::min<U64>(left, sizeof bits));
    return bits;
}

/// The arguments of vprintf: one after the other, each aligned to its size.
class PrintArguments {
  public:
    PrintArguments(WarpState& w, U32 lane, U64 address) : warp_(&w), lane_(lane), address_(address) {}

    template <typename T>
    T next() {
        address_ = (address_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
        T value{};
        read_generic(*warp_, lane_, address_, &value, sizeof value);
        address_ += sizeof value;
        return value;
    }

  private:
    WarpState* warp_;
    U32 lane_;
    U64 address_;
};

template <typename T>
std::string formatted(const std::string& specification, T value) {
    char text[512];
    const int length = std::snprintf(text, sizeof text, specification.c_str(), value);
    return {text, static_cast<std::size_t>(std::clamp<int>(length, 0, sizeof text - 1))};
}

/// One conversion, "%-8.3f": replaces `*`, and lengths by those of the values passed.
std::string convert(WarpState& w, U32 lane, const std::string& written, PrintArguments& arguments) {
    std::string flags;
    bool wide = false;
    for (const char c : written.substr(0, written.size() - 1)) {
        if (c == '*') {
            flags += std::to_string(arguments.next<std::int32_t>());
        } else if (c == 'l' || c == 'j' || c == 'z' || c == 't') {
            wide = true;
        } else if (c != 'h' && c != 'L') {
            flags += c;
        }
    }
    const char kind = written.back();
    switch (kind) {
        case 'd':
        case 'i':
            return wide ? formatted(flags + "lld", static_cast<long long>(arguments.next<std::int64_t>()))
                        : formatted(flags + "d", arguments.next<std::int32_t>());
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            return wide ? formatted(flags + "ll" + kind, static_cast<unsigned long long>(arguments.next<U64>()))
                        : formatted(flags + kind, arguments.next<U32>());
        case 'c': return formatted(flags + "c", arguments.next<std::int32_t>());
        case 's': return formatted(flags + "s", read_text(w, lane, arguments.next<U64>()).c_str());
        case 'p': return fmt::format("{:#x}", arguments.next<U64>());
        case '%': return "%";
        default: return formatted(flags + kind, arguments.next<double>());
    }
}

std::string print(WarpState& w, U32 lane, const std::string& format, U64 address) {
    PrintArguments arguments(w, lane, address);
    std::string text;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            text += format[i];
            continue;
        }
        const std::size_t end = format.find_first_of("diouxXcspfFeEgGaA%", i + 1);
        if (end == std::string::npos) break;
        text += convert(w, lane, format.substr(i, end - i + 1), arguments);
        i = end;
    }
    return text;
}

void call_print(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    for_each_lane(lanes, [&](U32 lane) {
        const std::string text = print(w, lane, read_text(w, lane, argument(w, i, 0, lane)), argument(w, i, 1, lane));
        std::fwrite(text.data(), 1, text.size(), stdout);
        const auto length = static_cast<U32>(text.size());
        if (!i.a.present()) return;
        const U64 result = read_lane<U64>(w.source(i.a), lane);
        std::memcpy(w.local.data() + lane * w.local_bytes + result, &length, sizeof length);
    });
}

void call_assertion(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32 lane = WarpState::first_lane(lanes);
    const auto text = [&](std::size_t k) { return read_text(w, lane, argument(w, i, k, lane)); };
    w.fault(fmt::format("assertion `{}` failed in {}, {}:{},", text(0), text(3), text(1),
                        static_cast<U32>(argument(w, i, 2, lane))));
}

/// What a call passes must be what the function declares.
void require_fit(const InstructionDecoder& decoder, const std::vector<ActualValue>& actual,
                 const std::vector<FormalValue>& formal, std::string_view what) {
    const std::string& name = decoder.operand(1).text;
    if (actual.size() != formal.size()) {
        decoder.misfit(fmt::format("{} {} for {}", actual.size(), what, name), std::to_string(formal.size()));
    }
    for (std::size_t k = 0; k < actual.size(); ++k) {
        if (actual[k].bytes == 0 || actual[k].bytes == formal[k].bytes) continue;
        decoder.misfit(fmt::format("{} bytes in number {} of the {} of {}", actual[k].bytes, k + 1, what, name),
                       fmt::format("{} bytes", formal[k].bytes));
    }
}

void decode_function_call(InstructionDecoder& decoder) {
    OperandStorage& storage = decoder.storage();
    const PtxOperand& callee = decoder.operand(1);
    DecodedCall call;
    for (const PtxOperand& result : decoder.operand(0).elements) call.results.push_back(decoder.actual(result, true));
    for (const PtxOperand& argument : decoder.operand(2).elements) {
        call.arguments.push_back(decoder.actual(argument, false));
    }
    if (callee.kind == PtxOperand::Kind::reg) {
        call.address = decoder.source(callee, PtxType::b64);
    } else {
        const auto callees = decoder.kernel().callees(decoder.ptx());
        STCSIM_ASSERT(callees.size() == 1);
        call.function = callees.front();
        const DecodedFunction& function = storage.functions[call.function];
        require_fit(decoder, call.arguments, function.parameters, "arguments");
        require_fit(decoder, call.results, function.results, "results");
    }
    decoder.out.unit = ExecutionUnit::function_call;
    decoder.out.target = static_cast<U32>(storage.calls.size());
    storage.calls.push_back(std::move(call));
    decoder.finish();
}

}  // namespace

void decode_call(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    decoder.modifiers.drop({"uni"});
    decoder.expect_operands(3, 4);
    const PtxOperand& function = decoder.operand(1);
    if (!decoder.kernel().callees(decoder.ptx()).empty() || function.kind == PtxOperand::Kind::reg) {
        return decode_function_call(decoder);
    }
    const bool prints = function.text == "vprintf";
    STCSIM_ASSERT(prints || function.text == "__assertfail");
    out.unit = ExecutionUnit::call;
    const auto& arguments = decoder.operand(2).elements;
    for (std::size_t k = 0; k < arguments.size(); ++k) {
        const bool variable = arguments[k].variable != nullptr;
        if (variable) out.immediate |= 1U << k;
        if (variable || is_wide(decoder.register_type(arguments[k], PtxType::b64))) {
            decoder.list.push_back(decoder.source(arguments[k], PtxType::b64));
        } else {
            decoder.unsupported("arguments in registers of 32 bits");
        }
    }
    const auto& results = decoder.operand(0).elements;
    if (!results.empty() && results.front().variable != nullptr) {
        out.a = decoder.source(results.front(), PtxType::b64);
    }
    out.handler = prints ? call_print : call_assertion;
    decoder.finish();
}

}  // namespace stcsim
