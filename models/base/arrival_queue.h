/// Items that become visible at a cycle, oldest first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/circular_buffer.hpp>

#include "base/machine_state.h"
#include "base/units.h"

namespace stcsim {

/// Whether items leave a channel in the order they were written or in the order they become visible.
enum class ChannelOrder : std::uint8_t {
    as_written,  ///< a later item never overtakes an earlier one: it becomes visible with it at the earliest
    by_arrival,  ///< items with a shorter delay overtake; equal arrivals keep the order of writing
};

/// A queue in either order: a ring where order is kept, a heap where items overtake.
template <typename T>
class ArrivalQueue {
  public:
    explicit ArrivalQueue(ChannelOrder order) : order_(order), ring_(initial_ring) {}

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const { return order_ == ChannelOrder::as_written ? ring_.size() : heap_.size(); }

    /// When the first item becomes visible, and the item. Not empty.
    [[nodiscard]] Cycle first_visible() const { return first().visible; }
    [[nodiscard]] const T& front() const { return first().value; }

    /// Adds an item that becomes visible at `visible`; returns when it does in this queue's order.
    Cycle insert(T value, Cycle visible) {
        if (order_ == ChannelOrder::as_written) {
            if (!ring_.empty()) visible = std::max(visible, ring_.back().visible);
            if (ring_.full()) ring_.set_capacity(2 * ring_.capacity());
            ring_.push_back({std::move(value), visible, 0});
        } else {
            heap_.push_back({std::move(value), visible, inserted_++});
            std::ranges::push_heap(heap_, later);
        }
        return visible;
    }

    /// Takes the first item. Not empty.
    T pop() {
        if (order_ == ChannelOrder::as_written) {
            T value = std::move(ring_.front().value);
            ring_.pop_front();
            return value;
        }
        std::ranges::pop_heap(heap_, later);
        T value = std::move(heap_.back().value);
        heap_.pop_back();
        return value;
    }

    /// The items in the order in which they leave, and when they become visible.
    void visit_state(StateVisitor& state) {
        std::vector<Item*> items;
        for (Item& item : ring_) items.push_back(&item);
        for (Item& item : heap_) items.push_back(&item);
        if (order_ == ChannelOrder::by_arrival) {
            std::ranges::sort(items, [](const Item* a, const Item* b) { return later(*b, *a); });
        }
        state.same(items.size());
        for (Item* const item : items) {
            state.due(item->visible);
            state.visit(item->value);
        }
    }

  private:
    struct Item {
        T value;
        Cycle visible;
        std::uint64_t number;  ///< in order of insertion
    };
    static constexpr std::size_t initial_ring = 2;

    static bool later(const Item& a, const Item& b) {
        return a.visible != b.visible ? a.visible > b.visible : a.number > b.number;
    }
    [[nodiscard]] const Item& first() const {
        return order_ == ChannelOrder::as_written ? ring_.front() : heap_.front();
    }

    ChannelOrder order_;
    boost::circular_buffer<Item> ring_;
    std::vector<Item> heap_;
    std::uint64_t inserted_ = 0;
};

}  // namespace stcsim
