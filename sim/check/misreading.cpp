#include "check/misreading.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "isa/mma_instruction.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/integer_format.h"

namespace stcsim {
namespace {

using Mistakes = std::vector<Misreading>;

Misreading named(std::string name, std::string sentence) {
    Misreading mistake;
    mistake.name = std::move(name);
    mistake.sentence = std::move(sentence);
    return mistake;
}

/// The element of a matrix at [row, column] when its bytes are read in the other major order.
ElementBits transposed_at(const BitMatrix& matrix, std::size_t row, std::size_t column) {
    return matrix.storage[column * matrix.rows + row];
}

/// `index` with a bit flipped, or as it is where that leaves the matrix.
std::size_t flipped(std::size_t index, std::size_t bit, std::size_t size) {
    return (index ^ bit) < size ? index ^ bit : index;
}

void add_transpositions(const GemmDump& dump, Mistakes& mistakes) {
    const auto sentence = [](const char* matrix) {
        return fmt::format("{} was read in the other major order: transposed", matrix);
    };
    Misreading a = named("a-transposed", sentence("A"));
    a.a = [&dump](std::size_t row, std::size_t stored) { return transposed_at(dump.a, row, stored); };
    Misreading b = named("b-transposed", sentence("B"));
    b.b = [&dump](std::size_t k, std::size_t column) { return transposed_at(dump.b, k, column); };
    mistakes.push_back(std::move(a));
    mistakes.push_back(std::move(b));
    if (dump.c) {
        Misreading c = named("c-transposed", sentence("C"));
        c.c = [&dump](std::size_t row, std::size_t column) { return transposed_at(*dump.c, row, column); };
        mistakes.push_back(std::move(c));
    }
    Misreading d = named("d-transposed", "D was written in the other major order: transposed");
    d.place = [m = dump.m(), n = dump.n()](std::size_t row, std::size_t column) {
        const std::size_t flat = column * m + row;
        return std::optional(std::pair(flat / n, flat % n));
    };
    mistakes.push_back(std::move(d));
}

/// Halves of 32-bit registers and halves of an instruction's k.
void add_halves(const GemmDump& dump, Mistakes& mistakes) {
    const std::size_t half = 16 / std::min<std::size_t>(16, bits_of(dump.a.type));  // elements in 16 bits
    const bool packed = bits_of(dump.a.type) <= 16;
    const std::size_t pass = dump.a.type == ElementType::f64 ? 0 : pass_length_of(dump.a.type);
    const auto add_a = [&](std::size_t bit, const char* name, const char* sentence) {
        Misreading a = named(name, sentence);
        a.a = [&dump, bit](std::size_t row, std::size_t stored) {
            return dump.a.at(row, flipped(stored, bit, dump.a.columns));
        };
        mistakes.push_back(std::move(a));
    };
    if (packed) {
        add_a(half, "a-halves-exchanged", "the 16-bit halves of A's registers were exchanged");
        Misreading b = named("b-halves-exchanged", "the 16-bit halves of B's registers were exchanged");
        b.b = [&dump, half](std::size_t k, std::size_t column) {
            return dump.b.at(flipped(k, half, dump.b.rows), column);
        };
        mistakes.push_back(std::move(b));
    }
    if (pass != 0) {
        add_a(pass, "a-k-halves-exchanged", "the two halves of k in A's fragments were exchanged, and not in B's");
        Misreading b =
            named("b-k-halves-exchanged", "the two halves of k in B's fragments were exchanged, and not in A's");
        b.b = [&dump, bit = pass_k(dump.a.type, plain_order(dump).unit)](std::size_t k, std::size_t column) {
            return dump.b.at(flipped(k, bit, dump.b.rows), column);
        };
        if (dump.sparse()) mistakes.push_back(std::move(b));
    }
    Misreading d =
        named("d-halves-exchanged", "neighbouring columns of D were exchanged: the halves of a register pair");
    d.place = [n = dump.n()](std::size_t row, std::size_t column) {
        return std::optional(std::pair(row, flipped(column, 1, n)));
    };
    mistakes.push_back(std::move(d));
}

void add_rows(const GemmDump& dump, Mistakes& mistakes) {
    constexpr std::size_t fragment_rows = 8;
    const std::size_t m = dump.m();
    const std::size_t n = dump.n();
    Misreading a =
        named("a-rows-exchanged", dump.sparse() ? "rows g and g + 8 of A's kept values were exchanged, and not their "
                                                  "metadata"
                                                : "rows g and g + 8 of A were exchanged");
    a.a = [&dump](std::size_t row, std::size_t stored) {
        return dump.a.at(flipped(row, fragment_rows, dump.a.rows), stored);
    };
    mistakes.push_back(std::move(a));
    Misreading d = named("d-rows-exchanged", "rows g and g + 8 of D were exchanged");
    d.place = [m](std::size_t row, std::size_t column) {
        return std::optional(std::pair(flipped(row, fragment_rows, m), column));
    };
    mistakes.push_back(std::move(d));
    const auto add_shift = [&](const char* name, std::string sentence, std::size_t rows, std::size_t columns) {
        Misreading shifted = named(name, std::move(sentence));
        // Adding a negative shift wraps beyond the size, where there is no place.
        shifted.place = [=](std::size_t row, std::size_t column) {
            const std::pair place(row + rows, column + columns);
            return place.first < m && place.second < n ? std::optional(place) : std::nullopt;
        };
        mistakes.push_back(std::move(shifted));
    };
    const std::size_t back = ~fragment_rows + 1;
    add_shift("d-rows-shifted-down", "D was written 8 rows too far down", fragment_rows, 0);
    add_shift("d-rows-shifted-up", "D was written 8 rows too far up", back, 0);
    add_shift("d-columns-shifted-right", "D was written 8 columns too far right", 0, fragment_rows);
    add_shift("d-columns-shifted-left", "D was written 8 columns too far left", 0, back);
}

void add_tails(const GemmDump& dump, Mistakes& mistakes) {
    std::set<std::size_t> tiles{32, 64, 128, 256};
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.a == dump.a.type) tiles.insert(instruction.shape.k);
    }
    std::set<std::size_t> lengths;
    for (const std::size_t tile : tiles) {
        if (dump.k() > tile) lengths.insert(dump.k() % tile != 0 ? dump.k() / tile * tile : dump.k() - tile);
    }
    for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) {
        if (dump.sparse() && *length % dump.pattern().group != 0) continue;
        Misreading tail =
            named("k-tail-dropped", fmt::format("the last {} of k = {} were left out", dump.k() - *length, dump.k()));
        tail.k = *length;
        mistakes.push_back(std::move(tail));
    }
}

