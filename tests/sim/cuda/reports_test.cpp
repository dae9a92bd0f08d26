#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "cuda/exec_configuration.h"
#include "cuda/launch_report.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

std::vector<NamedCount> some_counts() {
    std::vector<NamedCount> counts;
    const auto number = *rc::gen::inRange(0, 4);
    for (int i = 0; i < number; ++i) {
        counts.push_back({"name" + std::to_string(i), *rc::gen::arbitrary<std::uint64_t>()});
    }
    return counts;
}

std::string some_name() {
    return *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f'));
}

CodePlace some_place() {
    return {*rc::gen::arbitrary<std::uint32_t>(), some_name(), some_name(), *rc::gen::arbitrary<std::uint32_t>()};
}

FindingReport some_finding() {
    FindingReport finding;
    finding.kind = some_name();
    finding.error = *rc::gen::arbitrary<bool>();
    finding.sentence = some_name();
    finding.place = some_place();
    finding.cta = *rc::gen::arbitrary<std::uint64_t>();
    if (*rc::gen::arbitrary<bool>()) finding.lane = *rc::gen::inRange(0U, 32U);
    finding.count = *rc::gen::arbitrary<std::uint64_t>();
    return finding;
}

VerificationReport some_verification() {
    VerificationReport verification;
    verification.mma = *rc::gen::arbitrary<std::uint64_t>();
    verification.elements = *rc::gen::arbitrary<std::uint64_t>();
    verification.equal = *rc::gen::arbitrary<std::uint64_t>();
    if (*rc::gen::arbitrary<bool>()) {
        verification.first_difference = DifferenceReport{some_place(),
                                                         *rc::gen::arbitrary<std::uint64_t>(),
                                                         1,
                                                         *rc::gen::inRange(0U, 32U),
                                                         3,
                                                         4,
                                                         *rc::gen::arbitrary<std::uint64_t>(),
                                                         5};
    }
    const auto places = *rc::gen::inRange(0, 3);
    for (int i = 0; i < places; ++i) {
        verification.not_compared.push_back({some_place(), some_name(), *rc::gen::arbitrary<std::uint64_t>()});
    }
    return verification;
}

TimedLaunch some_timed_launch() {
    TimedLaunch timed;
    timed.cycles = Cycle(*rc::gen::arbitrary<std::uint64_t>());
    timed.time_us = *rc::gen::inRange(0, 1000000) / 7.0;
    timed.account = some_counts();
    timed.achieved_occupancy = *rc::gen::inRange(0, 100) / 99.0;
    timed.bank_conflicts = *rc::gen::arbitrary<std::uint64_t>();
    timed.bytes = some_counts();
    if (*rc::gen::arbitrary<bool>()) timed.hottest_stall = HottestStall{some_place(), some_name(), 12};
    if (*rc::gen::arbitrary<bool>()) timed.verification = some_verification();
    if (*rc::gen::arbitrary<bool>()) timed.timed_ctas = *rc::gen::arbitrary<std::uint64_t>();
    return timed;
}

LaunchReport some_launch() {
    LaunchReport launch;
    launch.kernel = some_name();
    launch.symbol = some_name();
    launch.module = some_name();
    launch.grid = {*rc::gen::arbitrary<std::uint32_t>(), 2, 3};
    launch.block = {4, *rc::gen::arbitrary<std::uint32_t>(), 6};
    launch.static_shared = Bytes(*rc::gen::arbitrary<std::uint64_t>());
    launch.registers = *rc::gen::arbitrary<std::uint32_t>();
    launch.warp_instructions = *rc::gen::arbitrary<std::uint64_t>();
    launch.instruction_mix = some_counts();
    if (*rc::gen::arbitrary<bool>()) launch.timed = some_timed_launch();
    const auto findings = *rc::gen::inRange(0, 3);
    for (int i = 0; i < findings; ++i) launch.findings.push_back(some_finding());
    return launch;
}

LaunchReport verified_launch(std::uint64_t elements, std::uint64_t equal) {
    LaunchReport launch;
    launch.kernel = "product(float*)";
    launch.timed.emplace();
    launch.timed->verification.emplace();
    launch.timed->verification->elements = elements;
    launch.timed->verification->equal = equal;
    return launch;
}

