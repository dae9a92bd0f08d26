#include "cuda/launch_json.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::vector<NamedCount>& counts) {
    Json object = Json::object();
    for (const NamedCount& c : counts) object[c.name] = c.count;
    return object;
}

std::vector<NamedCount> counts_of(const Json& object) {
    std::vector<NamedCount> counts;
    for (const auto& [name, count] : object.items()) counts.push_back({name, count.get<std::uint64_t>()});
    return counts;
}

Json json_of(const CodePlace& place) {
    Json object = Json::object();
    if (place.ptx_line != 0) object["ptx_line"] = place.ptx_line;
    if (!place.instruction.empty()) object["instruction"] = place.instruction;
    if (!place.source_file.empty()) object["source_file"] = place.source_file;
    if (place.source_line != 0) object["source_line"] = place.source_line;
    return object;
}

CodePlace place_of(const Json& object) {
    return {object.value("ptx_line", 0U), object.value("instruction", ""), object.value("source_file", ""),
            object.value("source_line", 0U)};
}

Json json_of(const HottestStall& stall) {
    Json object = json_of(stall.place);
    object["cause"] = stall.cause;
    object["warp_cycles"] = stall.warp_cycles;
    return object;
}

Json json_of(const DifferenceReport& difference) {
    Json object = json_of(difference.place);
    object.update(Json{{"cta", difference.cta},
                       {"warp", difference.warp},
                       {"lane", difference.lane},
                       {"row", difference.row},
                       {"column", difference.column},
                       {"modules", difference.modules},
                       {"numerics", difference.numerics}});
    return object;
}

DifferenceReport difference_of(const Json& object) {
    DifferenceReport difference;
    difference.place = place_of(object);
    difference.cta = object.at("cta").get<std::uint64_t>();
    difference.warp = object.at("warp").get<std::uint32_t>();
    difference.lane = object.at("lane").get<std::uint32_t>();
    difference.row = object.at("row").get<std::uint32_t>();
    difference.column = object.at("column").get<std::uint32_t>();
    difference.modules = object.at("modules").get<std::uint64_t>();
    difference.numerics = object.at("numerics").get<std::uint64_t>();
    return difference;
}

Json json_of(const VerificationReport& verification) {
    Json object{{"mma", verification.mma}, {"elements", verification.elements}, {"equal", verification.equal}};
    if (verification.first_difference) object["first_difference"] = json_of(*verification.first_difference);
    Json left_out = Json::array();
    for (const NotComparedReport& one : verification.not_compared) {
        Json entry = json_of(one.place);
        entry["reason"] = one.reason;
        entry["count"] = one.count;
        left_out.push_back(std::move(entry));
    }
    object["not_compared"] = std::move(left_out);
    return object;
}

VerificationReport verification_of(const Json& object) {
    VerificationReport verification;
    verification.mma = object.at("mma").get<std::uint64_t>();
    verification.elements = object.at("elements").get<std::uint64_t>();
    verification.equal = object.at("equal").get<std::uint64_t>();
    if (const auto first = object.find("first_difference"); first != object.end()) {
        verification.first_difference = difference_of(*first);
    }
    for (const Json& one : object.at("not_compared")) {
        verification.not_compared.push_back({place_of(one), one.at("reason"), one.at("count").get<std::uint64_t>()});
    }
    return verification;
}

Json json_of(const TimedLaunch& timed) {
    Json object{{"cycles", timed.cycles.value()},         {"time_us", timed.time_us},
                {"account", json_of(timed.account)},      {"achieved_occupancy", timed.achieved_occupancy},
                {"bank_conflicts", timed.bank_conflicts}, {"bytes", json_of(timed.bytes)}};
    if (timed.hottest_stall) object["hottest_stall"] = json_of(*timed.hottest_stall);
    if (timed.timed_ctas) object["timed_ctas"] = *timed.timed_ctas;
    if (timed.verification) object["verification"] = json_of(*timed.verification);
    return object;
}

