#include "executor/shared_shadow.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t word_bytes = 4;
constexpr std::uint8_t whole_word = (1U << word_bytes) - 1;  ///< a bit per byte

/// Whether the bytes are whole words.
constexpr bool is_whole(std::uint64_t address, std::uint32_t bytes) {
    return (address | bytes) % word_bytes == 0;
}

/// Calls visit(word number, bit per byte) for each word of the bytes.
template <typename Visit>
void for_each_word(std::uint64_t address, std::uint32_t bytes, Visit visit) {
    const std::uint64_t end = address + bytes;
    if (is_whole(address, bytes)) {
        for (std::uint64_t word = address / word_bytes; word < end / word_bytes; ++word) visit(word, whole_word);
        return;
    }
    for (std::uint64_t word = address / word_bytes; word * word_bytes < end; ++word) {
        const std::uint64_t first = std::max(address, word * word_bytes) - word * word_bytes;
        const std::uint64_t last = std::min(end, (word + 1) * word_bytes) - word * word_bytes;
        visit(word, static_cast<std::uint8_t>((1U << last) - (1U << first)));
    }
}

}  // namespace

SharedShadow::SharedShadow(std::uint64_t bytes) : words_((bytes + word_bytes - 1) / word_bytes) {}

void SharedShadow::check_read(const Word& word, std::uint8_t bytes, const SharedActor& actor, Meeting& meeting) const {
    if ((word.defined & bytes) != bytes) meeting.undefined = true;
    if (word.pending_copies > 0) {
        meeting.pending = true;
        meeting.instruction = word.writer_instruction;
        meeting.warp = word.writer;
    }
    if (!actor.strong && word.write_epoch == epoch_ && word.writer != actor.warp && (word.written & bytes) != 0 &&
        !meeting.pending) {
        meeting.race = meeting.with_write = true;
        meeting.warp = word.writer;
        meeting.instruction = word.writer_instruction;
    }
}

SharedShadow::Meeting SharedShadow::read(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor) {
    Meeting meeting;
    const std::uint32_t epoch = epoch_;
    const std::uint8_t warp = actor.warp;
    const auto read_word = [&](Word & word, std::uint8_t touched) __attribute__((always_inline)) {
        const bool undisturbed = word.write_epoch != epoch || word.writer == warp;
        if (!undisturbed || word.pending_copies > 0 || (word.defined & touched) != touched) {
            check_read(word, touched, actor, meeting);
        }
        if (actor.strong) return;
        if (word.read_epoch != epoch) {
            word.read_epoch = epoch;
            word.reader = warp;
            word.read = 0;
            word.several_readers = false;
        }
        if (word.reader != warp) word.several_readers = true;
        word.read = static_cast<std::uint8_t>(word.read | touched);
        word.reader_instruction = actor.instruction;
    };
    if (is_whole(address, bytes)) {
        Word* word = words_.data() + address / word_bytes;
        for (Word* const end = word + bytes / word_bytes; word != end; ++word) read_word(*word, whole_word);
    } else {
        for_each_word(address, bytes,
                      [&](std::uint64_t number, std::uint8_t touched) { read_word(words_[number], touched); });
    }
    return meeting;
}

void SharedShadow::check_write(Word& word, std::uint8_t bytes, const SharedActor& actor, Meeting& meeting) const {
    if (actor.strong) return;
    if (word.write_epoch == epoch_ && word.writer != actor.warp && (word.written & bytes) != 0) {
        meeting.race = meeting.with_write = true;
        meeting.warp = word.writer;
        meeting.instruction = word.writer_instruction;
    } else if (word.read_epoch == epoch_ && (word.read & bytes) != 0 &&
               (word.several_readers || word.reader != actor.warp)) {
        meeting.race = true;
        meeting.warp = word.reader;
        meeting.instruction = word.reader_instruction;
    }
}

void SharedShadow::note_write(Word& word, std::uint8_t bytes, const SharedActor& actor) const {
    if (actor.strong) return;
    if (word.write_epoch != epoch_ || word.writer != actor.warp) word.written = 0;
    word.write_epoch = epoch_;
    word.writer = actor.warp;
    word.writer_instruction = actor.instruction;
    word.written = static_cast<std::uint8_t>(word.written | bytes);
}

SharedShadow::Meeting SharedShadow::write(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor,
                                          bool defined) {
    Meeting meeting;
    for_each_word(address, bytes, [&](std::uint64_t number, std::uint8_t touched) {
        Word& word = words_[number];
        check_write(word, touched, actor, meeting);
        note_write(word, touched, actor);
        word.defined = static_cast<std::uint8_t>(defined ? word.defined | touched : word.defined & ~touched);
    });
    return meeting;
}

void SharedShadow::suspect(std::uint64_t address, std::uint32_t bytes, std::uint32_t suspicion) {
    for_each_word(address, bytes, [&](std::uint64_t number, std::uint8_t) {
        if (suspicion != Suspicions::none) {
            suspicions_[number] = suspicion;
        } else {
            suspicions_.erase(number);
        }
    });
}

std::uint32_t SharedShadow::suspicion_at(std::uint64_t address, std::uint32_t bytes) const {
    std::uint32_t found = Suspicions::none;
    for_each_word(address, bytes, [&](std::uint64_t number, std::uint8_t touched) {
        const auto at = suspicions_.find(number);
        if (at != suspicions_.end() && (words_[number].defined & touched) != touched) found = at->second;
    });
    return found;
}

SharedShadow::Meeting SharedShadow::begin_copy(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor) {
    Meeting meeting;
    for_each_word(address, bytes, [&](std::uint64_t number, std::uint8_t touched) {
        Word& word = words_[number];
        check_write(word, touched, actor, meeting);
        note_write(word, touched, actor);
        ++word.pending_copies;
    });
    return meeting;
}

void SharedShadow::end_copy(std::uint64_t address, std::uint32_t bytes, const SharedActor& actor, bool defined) {
    for_each_word(address, bytes, [&](std::uint64_t number, std::uint8_t touched) {
        Word& word = words_[number];
        STCSIM_ASSERT(word.pending_copies > 0);
        --word.pending_copies;
        note_write(word, touched, actor);
        word.defined = static_cast<std::uint8_t>(defined ? word.defined | touched : word.defined & ~touched);
    });
}

}  // namespace stcsim
