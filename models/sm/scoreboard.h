/// The scoreboard of one warp: registers with a result or a read outstanding.
#pragma once

#include <array>
#include <cstdint>

#include "isa/register_set.h"

namespace stcsim {

/// What a pending register waits for.
enum class PendingKind : std::uint8_t { tensor, shared, global, arithmetic };

/// Pending writes by kind, and the tensor-core reads that a later writer of the same register must let pass.
class Scoreboard {
  public:
    void begin_write(RegisterRange range, PendingKind kind) {
        all_.insert(range);
        of(kind).insert(range);
    }
    void end_write(RegisterRange range, PendingKind kind) {
        all_.erase(range);
        of(kind).erase(range);
    }
    [[nodiscard]] bool is_pending(const RegisterSet& registers) const { return all_.overlaps(registers); }
    /// Whether any register waits for this.
    [[nodiscard]] bool is_pending(PendingKind kind) const {
        return pending_[static_cast<std::size_t>(kind)].overlaps(all_);
    }
    [[nodiscard]] bool is_pending(const RegisterSet& registers, PendingKind kind) const {
        return pending_[static_cast<std::size_t>(kind)].overlaps(registers);
    }

    /// The tensor core's operation number `operation` (counted by the sub-core from 1) reads the range.
    void note_read(RegisterRange range, std::uint64_t operation) {
        for (std::uint32_t i = 0; i < range.count; ++i) last_reader_[range.first + i] = operation;
    }
    /// Whether all tensor-core reads of the range have happened, given that `operations_read` operations have read.
    [[nodiscard]] bool reads_done(RegisterRange range, std::uint64_t operations_read) const {
        for (std::uint32_t i = 0; i < range.count; ++i) {
            if (last_reader_[range.first + i] > operations_read) return false;
        }
        return true;
    }

    /// Reads by operations that have read already are past.
    void visit_state(StateVisitor& state, std::uint64_t operations_read) const {
        all_.visit_state(state);
        for (const RegisterSet& registers : pending_) registers.visit_state(state);
        for (std::size_t i = 0; i < last_reader_.size(); ++i) {
            if (last_reader_[i] > operations_read) state.same(i, last_reader_[i] - operations_read);
        }
        state.same(last_reader_.size());
    }

  private:
    RegisterSet& of(PendingKind kind) { return pending_[static_cast<std::size_t>(kind)]; }

    RegisterSet all_;
    std::array<RegisterSet, 4> pending_;
    std::array<std::uint64_t, 256> last_reader_{};
};

}  // namespace stcsim
