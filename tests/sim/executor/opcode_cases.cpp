#include "opcode_cases.h"

#include "opcode_values.h"

namespace stcsim {
namespace {

using namespace opcodes;

const Table& table() {
    static const Table all = [] {
        Table sum;
        for (Table part :
             {move_cases(), integer_cases(), float_cases(), conversion_cases(), warp_cases(), async_copy_cases()}) {
            sum.merge(part);
        }
        return sum;
    }();
    return all;
}

}  // namespace

ThreadValues values_of_thread(std::uint32_t thread) {
    const auto t = static_cast<S32>(thread);
    ThreadValues values{};
    values.thread = thread;
    values.r = {t * 7919 - 20000, t % 11 - 5, t % 7 + 1};
    values.d = {S64{values.r[0]} * 1'000'003'000, values.r[1], values.r[2]};
    values.f = {static_cast<float>(t) * 0.5F - 3.25F, static_cast<float>(t % 16) - 5.5F, static_cast<float>(t % 7 + 1)};
    for (std::size_t i = 0; i < 3; ++i) values.g[i] = f16(values.f[i]);
    for (std::size_t i = 0; i < 3; ++i) values.x[i] = values.g[i] | U32{values.g[(i + 1) % 3]} << 16U;
    // As setp.ne of thread & 1, and setp.gt of the thread and 9.
    values.p10 = t % 2 != 0;
    values.p11 = t > 9;
    return values;
}

OpcodeCase opcode_case(const std::string& opcode) {
    if (const auto known = table().find(opcode); known != table().end()) return known->second;
    return opcode.starts_with("setp.") ? comparison(opcode) : memory_access(opcode);
}

}  // namespace stcsim
