/// A timeline of tensor cores as files for waveform and trace viewers.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/units.h"
#include "tensor_core/timeline.h"

namespace stcsim {

/// Writes a value change dump (IEEE 1364): per tensor core whether its array is busy, and with which warp's
/// instruction. One time unit is one cycle. Whole or not at all.
void write_vcd(const Timeline& timeline, Cycle end, std::uint32_t tensor_cores, const std::filesystem::path& file);

/// Writes the Chrome trace-event JSON that Perfetto opens: one track per tensor core, one slice per instruction, in
/// microseconds at `clock_hz`. Whole or not at all.
void write_perfetto(const Timeline& timeline, double clock_hz, std::uint32_t tensor_cores,
                    const std::filesystem::path& file);

}  // namespace stcsim
