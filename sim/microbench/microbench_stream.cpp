#include "microbench/microbench_stream.h"

#include <algorithm>

namespace stcsim {

/// One warp walking through its program.
class MicrobenchStream::Warp : public WarpStream {
  public:
    Warp(MicrobenchStream& stream, const TimedLoop& loop) : stream_(stream), loop_(loop), part_(&loop.prologue) {}

    void next(Cycle now, WarpInstruction& instruction) override {
        while (part_ != nullptr && position_ == part_->size()) next_part();
        if (part_ != nullptr) {
            instruction = (*part_)[position_++];
            // The instruction asked for now follows the first clock read, which has just issued.
            if (state_ == State::first_clock_read) {
                stream_.first_start_ = std::min(stream_.first_start_, now);
                state_ = State::in_loop;
            }
            return;
        }
        if (state_ == State::prologue_done) {
            state_ = State::first_clock_read;
            part_ = body();
            position_ = 0;
            instruction = loop_.read_clock;
        } else if (state_ == State::loop_done) {
            state_ = State::second_clock_read;
            instruction = loop_.read_clock;
        } else {
            stream_.last_stop_ = std::max(stream_.last_stop_, now);
            instruction = {};  // exit
        }
    }

  private:
    enum class State : std::uint8_t {
        prologue,
        prologue_done,
        first_clock_read,
        in_loop,
        loop_done,
        second_clock_read
    };

    [[nodiscard]] const std::vector<WarpInstruction>* body() const {
        return (done_ + 1) % loop_unrolling == 0 ? &loop_.closing_iteration : &loop_.iteration;
    }

    void next_part() {
        position_ = 0;
        if (state_ == State::prologue) {
            state_ = State::prologue_done;
            part_ = nullptr;
            return;
        }
        if (++done_ < stream_.iterations_) {
            part_ = body();
            return;
        }
        state_ = State::loop_done;
        part_ = nullptr;
    }

    MicrobenchStream& stream_;
    const TimedLoop& loop_;
    const std::vector<WarpInstruction>* part_;  ///< null between the parts
    std::size_t position_ = 0;
    std::uint32_t done_ = 0;  ///< iterations
    State state_ = State::prologue;
};

MicrobenchStream::MicrobenchStream(const MicrobenchSubject& subject, std::uint32_t warps, std::uint32_t ilp,
                                   std::uint32_t iterations, FragmentWait wait)
    : iterations_(iterations) {
    for (std::uint32_t warp = 0; warp < warps; ++warp) loops_.push_back(timed_loop(subject, warp, warps, ilp, wait));
}

std::unique_ptr<WarpStream> MicrobenchStream::start_warp(CtaIndex, std::uint32_t warp) {
    return std::make_unique<Warp>(*this, loops_.at(warp));
}

}  // namespace stcsim
