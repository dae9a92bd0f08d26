/// Parameters of the tensor core's modules, one struct per module. Values and their sources are in models/gpus/.
#pragma once

#include <cstdint>

#include "base/parameters.h"
#include "base/units.h"

namespace stcsim {

/// OperandFetch: reads of A, B, C and E from the sub-core's register file.
struct OperandFetchParameters {
    std::uint32_t buffer_depth;    ///< instructions accepted while another one is being read
    std::uint32_t register_banks;  ///< register r lives in bank r mod banks
    std::uint32_t ports_per_bank;  ///< 1024-bit reads per bank and cycle
    std::uint32_t operand_slots;   ///< operands collected side by side: A, B, and with 3 slots C and E in turn
    Cycle read_window;             ///< the ports' time that a collection pass reserves
    Cycle delivery_latency;        ///< from the first pass to the array's input

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("buffer_depth", buffer_depth, {1, 64}, "instructions accepted while another one is being read");
        v.parameter("register_banks", register_banks, {1, 8},
                    "register file banks (register r is in bank r mod banks)");
        v.parameter("ports_per_bank", ports_per_bank, {1, 4}, "1024-bit register reads per bank and cycle");
        v.parameter("operand_slots", operand_slots, {3, 4},
                    "operands collected side by side: A, B and one for C and E in turn (3), or one for each (4)");
        v.parameter("read_window", read_window, {1, 16}, "cycles of the read ports that a collection pass reserves");
        v.parameter("delivery_latency", delivery_latency, {1, 64},
                    "cycles from the first collection pass to the array");
    }
};

/// MetadataDecoder: 2-bit codes to select lines.
struct MetadataDecoderParameters {
    std::uint32_t codes_per_cycle;  ///< 2-bit codes decoded per cycle
    Cycle minimum_interval;         ///< between the starts of two sparse instructions
    Cycle latency;                  ///< from operands to select lines

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("codes_per_cycle", codes_per_cycle, {1, 4096}, "2-bit metadata codes decoded per cycle");
        v.parameter("minimum_interval", minimum_interval, {1, 4096},
                    "cycles between the starts of two sparse instructions");
        v.parameter("latency", latency, {1, 64}, "cycles from metadata to select lines");
    }
};

/// InputSelector: one multiplexer in front of each multiplier.
struct InputSelectorParameters {
    std::uint32_t mux_width;             ///< B elements a multiplexer chooses from
    std::uint32_t selections_per_cycle;  ///< multiplexer outputs per cycle over the whole array, for 16-bit elements
    Cycle latency;                       ///< from select lines to selected elements

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("mux_width", mux_width, {2, 16}, "B elements one multiplexer chooses from");
        v.parameter("selections_per_cycle", selections_per_cycle, {1, 65536},
                    "16-bit selections per cycle over the whole array");
        v.parameter("latency", latency, {1, 64}, "cycles from select lines to selected elements");
    }
};

/// DotProductArray: rows x columns dot-product units.
struct DotProductArrayParameters {
    std::uint32_t rows;        ///< units along M
    std::uint32_t columns;     ///< units along N
    std::uint32_t unit_bits;   ///< operand bits a unit multiplies per step: 128 is 8 lanes of f16
    double f64_multiply_adds;  ///< per cycle over the whole array, which has multipliers of their own for f64
    std::uint32_t f32_accumulation_cycles;  ///< per step of 16-bit or tf32 products with f32 sums
    Cycle minimum_interval;                 ///< between the starts of two instructions, however small
    Cycle pipeline_depth;                   ///< from the last step of a pass to its sums
    Cycle pass_chain_latency;  ///< from the start of a pass to the start of the next one that adds to its sums

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("rows", rows, {1, 64}, "dot-product units along M");
        v.parameter("columns", columns, {1, 64}, "dot-product units along N");
        v.parameter("unit_bits", unit_bits, {16, 4096}, "operand bits one unit multiplies per step");
        v.parameter("f64_multiply_adds", f64_multiply_adds, {0.01, 4096}, "f64 multiply-adds per cycle, whole array");
        v.parameter("f32_accumulation_cycles", f32_accumulation_cycles, {1, 16},
                    "cycles of a step of floating-point products that is summed in f32");
        v.parameter("minimum_interval", minimum_interval, {1, 64},
                    "cycles between the starts of two instructions, however small");
        v.parameter("pipeline_depth", pipeline_depth, {1, 64}, "cycles from the last step of a pass to its sums");
        v.parameter("pass_chain_latency", pass_chain_latency, {1, 64},
                    "cycles from the start of a pass to the start of the one chained to it");
    }
};

/// Accumulator: the final rounding and the write of D.
struct AccumulatorParameters {
    Cycle latency;              ///< from the sums to the register write
    std::uint32_t write_ports;  ///< 1024-bit register writes per cycle

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("latency", latency, {1, 64}, "cycles from the sums to the register write");
        v.parameter("write_ports", write_ports, {1, 8}, "1024-bit register writes per cycle");
    }
};

/// One tensor core. Without `sparse_path` it has neither decoder nor selector and refuses mma.sp.
struct TensorCoreParameters {
    bool sparse_path;
    OperandFetchParameters operand_fetch;
    MetadataDecoderParameters metadata_decoder;
    InputSelectorParameters input_selector;
    DotProductArrayParameters dot_product_array;
    AccumulatorParameters accumulator;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("sparse_path", sparse_path, {0, 1}, "whether decoder and selector exist (mma.sp is legal)");
        v.group("operand_fetch", operand_fetch);
        v.group("metadata_decoder", metadata_decoder);
        v.group("input_selector", input_selector);
        v.group("dot_product_array", dot_product_array);
        v.group("accumulator", accumulator);
    }
};

}  // namespace stcsim
