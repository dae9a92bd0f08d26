#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "files/temporary_folder.h"
#include "validate/reference_sets.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

const std::string gemm_header = "gpu,dtype,M,N,K,dense_us,sparse24_us\n";
const std::string mma_header =
    "gpu,kind,ab_type,cd_type,shape,completion_latency_cyc,w4_ilp,w4_latency_cyc,w4_fma_per_clk_sm,w8_ilp,"
    "w8_latency_cyc,w8_fma_per_clk_sm,peak_fma_per_clk_sm\n";
const std::string shared_header =
    "gpu,instr,bytes_per_warp,conflict_way,completion_latency_cyc,warps,ilp,bytes_per_clk_sm\n";

std::string file_of(ReferenceSet set) {
    if (set == ReferenceSet::memory) return "memory_a100.csv";
    if (set == ReferenceSet::instructions) return "mma_a100.csv";
    return set == ReferenceSet::shared_memory ? "shared_memory_a100.csv" : "gemm_a100_pcie80.csv";
}

/// A file of one set that is refused, and a part of the message, which starts with the place.
struct BadReference {
    std::string name;
    ReferenceSet set;
    std::string text;
    std::string message;

    friend void PrintTo(const BadReference& b, std::ostream* out) { *out << b.name; }
};

class ReferenceRefuses : public testing::TestWithParam<BadReference> {};

TEST_P(ReferenceRefuses, WithThePlaceWhatWasFoundAndWhatWasExpected) {
    const TemporaryFolder folder;
    (void)folder.write(file_of(GetParam().set), GetParam().text);
    try {
        read_reference_set(GetParam().set, folder.path());
        ADD_FAILURE() << "accepted";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr(file_of(GetParam().set) + GetParam().message));
        EXPECT_THAT(error.what(), HasSubstr(", expected "));
    }
}

const ReferenceSet gemm = ReferenceSet::gemm;
const ReferenceSet mma = ReferenceSet::instructions;
const ReferenceSet memory = ReferenceSet::memory;
const std::string memory_header = "gpu,level,metric,value,unit,source\n";
const ReferenceSet shared = ReferenceSet::shared_memory;

