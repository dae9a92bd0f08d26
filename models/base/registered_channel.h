/// Registered bounded channels: what is written in a cycle is visible in a later one.
///
/// Registers are kept by time stamps instead of SystemC's request and update: an item carries the cycle from which it
/// is visible, and space carries the cycle in which it was freed. Both sides see the same whichever runs first in a
/// cycle, and no update phase has to be paid for. Writer and reader may have clocks of different sides of a group; then
/// every delay is at least the group's shortest in that direction, and the capacity is no limit (space would have to be
/// seen earlier than that).
///
/// A channel has one writer and one reader, both clocked modules, bound through ports. The writer states with each item
/// after how many cycles (at least one) it becomes visible; the space of a read item is usable for the writer from the
/// next cycle on. Both sides see the state as of the end of the previous cycle, so their order within a cycle does not
/// matter. The channel wakes the writer when a full channel has space again, and the reader when an item becomes
/// visible: each item, or where the reader asks for it only (`ReaderWake::when_expected`), which saves evaluations that
/// would find nothing to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/arrival_queue.h"
#include "base/clock.h"
#include "base/error.h"

namespace stcsim {

/// The reader's side.
template <typename T>
class ChannelReader : public virtual sc_core::sc_interface {
  public:
    /// Whether an item is visible in this cycle.
    [[nodiscard]] virtual bool has_item() const = 0;
    /// The oldest visible item.
    [[nodiscard]] virtual const T& front() const = 0;
    /// Takes the oldest visible item.
    virtual T pop() = 0;
    /// Wakes the reader no earlier than in cycle `at` for items written from now on: it has no use for them before.
    virtual void busy_until(Cycle at) = 0;
    /// ReaderWake::when_expected: wakes the reader for the next item to become visible. Holds until the reader pops.
    virtual void expect() = 0;
    virtual void attach_reader(ClockedModule& reader) = 0;
};

/// The writer's side.
template <typename T>
class ChannelWriter : public virtual sc_core::sc_interface {
  public:
    /// Whether an item can be written in this cycle.
    [[nodiscard]] virtual bool has_space() const = 0;
    /// Writes an item that becomes visible `delay` (at least 1) cycles from now. Needs space.
    virtual void push(T item, Cycle delay) = 0;
    virtual void attach_writer(ClockedModule& writer) = 0;
};

/// For which items the reader is woken.
enum class ReaderWake : std::uint8_t {
    for_each_item,
    when_expected,  ///< only after expect(); other items are picked up whenever the reader runs
};

/// The channel. `capacity` counts items written and not yet read.
template <typename T>
class RegisteredChannel final : public sc_core::sc_object,
                                public ChannelReader<T>,
                                public ChannelWriter<T>,
                                public StateHolder {
  public:
    RegisteredChannel(const char* name, Clock& clock, std::size_t capacity,
                      ChannelOrder order = ChannelOrder::as_written, ReaderWake wake = ReaderWake::for_each_item)
        : sc_object(name),
          reader_clock_(&clock),
          writer_clock_(&clock),
          capacity_(capacity),
          wakes_reader_(wake == ReaderWake::for_each_item),
          wake_(wake),
          items_(order) {}

    [[nodiscard]] bool has_item() const override {
        return !items_.empty() && items_.first_visible() <= reader_clock_->now();
    }
    [[nodiscard]] const T& front() const override { return items_.front(); }

    T pop() override {
        STCSIM_ASSERT(has_item());
        T value = items_.pop();
        if (wake_ == ReaderWake::when_expected) wakes_reader_ = false;
        if (freed_in_ != reader_clock_->now()) {
            freed_in_ = reader_clock_->now();
            freed_ = 0;
        }
        ++freed_;
        wake_refused_writer();
        return value;
    }

    [[nodiscard]] bool has_space() const override { return used_space() < capacity_; }

    void push(T item, Cycle delay) override {
        STCSIM_ASSERT(has_space() && delay > Cycle(0));
        const Cycle visible = items_.insert(std::move(item), writer_clock_->now() + delay);
        if (wakes_reader_ && reader_ != nullptr) wake_reader(std::max(visible, reader_busy_until_));
        if (freed_ > 0 && freed_in_ == writer_clock_->now()) wake_refused_writer();
    }

    void busy_until(Cycle at) override { reader_busy_until_ = at; }

    void expect() override {
        if (wake_ == ReaderWake::for_each_item) return;
        wakes_reader_ = true;
        if (!items_.empty()) {
            reader_->wake_at(std::max({items_.first_visible(), reader_busy_until_, reader_clock_->now() + Cycle(1)}));
        }
    }

    /// Space that was freed is usable from the next cycle on: between cycles there is nothing to say about it.
    void visit_state(StateVisitor& state) override {
        state.same(wakes_reader_);
        state.due(reader_busy_until_);
        items_.visit_state(state);
    }

    void attach_reader(ClockedModule& reader) override {
        reader_ = &reader;
        reader_clock_ = &reader.clock();
    }
    void attach_writer(ClockedModule& writer) override {
        writer_ = &writer;
        writer_clock_ = &writer.clock();
    }

  private:
    /// What the writer sees as used: the items, and what was freed in this very cycle.
    [[nodiscard]] std::size_t used_space() const {
        return items_.size() + (freed_in_ == writer_clock_->now() ? freed_ : 0);
    }

    void wake_reader(Cycle at) {
        if (reader_clock_ == writer_clock_) {
            reader_->wake_at(at);
        } else {
            reader_clock_->wake_from_outside(*reader_, at);
        }
    }

    /// The writer may have been refused space in this cycle: it gets it in the next.
    void wake_refused_writer() {
        if (used_space() >= capacity_ && writer_ != nullptr) writer_->wake_at(writer_clock_->now() + Cycle(1));
    }

    Clock* reader_clock_;
    Clock* writer_clock_;
    std::size_t capacity_;
    bool wakes_reader_;
    ReaderWake wake_;
    Cycle reader_busy_until_{0};
    ClockedModule* reader_ = nullptr;
    ClockedModule* writer_ = nullptr;
    ArrivalQueue<T> items_;
    Cycle freed_in_ = never;  ///< the cycle in which `freed_` items were read
    std::size_t freed_ = 0;
};

/// A module's port to the reading side of a channel. May stay unbound; then it never has an item.
template <typename T>
class ReadPort : public sc_core::sc_port<ChannelReader<T>, 1, sc_core::SC_ZERO_OR_MORE_BOUND> {
  public:
    ReadPort(const char* name, ClockedModule& owner)
        : sc_core::sc_port<ChannelReader<T>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>(name), owner_(owner) {}

