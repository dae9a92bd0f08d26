#include "sm/shared_storage.h"

#include <cstring>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

/// Shared memory whose 16-bit element at byte address 2i is i.
SharedStorage numbered_storage() {
    SharedStorage storage(Bytes(4096));
    std::vector<LaneValues> data(1);
    for (std::uint32_t block = 0; block < 4096 / 128; ++block) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t element = block * 64 + lane * 2;
            data[0][lane] = element | (element + 1) << 16;
        }
        storage.store(strided(4, 4, block * 128ULL), data);
    }
    return storage;
}

TEST(SharedStorage, GivesBackWhatWasStored) {
    for (const std::uint8_t bytes : std::initializer_list<std::uint8_t>{4, 8, 16}) {
        SharedStorage storage(Bytes(1024));
        std::vector<LaneValues> data(bytes / 4U);
        for (std::uint32_t r = 0; r < data.size(); ++r) {
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) data[r][lane] = 1000 * r + lane;
        }
        storage.store(strided(bytes, bytes), data);
        EXPECT_EQ(storage.load(strided(bytes, bytes), bytes / 4U), data);
    }
}

TEST(SharedStorage, LanesThatAreNotActiveNeitherStoreNorLoad) {
    SharedStorage storage(Bytes(128));
    storage.store(strided(4, 4), {LaneValues{}});
    LaneValues ones;
    ones.fill(1);
    storage.store(strided(4, 4, 0, 0x0000FFFF), {ones});
    const auto loaded = storage.load(strided(4, 4), 1);
    EXPECT_EQ(loaded[0][15], 1U);
    EXPECT_EQ(loaded[0][16], 0U);
    EXPECT_EQ(storage.load(strided(4, 4, 0, 0), 1)[0][3], 0U);
}

TEST(SharedStorage, ReadsAsNaNWhereNobodyWrote) {
    const SharedStorage storage(Bytes(128));
    const auto loaded = storage.load(strided(4, 4), 1);
    for (const std::uint32_t word : loaded[0]) EXPECT_EQ(word, 0xFFFFFFFFU);
}

TEST(SharedStorage, AccessesBeyondItsEndBreakAnInvariant) {
    SharedStorage storage(Bytes(128));
    EXPECT_NO_THROW(static_cast<void>(storage.load(strided(4, 4), 1)));
    EXPECT_THROW(static_cast<void>(storage.load(strided(4, 4, 4), 1)), InvariantError);
    EXPECT_THROW(storage.store(strided(4, 4, 4), {LaneValues{}}), InvariantError);
    EXPECT_THROW(static_cast<void>(storage.load_matrices(strided(16, 16), 2, false)), InvariantError);
}

// PTX ISA, "ldmatrix": lane l receives elements 2 (l mod 4) and the next one of row l / 4, transposed of column l / 4.
RC_GTEST_PROP(SharedStorage, LdmatrixGivesEachLaneItsPairOfTheRowsThatTheLanesName, ()) {
    static const SharedStorage storage = numbered_storage();
    LaneOffsets rows{};
    for (std::uint64_t& row : rows) row = *rc::gen::inRange<std::uint64_t>(0, 256) * 16;
    const auto matrices = *rc::gen::element(1U, 2U, 4U);
    const LaneAccess access{.offsets = &rows, .active = all_lanes >> (32 - 8 * matrices), .bytes_per_lane = 16};
    const auto plain = storage.load_matrices(access, matrices, false);
    const auto transposed = storage.load_matrices(access, matrices, true);
    RC_ASSERT(plain.size() == matrices);
    const auto element = [&](std::uint32_t matrix, std::uint32_t row, std::uint32_t column) {
        return static_cast<std::uint32_t>(rows[matrix * 8 + row] / 2 + column);
    };
    for (std::uint32_t matrix = 0; matrix < matrices; ++matrix) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            for (std::uint32_t half = 0; half < 2; ++half) {
                const std::uint32_t pair = lane % 4 * 2 + half;
                RC_ASSERT((plain[matrix][lane] >> (16 * half) & 0xFFFFU) == element(matrix, lane / 4, pair));
                RC_ASSERT((transposed[matrix][lane] >> (16 * half) & 0xFFFFU) == element(matrix, pair, lane / 4));
            }
        }
    }
}

TEST(SharedStorage, AFillCopiesActiveLanesAndZeroesThoseWithoutSource) {
    GlobalValues memory;
    std::vector<std::byte> bytes(512);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i % 251 + 1);
    memory.allocate(0x1000, bytes);
    SharedStorage storage(Bytes(512));
    storage.fill(strided(16, 16, 0, 0x0000FFFF), strided(16, 16, 0x1000, 0x000000FF), memory);
    const auto loaded = storage.load(strided(16, 16), 4);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        std::uint32_t source = 0;
        std::memcpy(&source, &bytes[lane * 16], 4);
        EXPECT_EQ(loaded[0][lane], lane < 8 ? source : lane < 16 ? 0U : 0xFFFFFFFFU) << "lane " << lane;
    }
}

}  // namespace
}  // namespace stcsim::testing