INSTANTIATE_TEST_SUITE_P(
    Each, ReferenceRefuses,
    testing::Values(
        BadReference{"Empty", gemm, "", ": found nothing"},
        BadReference{"HeaderOnly", gemm, gemm_header, ": found a header only"},
        BadReference{"UnknownColumn", gemm, "gpu,dtype,M,N,K,dense_us,sparse_us\n", ":1: found the unknown column"},
        BadReference{"MissingColumn", gemm, "gpu,dtype,M,N,K,dense_us\n", ":1: found no column 'sparse24_us'"},
        BadReference{"ColumnTwice", gemm, "gpu,gpu,dtype,M,N,K,dense_us,sparse24_us\n", ":1: found column 'gpu' twice"},
        BadReference{"MissingField", gemm, gemm_header + "A100-80GB-PCIe,FP16,64,64,64,4\n", ":2: found 6 fields"},
        BadReference{"ExtraField", gemm, gemm_header + "A100-80GB-PCIe,FP16,64,64,64,4,5,6\n", ":2: found 8 fields"},
        BadReference{"BadNumber", gemm, gemm_header + "\nA100-80GB-PCIe,FP16,64,64,64,4,5x\n",
                     ":3: found '5x' in column 'sparse24_us'"},
        BadReference{"NoTime", gemm, gemm_header + "A100-80GB-PCIe,FP16,64,64,64,0,5\n", ":2: found '0'"},
        BadReference{"NoFiniteTime", gemm, gemm_header + "A100-80GB-PCIe,FP16,64,64,64,inf,5\n", ":2: found 'inf'"},
        BadReference{"NegativeSize", gemm, gemm_header + "A100-80GB-PCIe,FP16,64,-64,64,4,5\n", ":2: found '-64'"},
        BadReference{"NoSize", gemm, gemm_header + "A100-80GB-PCIe,FP16,,64,64,4,5\n", ":2: found '' in column 'M'"},
        BadReference{"UnknownType", gemm, gemm_header + "A100-80GB-PCIe,FP7,64,64,64,4,5\n", ":2: found 'FP7'"},
        BadReference{"UnknownGpu", gemm, gemm_header + "H100,FP16,64,64,64,4,5\n", ":2: found 'H100'"},
        BadReference{"RowTwice", gemm,
                     gemm_header + "A100-80GB-PCIe,FP16,64,64,64,4,5\nA100-80GB-PCIe,FP16,64,64,64,4,5\n",
                     ": found f16 dense of 64x64x64 twice"},
        BadReference{"UnknownKind", mma, mma_header + "A100,thin,f16,f32,m16n8k16,24.7,3,27,900,2,32,1000,1024\n",
                     ":2: found 'thin'"},
        BadReference{"UnknownShape", mma, mma_header + "A100,dense,f16,f32,m16n8k17,24.7,3,27,900,2,32,1000,1024\n",
                     ":2: found 'm16n8k17'"},
        BadReference{"TooMuchIlp", mma, mma_header + "A100,dense,f16,f32,m16n8k16,24.7,9,27,900,2,32,1000,1024\n",
                     ":2: found '9' in column 'w4_ilp'"},
        BadReference{"BadUnusedNumber", mma, mma_header + "A100,dense,f16,f32,m16n8k16,24.7,3,27,900,2,32,1000,all\n",
                     ":2: found 'all'"},
        BadReference{"UnknownInstruction", shared, shared_header + "A100,ldmatrix.x5,128,1,23.1,8,4,127\n",
                     ":2: found 'ldmatrix.x5'"},
        BadReference{"UnknownLevel", memory, memory_header + "A100,L3,latency,5,cyc,me\n", ":2: found 'L3'"},
        BadReference{"UnknownMetric", memory, memory_header + "A100,L2,beauty,5,cyc,me\n", ":2: found 'beauty'"},
        BadReference{"BackwardRange", memory, memory_header + "A100,L2,latency,5-4,cyc,me\n", ":2: found '5-4'"},
        BadReference{"HalfRange", memory, memory_header + "A100,L2,latency,5-,cyc,me\n", ":2: found '5-'"},
        BadReference{"LoadMissing", shared, shared_header + "A100,ldmatrix.x1,128,1,23.1,,,127\n",
                     ":2: found '' in column 'warps'"}),
    [](const auto& instance) { return instance.param.name; });

TEST(Reference, MissingFileIsNamed) {
    const TemporaryFolder folder;
    try {
        read_reference_set(ReferenceSet::gemm, folder.path());
        ADD_FAILURE() << "accepted";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("gemm_a100_pcie80.csv: found no such file"));
    }
}

TEST(Reference, GemmRowIsADenseAndASparseProductWhoseWeightsAreTheSparseOperand) {
    const TemporaryFolder folder;
    (void)folder.write("gemm_a100_pcie80.csv", gemm_header +
                                                   "A100-80GB-PCIe,INT8,64,2048,512,9,5\n"
                                                   "A100-80GB-PCIe,BF16,64,2048,512,,5\n");
    const std::vector<ReferencePoint> points = read_reference_set(ReferenceSet::gemm, folder.path());
    ASSERT_EQ(points.size(), 3U);
    const auto problem = [&](std::size_t i) { return std::get<GemmWork>(points[i].work).problem; };
    EXPECT_EQ(problem(0).m, 64U);
    EXPECT_EQ(problem(0).n, 2048U);
    EXPECT_EQ(problem(0).k, 512U);
    EXPECT_EQ(problem(0).sparsity, Sparsity::dense);
    EXPECT_EQ(problem(0).output, ElementType::s32);
    EXPECT_EQ(problem(1).sparsity, Sparsity::two_four);
    EXPECT_EQ(problem(1).sparse_operand, SparseOperand::b);
    EXPECT_EQ(problem(1).output, ElementType::bf16);
    EXPECT_EQ(problem(2).input, ElementType::bf16);
    EXPECT_EQ(problem(2).sparsity, Sparsity::two_four);
    EXPECT_EQ(points[1].measured, 5);
    EXPECT_EQ(points[0].gpu, "a100-pcie-80gb");
}

