#include "check/accumulation_order.h"

#include <algorithm>

#include "base/units.h"
#include "isa/mma_instruction.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

/// The larger k of the instructions of this unit and type; 0 if it has none.
std::uint32_t largest_instruction_k(ElementType input, ProductUnit unit) {
    std::uint32_t largest = 0;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.a == input && instruction.sparse == (unit == ProductUnit::mma_sp)) {
            largest = std::max(largest, instruction.shape.k);
        }
    }
    return largest;
}

/// Tile lengths of slices: those of kernels, and the least, to which libraries round slices that are no whole tiles.
std::vector<std::size_t> plausible_tiles(std::size_t least) {
    std::vector<std::size_t> tiles{0};
    for (const std::size_t tile : {16U, 32U, 64U, 128U, 256U}) {
        if (tile % least == 0) tiles.push_back(tile);
    }
    return tiles;
}

/// Keeps the orders that differ in what they add.
class DistinctOrders {
  public:
    DistinctOrders(ElementType input, std::size_t k) : input_(input), k_(k) {}

    void add(const AccumulationOrder& order) {
        KPartition partition = partition_of(order, input_, k_);
        const bool known = std::ranges::any_of(seen_, [&](const auto& seen) {
            return seen.second == partition && orders_[seen.first].reduction == order.reduction;
        });
        if (known) return;
        seen_.emplace_back(orders_.size(), std::move(partition));
        orders_.push_back(order);
    }
    [[nodiscard]] const std::vector<AccumulationOrder>& orders() const { return orders_; }

  private:
    ElementType input_;
    std::size_t k_;
    std::vector<AccumulationOrder> orders_;
    std::vector<std::pair<std::size_t, KPartition>> seen_;
};

/// All divisions of k, with the rest of the order as given.
std::vector<AccumulationOrder> divisions(const AccumulationOrder& base, const GemmDump& dump) {
    constexpr std::uint32_t most_slices = 16;
    DistinctOrders distinct(dump.a.type, dump.k());
    distinct.add(base);
    const std::vector<std::size_t> tiles = plausible_tiles(pass_k(dump.a.type, base.unit));
    // Serial reduction differs from parallel only where D is narrower than the sums, or scaled.
    const bool serial_differs = dump.types.output != dump.types.accumulator || dump.types.alpha != 1 || dump.c;
    for (const std::uint32_t sliced : {1U, 2U, 4U}) {
        for (std::uint32_t split = 1; split <= most_slices; ++split) {
            for (const std::size_t tile : tiles) {
                if (sliced > 1 && (tile == 0 || tile % (sliced * pass_k(dump.a.type, base.unit)) != 0)) continue;
                for (const SliceLengths slices : {SliceLengths::ceiling, SliceLengths::even}) {
                    AccumulationOrder order = base;
                    order.tile_k = tile;
                    order.split_k = split;
                    order.sliced_k = sliced;
                    order.slices = slices;
                    distinct.add(order);
                    order.reduction = SliceReduction::serial;
                    if (serial_differs && split > 1) distinct.add(order);
                }
            }
        }
    }
    for (const std::size_t tile : tiles) {
        AccumulationOrder order = base;
        order.partial_k = tile;
        if (tile != 0) distinct.add(order);
    }
    return distinct.orders();
}

/// One slice's partial sums, of the tiles from `first` to `last`.
std::vector<PartialSum> sums_of_slice(const AccumulationOrder& order, std::size_t tile, KRange slice) {
    if (order.partial_k != 0) {
        std::vector<PartialSum> sums;
        for (std::size_t first = slice.first; first < slice.last; first += order.partial_k) {
            sums.push_back({{first, std::min(first + order.partial_k, slice.last)}});
        }
        return sums;
    }
    if (order.sliced_k == 1) return {{slice}};
    std::vector<PartialSum> sums(order.sliced_k);
    const std::size_t part = tile / order.sliced_k;
    for (std::size_t first = slice.first; first < slice.last; first += part) {
        sums[(first - slice.first) / part % order.sliced_k].push_back({first, std::min(first + part, slice.last)});
    }
    std::erase_if(sums, [](const PartialSum& sum) { return sum.empty(); });
    return sums;
}

}  // namespace

