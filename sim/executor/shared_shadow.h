/// What is known about every word of a CTA's shared memory, for findings: which bytes were written, who touched it last
/// since the warps last synchronised, and which cp.async are on their way to it.
///
/// Warps count as synchronised by every barrier that completes, also one of a part of the CTA, and by every fence: so
/// no ordering that a kernel establishes is taken for a race, at the price of missing some races.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "executor/suspicions.h"

namespace stcsim {

/// Who touches shared memory: a warp, by an instruction of the kernel.
struct SharedActor {
    std::uint8_t warp = 0;
    bool strong = false;  ///< volatile, relaxed or atomic: takes no part in races
    std::uint32_t instruction = 0;
};

class SharedShadow {
  public:
    explicit SharedShadow(std::uint64_t bytes);

    /// What an access meets.
    struct Meeting {
        bool race = false;        ///< with `instruction` of `warp`, since the last barrier
        bool pending = false;     ///< cp.async `instruction` has not been waited for
        bool undefined = false;   ///< reads: some byte was never written
        bool with_write = false;  ///< the race is with a write
        std::uint8_t warp = 0;
        std::uint32_t instruction = 0;
    };

    /// The bytes must lie in the CTA's shared memory.
    Meeting read(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor);
    Meeting write(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor, bool defined);
    /// Undefined bytes have been written: why they matter (Suspicions), or none.
    void suspect(std::uint64_t address, std::uint32_t bytes, std::uint32_t suspicion);
    /// Why undefined ones among these bytes matter.
    [[nodiscard]] std::uint32_t suspicion_at(std::uint64_t address, std::uint32_t bytes) const;
    /// A cp.async is issued: a write that has not arrived.
    Meeting begin_copy(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor);
    /// It arrives.
    void end_copy(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor, bool defined);

    /// All that came before is ordered before all that follows.
    void synchronise() { ++epoch_; }

  private:
    struct Word {
        std::uint32_t write_epoch = 0;
        std::uint32_t read_epoch = 0;
        std::uint32_t writer_instruction = 0;
        std::uint32_t reader_instruction = 0;
        std::uint16_t pending_copies = 0;
        std::uint8_t writer = 0;
        std::uint8_t reader = 0;
        std::uint8_t written = 0;      ///< a bit per byte, in write_epoch by the writer
        std::uint8_t read = 0;         ///< in read_epoch
        std::uint8_t defined = 0;      ///< a bit per byte
        bool several_readers = false;  ///< in read_epoch
    };

    void check_read(const Word& word, std::uint8_t bytes, const SharedActor& actor, Meeting& meeting) const;
    void check_write(Word& word, std::uint8_t bytes, const SharedActor& actor, Meeting& meeting) const;
    void note_write(Word& word, std::uint8_t bytes, const SharedActor& actor) const;

    std::vector<Word> words_;
    /// By word, of words that were written with something undefined; those of words that are defined again are stale.
    std::unordered_map<std::uint64_t, std::uint32_t> suspicions_;
    std::uint32_t epoch_ = 1;
};

}  // namespace stcsim
