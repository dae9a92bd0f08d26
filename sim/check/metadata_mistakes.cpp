/// Mistakes with the metadata of a structured-sparse A: the half of check/misreading.h that concerns codes.
#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "base/units.h"
#include "check/misreading.h"
#include "isa/metadata_fragment.h"
#include "isa/metadata_layout.h"
#include "sparsity/metadata_word.h"

namespace stcsim {
namespace {

/// Codes of the whole matrix, shared by the functions of a misreading.
using SharedCodes = std::shared_ptr<const std::vector<std::uint8_t>>;

/// The matrix's metadata and its extent.
class Metadata {
  public:
    explicit Metadata(const GemmDump& dump)
        : dump_(dump),
          type_(dump.a.type),
          rows_(dump.a.rows),
          stored_k_(dump.a.columns),
          units_(dump.a.columns / dump.pattern().unit) {}

    [[nodiscard]] ElementType type() const { return type_; }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t units() const { return units_; }
    [[nodiscard]] std::uint8_t code(std::size_t row, std::size_t unit) const {
        return dump_.codes[row * units_ + unit];
    }

    [[nodiscard]] std::vector<std::uint32_t> packed() const {
        return pack_metadata(type_, dump_.codes, rows_, stored_k_);
    }
    [[nodiscard]] std::vector<std::uint32_t> reordered(BlockOrder order) const {
        return reorder_packed_metadata(type_, packed(), rows_, stored_k_, order);
    }
    [[nodiscard]] std::vector<std::uint8_t> restored(std::vector<std::uint32_t> words, BlockOrder order) const {
        words.resize(metadata_layout(type_, rows_, stored_k_).words(), padding_metadata);
        return restore_metadata(type_, words, rows_, stored_k_, order);
    }
    [[nodiscard]] std::vector<std::uint8_t> unpacked(std::vector<std::uint32_t> elements) const {
        elements.resize(rows_ * metadata_elements_per_row(type_, stored_k_), padding_metadata);
        return unpack_metadata(type_, elements, rows_, stored_k_);
    }

    /// Packed elements as words of 32 bits in the order of memory, and back.
    [[nodiscard]] std::vector<std::uint32_t> words_of(const std::vector<std::uint32_t>& elements) const {
        const std::size_t parts = 32 / metadata_element_bits(type_);
        std::vector<std::uint32_t> words(ceil_divide(elements.size(), parts));
        for (std::size_t i = 0; i < elements.size(); ++i) {
            words[i / parts] |= parts == 1 ? elements[i] : (elements[i] & 0xFFFFU) << 16U * (i % parts);
        }
        return words;
    }
    [[nodiscard]] std::vector<std::uint32_t> elements_of(const std::vector<std::uint32_t>& words) const {
        const std::size_t parts = 32 / metadata_element_bits(type_);
        if (parts == 1) return words;
        std::vector<std::uint32_t> elements;
        for (const std::uint32_t word : words) {
            elements.push_back(word & 0xFFFFU);
            elements.push_back(word >> 16U);
        }
        return elements;
    }