TEST(VerificationFailure, NamesTheFirstElementThatDiffers) {
    LaunchReport launch = verified_launch(4096, 4093);
    launch.timed->verification->first_difference =
        DifferenceReport{{40, "mma.sp", "", 0}, 5, 1, 12, 3, 6, 0x3F800000, 0x40000000};
    const auto failure = verification_failure(launch);
    ASSERT_TRUE(failure);
    for (const char* const part : {"product(float*)", "3 of 4096", "PTX line 40 (mma.sp)", "CTA 5, warp 1, lane 12",
                                   "D[3, 6] is 0x3f800000 in the modules and 0x40000000 in the numerics"}) {
        EXPECT_THAT(*failure, HasSubstr(part));
    }
}

TEST(VerificationFailure, IsNoneIfNothingDiffersOrNothingWasCompared) {
    EXPECT_FALSE(verification_failure(verified_launch(4096, 4096)));
    EXPECT_FALSE(verification_failure(verified_launch(0, 0)));
    EXPECT_FALSE(verification_failure(LaunchReport{}));
}

RC_GTEST_PROP(LaunchReports, AreReadBackAsTheyWereWritten, ()) {
    ExecReport report{RuntimeStarted{13}, {some_launch(), some_launch()}, RuntimeEnded{2, some_name()}};
    std::string lines = report_line(*report.started);
    for (const LaunchReport& launch : report.launches) lines += report_line(launch);
    lines += report_line(*report.ended);
    RC_ASSERT(parse_report_lines(lines) == report);
}

TEST(LaunchReports, AddLateFindingsToTheirLaunchInPlaceOfWarningsAboutTheSame) {
    FindingReport warning;
    warning.kind = "uninitialised register";
    warning.place.ptx_line = 12;
    FindingReport error = warning;
    error.error = true;
    error.sentence = "the host reads it";
    FindingReport elsewhere = error;
    elsewhere.place.ptx_line = 13;
    LaunchReport first;
    LaunchReport second;
    second.findings = {warning};
    const ExecReport report =
        parse_report_lines(report_line(first) + report_line(second) + report_line(1, error) + report_line(1, error) +
                           report_line(1, elsewhere) + report_line(0, elsewhere));
    EXPECT_THAT(report.launches[0].findings, testing::ElementsAre(elsewhere));
    error.count = 2;
    EXPECT_THAT(report.launches[1].findings, testing::ElementsAre(error, elsewhere));
}

TEST(LaunchReports, LoseOnlyTheLineThatAKilledProgramDidNotFinish) {
    const std::string lines = report_line(RuntimeStarted{12}) + report_line(LaunchReport{});
    const ExecReport report = parse_report_lines(std::string_view(lines).substr(0, lines.size() - 5));
    EXPECT_EQ(report.started, RuntimeStarted{12});
    EXPECT_TRUE(report.launches.empty());
    EXPECT_FALSE(report.ended.has_value());
}

RC_GTEST_PROP(ExecConfigurations, AreReadBackAsTheyWereWritten, ()) {
    ExecConfiguration configuration;
    configuration.gpu_file = some_name();
    configuration.report_channel = *rc::gen::inRange(0, 1000);
    configuration.launch = {*rc::gen::element(LaunchTiming::none, LaunchTiming::full),
                            *rc::gen::element(LaunchScope::sm, LaunchScope::chip),
                            *rc::gen::element(InstructionOrder::text, InstructionOrder::scheduled),
                            *rc::gen::arbitrary<bool>(),
                            *rc::gen::arbitrary<bool>(),
                            *rc::gen::arbitrary<bool>(),
                            *rc::gen::arbitrary<std::uint64_t>()};
    RC_ASSERT(parse_exec_configuration(text_of(configuration)) == configuration);
}

TEST(ExecConfigurations, OfAnotherVersionOrMadeByHandAreRefusedByName) {
    const std::string good = text_of(ExecConfiguration{});
    const auto refusal = [](const std::string& text) -> std::string {
        try {
            parse_exec_configuration(text);
        } catch (const InputError& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal(good), "accepted");
    EXPECT_THAT(refusal("1"), HasSubstr("STCSIM_EXEC"));
    EXPECT_THAT(refusal("{\"timing\": \"none\"}"), HasSubstr("no \"gpu_file\""));
    std::string wrong = good;
    wrong.replace(wrong.find("\"chip\""), 6, "\"half\"");
    EXPECT_THAT(refusal(wrong), HasSubstr("'half'"));
    EXPECT_THAT(refusal("{\"extra\": 1," + good.substr(1)), HasSubstr("unknown member 'extra'"));
    wrong = good;
    wrong.replace(wrong.find("false"), 5, "\"yes\"");
    EXPECT_THAT(refusal(wrong), HasSubstr("of another type"));
}

}  // namespace
}  // namespace stcsim
