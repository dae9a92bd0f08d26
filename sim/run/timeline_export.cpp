#include "run/timeline_export.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "files/atomic_file.h"

namespace stcsim {
namespace {

/// VCD identifiers: printable characters from '!' on.
char busy_identifier(std::uint32_t core) {
    return static_cast<char>('!' + 2 * core);
}
char warp_identifier(std::uint32_t core) {
    return static_cast<char>('!' + 2 * core + 1);
}

/// The value changes of the whole waveform, by cycle; those of later entries replace those of earlier ones.
std::map<Cycle, std::map<char, std::string>> value_changes(const Timeline& timeline) {
    std::map<Cycle, std::map<char, std::string>> changes;
    for (const TimelineEntry& entry : timeline.entries()) {
        changes[entry.start][busy_identifier(entry.tensor_core)] =
            fmt::format("1{}", busy_identifier(entry.tensor_core));
        changes[entry.start][warp_identifier(entry.tensor_core)] =
            fmt::format("b{:b} {}", entry.warp.value(), warp_identifier(entry.tensor_core));
        // A following instruction that starts at once overwrites this.
        changes[entry.start + entry.steps].try_emplace(busy_identifier(entry.tensor_core),
                                                       fmt::format("0{}", busy_identifier(entry.tensor_core)));
    }
    return changes;
}

}  // namespace

void write_vcd(const Timeline& timeline, Cycle end, std::uint32_t tensor_cores, const std::filesystem::path& file) {
    std::string text =
        "$version stcsim $end\n$comment one time unit is one SM clock cycle $end\n$timescale 1 ns $end\n";
    text += "$scope module sm_0 $end\n";
    for (std::uint32_t core = 0; core < tensor_cores; ++core) {
        text += fmt::format(
            "$scope module tensor_core_{} $end\n$var wire 1 {} busy $end\n$var wire 8 {} warp $end\n"
            "$upscope $end\n",
            core, busy_identifier(core), warp_identifier(core));
    }
    text += "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n";
    for (std::uint32_t core = 0; core < tensor_cores; ++core) {
        text += fmt::format("0{}\nbx {}\n", busy_identifier(core), warp_identifier(core));
    }
    text += "$end\n";
    for (const auto& [cycle, values] : value_changes(timeline)) {
        text += fmt::format("#{}\n", cycle.value());
        for (const auto& [identifier, value] : values) text += value + "\n";
    }
    text += fmt::format("#{}\n", end.value());
    write_whole_file(file, text);
}

void write_perfetto(const Timeline& timeline, double clock_hz, std::uint32_t tensor_cores,
                    const std::filesystem::path& file) {
    const double microseconds = 1e6 / clock_hz;
    nlohmann::ordered_json events = nlohmann::ordered_json::array();
    for (std::uint32_t core = 0; core < tensor_cores; ++core) {
        events.push_back({{"name", "thread_name"},
                          {"ph", "M"},
                          {"pid", 0},
                          {"tid", core},
                          {"args", {{"name", fmt::format("SM 0 tensor core {}", core)}}}});
    }
    for (const TimelineEntry& entry : timeline.entries()) {
        events.push_back({{"name", entry.instruction->name()},
                          {"ph", "X"},
                          {"pid", 0},
                          {"tid", entry.tensor_core},
                          {"ts", static_cast<double>(entry.start.value()) * microseconds},
                          {"dur", static_cast<double>(entry.steps.value()) * microseconds},
                          {"args",
                           {{"warp", entry.warp.value()},
                            {"issued_cycle", entry.issued.value()},
                            {"start_cycle", entry.start.value()}}}});
    }
    const nlohmann::ordered_json trace{{"displayTimeUnit", "ns"}, {"traceEvents", events}};
    write_whole_file(file, trace.dump());
}

}  // namespace stcsim