  private:
    const GemmDump& dump_;
    ElementType type_;
    std::size_t rows_;
    std::size_t stored_k_;
    std::size_t units_;
};

Misreading with_codes(std::string name, std::string sentence, const Metadata& metadata,
                      std::vector<std::uint8_t> codes) {
    Misreading mistake;
    mistake.name = std::move(name);
    mistake.sentence = std::move(sentence);
    mistake.code = [shared = std::make_shared<const std::vector<std::uint8_t>>(std::move(codes)),
                    units = metadata.units()](std::size_t row, std::size_t unit) {
        return (*shared)[row * units + unit];
    };
    return mistake;
}

/// Metadata that was written in one memory order and read in another.
void add_orders(const Metadata& metadata, std::vector<Misreading>& mistakes) {
    enum class Order { row_major, reordered, reordered_along_k };
    constexpr std::array<std::pair<Order, const char*>, 3> orders{{{Order::row_major, "row-major"},
                                                                   {Order::reordered, "reordered"},
                                                                   {Order::reordered_along_k, "reordered-along-k"}}};
    const auto block_order = [](Order order) {
        return order == Order::reordered ? BlockOrder::along_rows : BlockOrder::along_k;
    };
    for (const auto& [written, written_name] : orders) {
        const std::vector<std::uint32_t> words = written == Order::row_major ? metadata.words_of(metadata.packed())
                                                                             : metadata.reordered(block_order(written));
        for (const auto& [read, read_name] : orders) {
            if (read == written) continue;
            mistakes.push_back(with_codes(
                "metadata-order",
                fmt::format("the metadata is {} and was read as if it were {}", written_name, read_name), metadata,
                read == Order::row_major ? metadata.unpacked(metadata.elements_of(words))
                                         : metadata.restored(words, block_order(read))));
        }
    }
}

/// The E registers that the reordered form hands to the instruction along the matrix, read with another selector.
std::vector<std::uint8_t> codes_with_selector(const Metadata& metadata, const MmaInstruction& instruction,
                                              const std::function<std::uint32_t(std::uint32_t)>& selector) {
    const std::vector<std::uint32_t> words = metadata.reordered(BlockOrder::along_k);
    const std::size_t stored_k = metadata.units() * sparse_pattern_of(metadata.type()).unit;
    const MetadataLayout layout = metadata_layout(metadata.type(), metadata.rows(), stored_k);
    const std::size_t step_units = instruction.stored_k() / sparse_pattern_of(metadata.type()).unit;
    const std::size_t steps = ceil_divide(metadata.units(), step_units);
    const std::size_t row_steps = metadata_block_rows(metadata.type()) / instruction.shape.m;
    const std::size_t k_steps = metadata_block_columns(metadata.type()) / instruction.shape.k;
    std::vector<std::uint8_t> codes(metadata.rows() * metadata.units());
    for (std::size_t i = 0; i < ceil_divide<std::size_t>(metadata.rows(), instruction.shape.m); ++i) {
        for (std::size_t j = 0; j < steps; ++j) {
            WarpRegister e{};
            const std::size_t first = layout.first_word(i / row_steps, j / k_steps);
            for (std::size_t lane = 0; lane < metadata_block_words; ++lane) e[lane] = words[first + lane];
            const auto right = static_cast<std::uint32_t>(i % row_steps * k_steps + j % k_steps);
            const std::vector<std::uint8_t> read = decode_metadata(instruction, e, selector(right));
            for (std::size_t row = i * instruction.shape.m;
                 row < std::min(metadata.rows(), (i + 1) * instruction.shape.m); ++row) {
                for (std::size_t unit = j * step_units; unit < std::min(metadata.units(), (j + 1) * step_units);
                     ++unit) {
                    codes[row * metadata.units() + unit] =
                        read[(row - i * instruction.shape.m) * step_units + unit - j * step_units];
                }
            }
        }
    }
    return codes;
}

void add_selectors(const Metadata& metadata, std::vector<Misreading>& mistakes) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.a != metadata.type() || instruction.b != instruction.a || !instruction.sparse) continue;
        if (!instruction.is_plain() || instruction.d == ElementType::f16) continue;
        const std::uint32_t selectors = sparsity_selectors(instruction);
        const auto add = [&](const std::string& what, const std::function<std::uint32_t(std::uint32_t)>& selector) {
            mistakes.push_back(
                with_codes("wrong-selector",
                           fmt::format("{} of m16n8k{} was {}", "the sparsity selector", instruction.shape.k, what),
                           metadata, codes_with_selector(metadata, instruction, selector)));
        };
        for (std::uint32_t constant = 0; selectors > 1 && constant < selectors; ++constant) {
            add(fmt::format("always {}", constant), [constant](std::uint32_t) { return constant; });
        }
        for (std::uint32_t off = 1; off < selectors; ++off) {
            add(fmt::format("off by {}", off), [=](std::uint32_t right) { return (right + off) % selectors; });
        }
        if (selectors == 4) {
            add("0 instead of 1, 2 instead of 3 and so on (bit 0 flipped)",
                [](std::uint32_t right) { return right ^ 1U; });
            add("taken with its two bits exchanged",
                [](std::uint32_t right) { return (right & 1U) << 1U | right >> 1U; });
        }
    }
}

}  // namespace

std::vector<Misreading> metadata_mistakes(const GemmDump& dump) {
    const Metadata metadata(dump);
    std::vector<Misreading> mistakes;
    const auto add = [&](const char* name, const char* sentence, auto from) {
        Misreading mistake;
        mistake.name = name;
        mistake.sentence = sentence;
        mistake.code = from;
        mistakes.push_back(std::move(mistake));
    };
    const std::size_t rows = metadata.rows();
    const std::size_t units = metadata.units();
    const bool two_codes = dump.pattern().codes() == 2;
    const auto at = [&dump, units](std::size_t row, std::size_t unit) { return dump.codes[row * units + unit]; };
    if (two_codes) {
        add("metadata-codes-exchanged", "the two codes of each group were exchanged",
            [at](std::size_t row, std::size_t unit) { return at(row, unit ^ 1U); });
    }
    add_orders(metadata, mistakes);
    const bool wide = metadata_element_bits(metadata.type()) == 32;
    const std::size_t half_units = std::size_t{4} * dump.pattern().codes();
    if (wide) {
        add("metadata-halves-exchanged", "the 16-bit halves of the metadata words were exchanged",
            [=](std::size_t row, std::size_t unit) {
                return at(row, (unit ^ half_units) < units ? unit ^ half_units : unit);
            });
    }
    add(wide ? "metadata-rows-exchanged" : "metadata-halves-exchanged",
        wide ? "the metadata of rows g and g + 8 was exchanged"
             : "the 16-bit halves of the metadata words were exchanged: that of rows g and g + 8",
        [=](std::size_t row, std::size_t unit) { return at((row ^ 8U) < rows ? row ^ 8U : row, unit); });
    add_selectors(metadata, mistakes);
    add("metadata-ignored", "the metadata was ignored: the first elements of each group were taken",
        [codes = dump.pattern().codes()](std::size_t, std::size_t unit) {
            return static_cast<std::uint8_t>(unit % codes);
        });
    return mistakes;
}

}  // namespace stcsim