TEST(Reference, LoadsThatARowLeavesOpenAreThoseOfItsKind) {
    const TemporaryFolder folder;
    (void)folder.write("mma_a100.csv", mma_header +
                                           "A100,dense,f16,f16,m16n8k8,17,,19,860,,24,1000,1024\n"
                                           "A100,sparse,f16,f16,m16n8k32,24,2,,1850,,,2019,2048\n");
    const std::vector<ReferencePoint> points = read_reference_set(ReferenceSet::instructions, folder.path());
    std::vector<std::string> names;
    for (const ReferencePoint& point : points) names.push_back(point.figure + " " + point.name);
    EXPECT_THAT(names, testing::ElementsAre("latency mma.m16n8k8.f16.f16.f16.f16 (1, 1)",
                                            "throughput mma.m16n8k8.f16.f16.f16.f16 (4, 4)",
                                            "throughput mma.m16n8k8.f16.f16.f16.f16 (8, 3)",
                                            "latency mma.sp.m16n8k32.f16.f16.f16.f16 (1, 1)",
                                            "throughput mma.sp.m16n8k32.f16.f16.f16.f16 (4, 2)",
                                            "throughput mma.sp.m16n8k32.f16.f16.f16.f16 (8, 2)"));
}

TEST(Reference, RangesAreTheirMiddleAndUnitsWithoutRemark) {
    const TemporaryFolder folder;
    (void)folder.write("memory_a100.csv", memory_header +
                                              "A100,L2 random chase 24-38 MiB,latency,393-419,cyc,me\n"
                                              "A100,global,throughput,1407.2,GB/s (90% of 1555),me\n"
                                              "A100,HBM2,peak,1555,GB/s,me\n");
    const std::vector<ReferencePoint> points = read_reference_set(ReferenceSet::memory, folder.path());
    ASSERT_EQ(points.size(), 3U);
    EXPECT_DOUBLE_EQ(points[0].measured, 406);
    EXPECT_EQ(std::get<MemoryWork>(points[0].work).footprint, Bytes(31 << 20));
    EXPECT_EQ(points[1].unit, "GB/s");
    EXPECT_TRUE(std::holds_alternative<NothingToRun>(points[2].work));
}

TEST(Reference, EveryLevelOfTheMemoryButWhatOtherSetsOrDataSheetsSayIsRun) {
    const std::vector<ReferencePoint> points =
        read_reference_set(ReferenceSet::memory, STCSIM_SOURCE_DIR "/models/reference");
    for (const ReferencePoint& point : points) {
        const bool elsewhere = point.name.starts_with("shared") || point.name.starts_with("HBM");
        EXPECT_EQ(std::holds_alternative<NothingToRun>(point.work), elsewhere) << point.name;
    }
}

TEST(Reference, ShippedFilesAreReadWhole) {
    const std::filesystem::path folder = STCSIM_SOURCE_DIR "/models/reference";
    const auto count = [&](ReferenceSet set, bool quick) {
        const std::vector<ReferencePoint> points = read_reference_set(set, folder);
        return std::ranges::count_if(points, [&](const ReferencePoint& p) { return !quick || p.quick; });
    };
    EXPECT_EQ(count(ReferenceSet::instructions, false), 30);
    EXPECT_EQ(count(ReferenceSet::shared_memory, false), 10);
    EXPECT_EQ(count(ReferenceSet::memory, false), 27);
    EXPECT_EQ(count(ReferenceSet::gemm, false), 516);
    EXPECT_EQ(count(ReferenceSet::gemm, true), 40);
}

}  // namespace
}  // namespace stcsim
