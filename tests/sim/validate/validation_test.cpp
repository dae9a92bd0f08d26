#include "validate/validation.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "files/temporary_folder.h"
#include "validate/reference_sets.h"
#include "validate/validation_report.h"
#include "validate/validation_table.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

const std::string rows =
    "gpu,dtype,M,N,K,dense_us,sparse24_us\n"
    "A100-80GB-PCIe,FP16,64,2048,512,10,8\n"
    "A100-80GB-PCIe,FP16,128,2048,512,20,10\n"
    "A100-80GB-PCIe,INT8,64,2048,512,9,5\n";

/// A model in which a dense product takes a tenth more than m / 6.4 us, a 2:4 one m / 12.8, and s8 does not exist.
/// Notes every product that it is asked for in a file, since it runs in other processes.
class MadeUpModel {
  public:
    explicit MadeUpModel(std::string log) : log_(std::move(log)) {}

    [[nodiscard]] ValidatedModel model() const {
        return {[this](const GpuDescription&, const GemmProblem& problem, const SimulationOptions&) {
                    std::ofstream(log_, std::ios::app) << problem.name << " " << (problem.m == dies_at_) << std::endl;
                    if (problem.m == dies_at_ && problem.sparsity == Sparsity::two_four) (void)raise(SIGKILL);
                    if (problem.input == ElementType::s8) throw InputError({}, "s8", "f16");
                    SimulationResult result;
                    const bool dense = problem.sparsity == Sparsity::dense;
                    result.time_us = static_cast<double>(problem.m) / (dense ? 6.4 : 12.8) * (dense ? 1.1 : 1);
                    result.kernel = dense ? "large" : "small";
                    result.cycles = Cycle(problem.m);
                    result.bound_by = "tensor core";
                    return result;
                },
                nullptr, nullptr};
    }
    void die_at(std::uint64_t m) { dies_at_ = m; }
    /// Products asked for since the last call.
    [[nodiscard]] std::size_t asked() const {
        const std::string text = text_of(log_);
        std::ofstream(log_, std::ios::trunc).flush();
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }

  private:
    std::string log_;
    std::uint64_t dies_at_ = 0;
};

class Validation : public testing::Test {
  protected:
    Validation() {
        (void)folder.write("gemm_a100_pcie80.csv", rows);
        request.points = read_reference_set(ReferenceSet::gemm, folder.path());
        request.gpus["a100-pcie-80gb"] = load_gpu_description(STCSIM_SOURCE_DIR "/models/gpus/a100-pcie-80gb.toml");
        request.workers = 2;
    }

    [[nodiscard]] std::vector<ValidatedPoint> run() const {
        return validate(request, made_up.model(), [](std::size_t, std::size_t, const std::string&) {});
    }

    TemporaryFolder folder;
    ValidationRequest request;
    MadeUpModel made_up{folder.file("log")};
};

TEST_F(Validation, HasThePointsInOrderWithTheSpeedupBehindEachPair) {
    const std::vector<ValidatedPoint> points = run();
    ASSERT_EQ(points.size(), 9U);
    EXPECT_EQ(points[3].point.figure, "dense");
    EXPECT_NEAR(points[3].prediction.value.value(), 22, 1e-9);
    EXPECT_EQ(points[4].point.figure, "2:4");
    EXPECT_EQ(points[5].point.figure, "speedup");
    EXPECT_DOUBLE_EQ(points[5].point.measured, 2);
    EXPECT_NEAR(points[5].prediction.value.value(), 2.2, 1e-9);
    EXPECT_EQ(points[5].prediction.kernel, "large / small");
    EXPECT_FALSE(points[8].counts());
    EXPECT_THAT(points[8].prediction.reason, HasSubstr("found s8"));
}

TEST_F(Validation, DoesNotDependOnTheNumberOfWorkers) {
    const std::string two = validation_csv(run());
    for (const std::size_t workers : {1, 3, 50}) {
        request.workers = workers;
        EXPECT_EQ(validation_csv(run()), two) << workers;
    }
}

TEST_F(Validation, InterruptedLosesNoFinishedPoint) {
    const std::string whole = validation_csv(run());
    (void)made_up.asked();
    request.workers = 1;
    {
        PredictionStore store(folder.file("state"));
        request.store = &store;
        made_up.die_at(128);
        EXPECT_THROW((void)run(), std::runtime_error);
        EXPECT_EQ(made_up.asked(), 4U);
    }
    PredictionStore store(folder.file("state"));
    request.store = &store;
    made_up.die_at(0);
    EXPECT_EQ(validation_csv(run()), whole);
    EXPECT_EQ(made_up.asked(), 3U);
    EXPECT_EQ(validation_csv(run()), whole);
    EXPECT_EQ(made_up.asked(), 0U);
}

TEST_F(Validation, PredictsAnewForAnotherProgramDescriptionOrOption) {
    PredictionStore store(folder.file("state"));
    request.store = &store;
    (void)run();
    (void)made_up.asked();
    request.program = "another build";
    (void)run();
    EXPECT_EQ(made_up.asked(), 6U);
    request.options.kernel = "best";
    (void)run();
    EXPECT_EQ(made_up.asked(), 6U);
    apply_override(request.gpus["a100-pcie-80gb"], "sm_count=107");
    (void)run();
    EXPECT_EQ(made_up.asked(), 6U);
    (void)run();
    EXPECT_EQ(made_up.asked(), 0U);
}

TEST_F(Validation, TableHasTheErrorsPerTypeAndFigureTheWorstPointsAndWhatWasLeftOut) {
    const std::string table = validation_table(run(), 1);
    EXPECT_THAT(table,
                HasSubstr("f16   dense         2              10.0            10.0           +10.0      1.0000"));
    EXPECT_THAT(table, HasSubstr("s8    speedup       0                 -"));
    EXPECT_THAT(table, HasSubstr("f16   2:4      64x2048x512"));
    EXPECT_THAT(table, HasSubstr("-37.5"));
    EXPECT_THAT(table, HasSubstr("Left out s8 dense 64x2048x512 and 2 more: found s8, expected f16"));
}

TEST_F(Validation, FilesHaveEveryPoint) {
    const std::vector<ValidatedPoint> points = run();
    const std::string csv = folder.file("v.csv");
    write_validation_file(csv, points, request, "1.2.3");
    EXPECT_THAT(text_of(csv), HasSubstr("gemm,f16,2:4,64x2048x512,64,2048,512,us,8,5,-37.5,small,tensor core,"
                                        "a100-pcie-80gb,,64,"));
    EXPECT_THAT(text_of(csv), HasSubstr("64,2048,512,us,9,,,,,a100-pcie-80gb,\"found s8, expected f16\",,"));
    const std::string json = folder.file("v.json");
    write_validation_file(json, points, request, "1.2.3");
    const auto report = nlohmann::json::parse(text_of(json));
    EXPECT_EQ(report["version"], "1.2.3");
    EXPECT_EQ(report["points"].size(), 9U);
    EXPECT_EQ(report["points"][1]["predicted"], 5.0);
    EXPECT_FALSE(report["points"][8].contains("predicted"));
    EXPECT_EQ(report["statistics"].size(), 6U);
    EXPECT_EQ(report["gpus"][0]["name"], "a100-pcie-80gb");
    EXPECT_THROW(check_validation_file(folder.file("v.txt")), InputError);
}

}  // namespace
}  // namespace stcsim