    [[nodiscard]] bool has_item() const { return channel_ != nullptr && channel_->has_item(); }
    [[nodiscard]] const T& front() const { return channel_->front(); }
    T pop() { return channel_->pop(); }
    /// See ChannelReader. Nothing to do for an unbound port.
    void busy_until(Cycle at) {
        if (channel_ != nullptr) channel_->busy_until(at);
    }
    void expect() {
        if (channel_ != nullptr) channel_->expect();
    }

  private:
    void end_of_elaboration() override {
        if (this->size() == 0) return;
        channel_ = dynamic_cast<RegisteredChannel<T>*>(this->get_interface(0));
        STCSIM_ASSERT(channel_ != nullptr);
        channel_->attach_reader(owner_);
    }

    ClockedModule& owner_;
    RegisteredChannel<T>* channel_ = nullptr;  ///< the final class: its calls are inlined
};

/// A module's port to the writing side of a channel. May stay unbound; then it never has space.
template <typename T>
class WritePort : public sc_core::sc_port<ChannelWriter<T>, 1, sc_core::SC_ZERO_OR_MORE_BOUND> {
  public:
    WritePort(const char* name, ClockedModule& owner)
        : sc_core::sc_port<ChannelWriter<T>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>(name), owner_(owner) {}

    [[nodiscard]] bool has_space() const { return channel_ != nullptr && channel_->has_space(); }
    void push(T item, Cycle delay = Cycle(1)) { channel_->push(std::move(item), delay); }

  private:
    void end_of_elaboration() override {
        if (this->size() == 0) return;
        channel_ = dynamic_cast<RegisteredChannel<T>*>(this->get_interface(0));
        STCSIM_ASSERT(channel_ != nullptr);
        channel_->attach_writer(owner_);
        owner_.add_output(*channel_);
    }

    ClockedModule& owner_;
    RegisteredChannel<T>* channel_ = nullptr;  ///< the final class: its calls are inlined
};

}  // namespace stcsim
