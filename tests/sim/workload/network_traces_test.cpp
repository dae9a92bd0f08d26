/// The traces under traces/ against the networks that they claim to be.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "workload/gemm_trace.h"

namespace stcsim {
namespace {

std::vector<GemmProblem> trace(const std::string& name) {
    return read_gemm_trace(std::filesystem::path(STCSIM_SOURCE_DIR) / "traces" / (name + ".csv"));
}

std::uint64_t multiply_adds(const std::vector<GemmProblem>& problems) {
    std::uint64_t sum = 0;
    for (const GemmProblem& p : problems) sum += p.m * p.n * p.k * p.batch * p.count;
    return sum;
}

/// Multiply-adds of a transformer layer's weights over `tokens`: QKV and output projections, and `ffn_matrices`
/// matrices between `hidden` and `ffn` features.
std::uint64_t weight_multiply_adds(std::uint64_t hidden, std::uint64_t ffn, std::uint64_t ffn_matrices,
                                   std::uint64_t tokens) {
    return tokens * (4 * hidden * hidden + ffn_matrices * hidden * ffn);
}

/// Multiply-adds of a layer's attention: scores and context of `queries` tokens over `keys` tokens.
std::uint64_t attention_multiply_adds(std::uint64_t hidden, std::uint64_t queries, std::uint64_t keys) {
    return 2 * queries * keys * hidden;
}

TEST(NetworkTraces, AllRespectTheAlignmentOfTheirKernels) {
    std::size_t traces = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(STCSIM_SOURCE_DIR) / "traces")) {
        if (entry.path().extension() != ".csv") continue;
        ++traces;
        for (const GemmProblem& problem : read_gemm_trace(entry.path())) {
            SCOPED_TRACE(entry.path().filename().string() + ": " + problem.name);
            // 16-byte accesses along the contiguous dimension of each operand.
            const std::uint64_t aligned = 128 / bits_of(problem.input);
            EXPECT_EQ(problem.m % aligned, 0U);
            EXPECT_EQ(problem.n % aligned, 0U);
            // Whole mma.sp.m16n8k32, in dense rows too: they may be run both ways for comparison.
            EXPECT_EQ(problem.k % 32, 0U);
            if (problem.sparsity == Sparsity::two_four) {
                EXPECT_EQ(problem.batch, 1U) << "only weights are pruned";
            }
        }
    }
    EXPECT_EQ(traces, 7U);
}

TEST(NetworkTraces, BertLargeHasTheWorkOfItsEncoder) {
    constexpr std::uint64_t batch = 32;
    for (const std::uint64_t sequence : {128U, 384U}) {
        const std::uint64_t layer = weight_multiply_adds(1024, 4096, 2, batch * sequence) +
                                    batch * attention_multiply_adds(1024, sequence, sequence);
        EXPECT_EQ(multiply_adds(trace("bert-large-seq" + std::to_string(sequence))), 24 * layer);
    }
}

TEST(NetworkTraces, Gpt2XlHasTheWorkOfItsLayersAndPaddedVocabulary) {
    const std::uint64_t layer = weight_multiply_adds(1600, 6400, 2, 1024) + attention_multiply_adds(1600, 1024, 1024);
    EXPECT_EQ(multiply_adds(trace("gpt2-xl")), 48 * layer + 1024ULL * 1600 * 50304);
}

TEST(NetworkTraces, Llama2PrefillHasTheWorkOfItsLayersAndVocabulary) {
    const std::uint64_t layer = weight_multiply_adds(4096, 11008, 3, 2048) + attention_multiply_adds(4096, 2048, 2048);
    EXPECT_EQ(multiply_adds(trace("llama2-7b-prefill2048")), 32 * layer + 2048ULL * 4096 * 32000);
}

TEST(NetworkTraces, Llama2DecodeHasTheWorkOfOneTokenPerSequenceWithQueriesPaddedToEight) {
    constexpr std::uint64_t sequences = 16;
    const std::uint64_t layer =
        weight_multiply_adds(4096, 11008, 3, sequences) + sequences * attention_multiply_adds(4096, 8, 2048);
    EXPECT_EQ(multiply_adds(trace("llama2-7b-decode")), 32 * layer + sequences * 4096 * 32000);
}

TEST(NetworkTraces, TransformerWeightsCountThePublishedParameters) {
    // Llama-2-7B has 6,738,415,616 parameters (its model card says 6.7 billion): the pruned layers and the output head
    // are these less the input embedding, 32000 x 4096, and the 65 normalisation vectors of 4096.
    std::uint64_t weights = 0;
    for (const GemmProblem& p : trace("llama2-7b-decode")) {
        if (p.batch == 1) weights += p.m * p.k * p.count;
    }
    EXPECT_EQ(weights, 6738415616ULL - 32000ULL * 4096 - 65ULL * 4096);
}

TEST(NetworkTraces, Resnet50HasTheWorkOfItsConvolutions) {
    constexpr std::uint64_t batch = 32;
    struct Stage {
        std::uint64_t width, blocks, size;
    };
    std::uint64_t work = batch * 112 * 112 * 64 * 147;  // conv1: 7 x 7 x 3 inputs
    std::uint64_t inputs = 64;
    std::uint64_t input_size = 56;
    for (const auto& [width, blocks, size] : {Stage{64, 3, 56}, {128, 4, 28}, {256, 6, 14}, {512, 3, 7}}) {
        for (std::uint64_t block = 0; block < blocks; ++block) {
            work += batch * input_size * input_size * inputs * width;               // 1x1, before the stride
            work += batch * size * size * (9 * width * width + 4 * width * width);  // 3x3 with the stride; 1x1
            if (block == 0) work += batch * size * size * inputs * 4 * width;       // projection of the shortcut
            inputs = 4 * width;
            input_size = size;
        }
    }
    work += batch * 2048 * 1000;
    const std::uint64_t padding = batch * 112 * 112 * 64 * (224 - 147);
    EXPECT_EQ(multiply_adds(trace("resnet50-batch32")), work + padding);
    // The published figure of this variant (torchvision, ResNet50_Weights): 4.09 G multiply-adds per image.
    EXPECT_NEAR(static_cast<double>(work) / batch, 4.09e9, 0.005e9);
}

TEST(NetworkTraces, SquareKSweepVariesKOnly) {
    const auto problems = trace("square-k-sweep");
    ASSERT_EQ(problems.front().k, 512U);
    ASSERT_EQ(problems.back().k, 16384U);
    for (std::size_t i = 0; i < problems.size(); ++i) {
        EXPECT_EQ(problems[i].m, 10240U);
        EXPECT_EQ(problems[i].n, 10240U);
        EXPECT_EQ(problems[i].k, 512U << i);
        EXPECT_EQ(problems[i].sparsity, Sparsity::two_four);
    }
}

}  // namespace
}  // namespace stcsim