TimedLaunch timed_launch_of(const Json& object) {
    TimedLaunch timed;
    timed.cycles = Cycle(object.at("cycles").get<std::uint64_t>());
    timed.time_us = object.at("time_us").get<double>();
    timed.account = counts_of(object.at("account"));
    timed.achieved_occupancy = object.at("achieved_occupancy").get<double>();
    timed.bank_conflicts = object.at("bank_conflicts").get<std::uint64_t>();
    timed.bytes = counts_of(object.at("bytes"));
    if (const auto stall = object.find("hottest_stall"); stall != object.end()) {
        timed.hottest_stall =
            HottestStall{place_of(*stall), stall->at("cause"), stall->at("warp_cycles").get<std::uint64_t>()};
    }
    if (const auto ctas = object.find("timed_ctas"); ctas != object.end()) {
        timed.timed_ctas = ctas->get<std::uint64_t>();
    }
    if (const auto found = object.find("verification"); found != object.end()) {
        timed.verification = verification_of(*found);
    }
    return timed;
}

}  // namespace

Json json_of(const FindingReport& finding) {
    Json object{{"kind", finding.kind},
                {"severity", finding.error ? "error" : "warning"},
                {"count", finding.count},
                {"sentence", finding.sentence}};
    object.update(json_of(finding.place));
    object["cta"] = finding.cta;
    object["warp"] = finding.warp;
    if (finding.lane) object["lane"] = *finding.lane;
    return object;
}

FindingReport finding_of(const Json& object) {
    FindingReport finding;
    finding.kind = object.at("kind");
    finding.error = object.at("severity") == "error";
    finding.count = object.at("count").get<std::uint64_t>();
    finding.sentence = object.at("sentence");
    finding.place = place_of(object);
    finding.cta = object.at("cta").get<std::uint64_t>();
    finding.warp = object.at("warp").get<std::uint32_t>();
    if (const auto lane = object.find("lane"); lane != object.end()) finding.lane = lane->get<std::uint32_t>();
    return finding;
}

Json json_of(const LaunchReport& launch) {
    Json findings = Json::array();
    for (const FindingReport& finding : launch.findings) findings.push_back(json_of(finding));
    Json object{{"kernel", launch.kernel},
                {"symbol", launch.symbol},
                {"module", launch.module},
                {"grid", launch.grid},
                {"block", launch.block},
                {"static_shared_bytes", launch.static_shared.value()},
                {"dynamic_shared_bytes", launch.dynamic_shared.value()},
                {"registers", launch.registers},
                {"ctas_per_sm", launch.ctas_per_sm},
                {"occupancy", launch.occupancy},
                {"warp_instructions", launch.warp_instructions},
                {"instruction_mix", json_of(launch.instruction_mix)}};
    if (launch.timed) object.update(json_of(*launch.timed));
    object["findings"] = std::move(findings);
    return object;
}

LaunchReport launch_report_of(const Json& object) {
    LaunchReport launch;
    launch.kernel = object.at("kernel");
    launch.symbol = object.at("symbol");
    launch.module = object.at("module");
    launch.grid = object.at("grid").get<std::array<std::uint32_t, 3>>();
    launch.block = object.at("block").get<std::array<std::uint32_t, 3>>();
    launch.static_shared = Bytes(object.at("static_shared_bytes").get<std::uint64_t>());
    launch.dynamic_shared = Bytes(object.at("dynamic_shared_bytes").get<std::uint64_t>());
    launch.registers = object.at("registers").get<std::uint32_t>();
    launch.ctas_per_sm = object.at("ctas_per_sm").get<std::uint32_t>();
    launch.occupancy = object.at("occupancy").get<double>();
    launch.warp_instructions = object.at("warp_instructions").get<std::uint64_t>();
    launch.instruction_mix = counts_of(object.at("instruction_mix"));
    if (object.contains("cycles")) launch.timed = timed_launch_of(object);
    for (const Json& finding : object.at("findings")) launch.findings.push_back(finding_of(finding));
    return launch;
}

}  // namespace stcsim