std::size_t pass_k(ElementType input, ProductUnit unit) {
    if (unit == ProductUnit::fma || input == ElementType::f64) return 1;
    const std::size_t stored = pass_length_of(input);
    const SparsePattern pattern = sparse_pattern_of(input);
    return unit == ProductUnit::mma_sp ? stored / pattern.kept * pattern.group : stored;
}

AccumulationOrder plain_order(const GemmDump& dump) {
    AccumulationOrder order;
    order.unit = dump.sparse() ? ProductUnit::mma_sp : ProductUnit::mma;
    order.instruction_k = largest_instruction_k(dump.a.type, order.unit);
    return order;
}

KPartition partition_of(const AccumulationOrder& order, ElementType input, std::size_t k) {
    const std::size_t tile = order.tile_k == 0 ? std::max(pass_k(input, order.unit), std::size_t{1}) : order.tile_k;
    const std::size_t tiles = ceil_divide(k, tile);
    KPartition partition;
    std::size_t first = 0;
    for (std::size_t slice = 0; slice < order.split_k && first < tiles; ++slice) {
        std::size_t count = ceil_divide<std::size_t>(tiles, order.split_k);
        if (order.slices == SliceLengths::even) {
            count = tiles / order.split_k + (slice < tiles % order.split_k ? 1 : 0);
        }
        const std::size_t last = std::min(first + count, tiles);
        partition.push_back(sums_of_slice(order, tile, {first * tile, std::min(last * tile, k)}));
        first = last;
    }
    return partition;
}

std::vector<AccumulationOrder> plausible_orders(const GemmDump& dump) {
    const AccumulationOrder plain = plain_order(dump);
    std::vector<AccumulationOrder> bases{plain};
    const auto vary = [&bases](auto change) {
        const std::size_t count = bases.size();
        for (std::size_t i = 0; i < count; ++i) {
            AccumulationOrder order = bases[i];
            change(order);
            bases.push_back(order);
        }
    };
    if (largest_instruction_k(dump.a.type, ProductUnit::mma_sp) != 0) {
        vary([&](AccumulationOrder& order) {
            order.unit = dump.sparse() ? ProductUnit::mma : ProductUnit::mma_sp;
            order.instruction_k = largest_instruction_k(dump.a.type, order.unit);
        });
    }
    const ProductTypes& types = dump.types;
    const bool adds = dump.c && types.beta != 0;
    if (dump.types.overflow == Overflow::saturate) {
        vary([](AccumulationOrder& order) { order.instruction_k /= 2; });
    }
    if (dump.a.type == ElementType::tf32) {
        vary([](AccumulationOrder& order) { order.operands = OperandRounding::rounded; });
    }
    if (adds && types.alpha == 1 && types.beta == 1 && dump.c->type == types.accumulator) {
        vary([](AccumulationOrder& order) { order.addend = AddendPlace::accumulator; });
    }
    if (adds && types.alpha != 1 && is_float(types.accumulator)) {
        vary([](AccumulationOrder& order) { order.epilogue = EpilogueRounding::separate; });
    }
    if (types.accumulator == ElementType::f16 && (adds || types.alpha != 1)) {
        AccumulationOrder order = plain;
        order.epilogue = EpilogueRounding::f16;
        bases.push_back(order);
    }
    std::vector<AccumulationOrder> orders = bases;
    for (const AccumulationOrder& base : bases) {
        for (const AccumulationOrder& order : divisions(base, dump)) {
            if (order != base) orders.push_back(order);
        }
    }
    return orders;
}

}  // namespace stcsim