void add_types(const GemmDump& dump, Mistakes& mistakes) {
    const ProductTypes& types = dump.types;
    const auto add = [&](const char* name, const char* sentence, auto change) {
        Misreading mistake = named(name, sentence);
        ProductTypes other = types;
        change(mistake, other);
        if (other != types) mistake.types = other;
        mistakes.push_back(std::move(mistake));
    };
    if (dump.c && types.beta != 0) {
        add("c-not-added", "C was not added", [](Misreading&, ProductTypes& t) { t.beta = 0; });
        if (types.beta != 1) {
            add("beta-not-applied", "C was added without beta", [](Misreading&, ProductTypes& t) { t.beta = 1; });
        }
    }
    if (types.alpha != 1) {
        add("alpha-not-applied", "the product was not scaled by alpha",
            [](Misreading&, ProductTypes& t) { t.alpha = 1; });
    }
    const ElementType input = dump.a.type;
    if (input == ElementType::f16 && types.accumulator == ElementType::f32) {
        add("sums-in-f16", "sums were kept in f16, not f32",
            [](Misreading&, ProductTypes& t) { t.accumulator = ElementType::f16; });
    }
    if (input == ElementType::f16 && types.accumulator == ElementType::f16) {
        add("sums-in-f32", "sums were kept in f32, not f16",
            [](Misreading&, ProductTypes& t) { t.accumulator = ElementType::f32; });
    }
    if (types.accumulator == ElementType::f32) {
        if (input == ElementType::tf32) {
            add("tf32-not-truncated", "the operands were used as f32: their low 13 bits were not dropped",
                [](Misreading& mistake, ProductTypes&) { mistake.unit = ProductUnit::fma; });
        } else if (is_float(input)) {
            add("no-tensor-core", "the sums are chains of f32 multiply-adds: not computed by the tensor core",
                [](Misreading& mistake, ProductTypes&) { mistake.unit = ProductUnit::fma; });
        }
    }
    if (!is_integer_operand(input)) return;
    add("overflow", types.overflow == Overflow::wrap ? "sums stop at the ends of s32 (.satfinite)" : "sums wrap around",
        [](Misreading&, ProductTypes& t) {
            t.overflow = t.overflow == Overflow::wrap ? Overflow::saturate : Overflow::wrap;
        });
    const auto other_sign = [](ElementType type) {
        switch (type) {
            case ElementType::s8: return ElementType::u8;
            case ElementType::u8: return ElementType::s8;
            case ElementType::s4: return ElementType::u4;
            default: return ElementType::s4;
        }
    };
    add("a-sign", "A was read with the other signedness",
        [&](Misreading& mistake, ProductTypes&) { mistake.a_type = other_sign(input); });
    add("b-sign", "B was read with the other signedness",
        [&](Misreading& mistake, ProductTypes&) { mistake.b_type = other_sign(dump.b.type); });
}

}  // namespace

std::vector<Misreading> usual_mistakes(const GemmDump& dump) {
    Mistakes mistakes;
    add_transpositions(dump, mistakes);
    if (dump.sparse()) {
        for (Misreading& mistake : metadata_mistakes(dump)) mistakes.push_back(std::move(mistake));
    }
    add_types(dump, mistakes);
    add_tails(dump, mistakes);
    add_halves(dump, mistakes);
    add_rows(dump, mistakes);
    return mistakes;
}

}  // namespace stcsim
