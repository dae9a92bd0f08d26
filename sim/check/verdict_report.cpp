#include "check/verdict_report.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "check/epilogue.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

std::string element_text(ElementType type, ElementBits bits) {
    return fmt::format("{:.9g} ({:#0{}x})", value_of(type, bits), bits, bits_of(type) / 4 + 2);
}

std::string difference_text(const GemmDump& dump, const ElementDifference& difference) {
    const auto [row, column, found, expected, error, allowed] = difference;
    return fmt::format("[{},{}]: {} instead of {}, off by {:.3g}; the bound is {:.3g}", row, column,
                       element_text(dump.d.type, found), element_text(dump.d.type, expected), error, allowed);
}

std::string problem_text(const GemmDump& dump) {
    const ProductTypes& types = dump.types;
    std::string text =
        fmt::format("D {} x {} {}, k = {}: A {}{}, B {}, sums in {}", dump.m(), dump.n(), name_of(types.output),
                    dump.k(), name_of(dump.a.type), dump.sparse() ? " structured-sparse" : "", name_of(dump.b.type),
                    name_of(types.accumulator));
    if (types.alpha != 1) text += fmt::format(", alpha {:g}", types.alpha);
    if (dump.c) text += fmt::format(", C {} with beta {:g}", name_of(dump.c->type), types.beta);
    return text;
}

std::string order_text(const Verdict& verdict) {
    if (verdict.mismatches.different > 0) {
        const std::string none =
            verdict.tried_orders > 1 ? fmt::format(" (none of {} tried gives these bits)", verdict.tried_orders) : "";
        return fmt::format("compared with the order {}{}", name_of(verdict.order), none);
    }
    std::string text = fmt::format("order: {}", name_of(verdict.order));
    if (verdict.equal_orders > 0) {
        text += fmt::format(" ({} other orders give the same bits on a sample)", verdict.equal_orders);
    }
    return text;
}

/// Numbers that JSON cannot hold become text.
Json number(double value) {
    if (std::isfinite(value)) return value;
    return fmt::format("{}", value);
}

Json json_of(const GemmDump& dump, const ElementDifference& difference) {
    return {{"row", difference.row},
            {"column", difference.column},
            {"found", number(value_of(dump.d.type, difference.found))},
            {"expected", number(value_of(dump.d.type, difference.expected))},
            {"found_bits", fmt::format("{:#x}", difference.found)},
            {"expected_bits", fmt::format("{:#x}", difference.expected)},
            {"error", number(difference.error)},
            {"bound", number(difference.allowed)}};
}

}  // namespace

std::string verdict_text(const GemmDump& dump, const Verdict& verdict) {
    const Mismatches& mismatches = verdict.mismatches;
    std::string text = problem_text(dump) + '\n';
    switch (verdict.agreement) {
        case Agreement::bit_exact: text += fmt::format("bit-exact: all {} elements\n", mismatches.elements); break;
        case Agreement::within_bound:
            text += fmt::format(
                "within the bound of the arithmetic: {} of {} elements differ in their bits, none by "
                "more than sums in another order can\n",
                mismatches.different, mismatches.elements);
            break;
        case Agreement::wrong:
            text += fmt::format(
                "wrong: {} of {} elements differ in their bits, {} by more than sums in another order "
                "can\n",
                mismatches.different, mismatches.elements, mismatches.outside);
    }
    text += order_text(verdict) + '\n';
    if (mismatches.different == 0) return text;
    text += fmt::format("where: {}\n", fmt::join(verdict.places, "; "));
    for (const ElementDifference& difference : mismatches.first) {
        text += fmt::format("  {}\n", difference_text(dump, difference));
    }
    text += fmt::format("largest error: {}\n", difference_text(dump, mismatches.largest));
    if (!verdict.explanation) return text + "none of the usual mistakes explains it\n";
    const Explanation& explanation = *verdict.explanation;
    text += fmt::format("explained by {}: {}\n  {} of {} elements of a sample agree {}; {}\n", explanation.name,
                        explanation.sentence, explanation.agreeing, explanation.sampled,
                        explanation.exact ? "to the bit" : "within the bound", name_of(explanation.order));
    for (const std::string& other : explanation.others) text += fmt::format("  as well: {}\n", other);
    return text;
}

std::string verdict_json(const GemmDump& dump, const Verdict& verdict, const VerdictProvenance& provenance) {
    const Mismatches& mismatches = verdict.mismatches;
    Json inputs = Json::array();
    for (const auto& [file, hash] : provenance.inputs) {
        inputs.push_back({{"file", file}, {"hash", fmt::format("fnv1a64:{:016x}", hash)}});
    }
    Json row{{"verdict", name_of(verdict.agreement)},
             {"m", dump.m()},
             {"n", dump.n()},
             {"k", dump.k()},
             {"a", name_of(dump.a.type)},
             {"b", name_of(dump.b.type)},
             {"acc", name_of(dump.types.accumulator)},
             {"output", name_of(dump.types.output)},
             {"sparsity", dump.sparse() ? "2:4" : "dense"},
             {"alpha", dump.types.alpha},
             {"beta", dump.types.beta},
             {"order", name_of(verdict.order)},
             {"orders_tried", verdict.tried_orders},
             {"elements", mismatches.elements},
             {"different", mismatches.different},
             {"outside_bound", mismatches.outside}};
    if (mismatches.different > 0) {
        row["places"] = verdict.places;
        row["first"] = Json::array();
        for (const ElementDifference& difference : mismatches.first) row["first"].push_back(json_of(dump, difference));
        row["largest"] = json_of(dump, mismatches.largest);
        row["mistake"] = nullptr;
    }
    if (verdict.explanation) {
        const Explanation& explanation = *verdict.explanation;
        row["mistake"] = {{"name", explanation.name},         {"sentence", explanation.sentence},
                          {"bit_exact", explanation.exact},   {"order", name_of(explanation.order)},
                          {"agreeing", explanation.agreeing}, {"sampled", explanation.sampled},
                          {"others", explanation.others}};
    }
    const Json report{{"provenance",
                       {{"program", "stcsim"},
                        {"version", provenance.version},
                        {"command_line", provenance.command_line},
                        {"inputs", std::move(inputs)}}},
                      {"results", Json::array({std::move(row)})}};
    // A command line may hold bytes that are not UTF-8; JSON may not.
    return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stcsim
