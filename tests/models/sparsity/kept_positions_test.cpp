#include "sparsity/kept_positions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_matrix.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using Bytes = std::vector<std::uint8_t>;

TEST(KeptPositions, AreTheCodesOfSingleElements) {
    EXPECT_EQ(positions_from_codes(f16, Bytes{0, 3, 1, 2}), (Bytes{0, 3, 1, 2}));
    EXPECT_EQ(codes_from_positions(tf32, Bytes{0, 1, 1}), (Bytes{0, 1, 1}));
}

TEST(KeptPositions, OfAPairAreNeighbours) {
    EXPECT_EQ(positions_from_codes(s4, Bytes{0, 3, 1, 2}), (Bytes{0, 1, 6, 7, 2, 3, 4, 5}));
    EXPECT_EQ(codes_from_positions(u4, Bytes{0, 1, 6, 7, 2, 3, 4, 5}), (Bytes{0, 3, 1, 2}));
}

TEST(KeptPositions, ASplitOrTwistedPairIsFound) {
    EXPECT_EQ(find_split_pair(s4, Bytes{0, 1, 6, 7, 2, 3, 4, 6}), 7);
    EXPECT_EQ(find_split_pair(s4, Bytes{0, 1, 7, 6, 2, 3, 4, 5}), 2);
    EXPECT_EQ(find_split_pair(u4, Bytes{0, 1, 6, 7, 2, 3, 4, 5}), std::nullopt);
    EXPECT_EQ(find_split_pair(f16, Bytes{1, 2, 3, 1}), std::nullopt);
}

RC_GTEST_PROP(KeptPositions, GiveBackTheCodes, ()) {
    const CompressedMatrix compressed = compress(prune(any_matrix()));
    const ElementType type = compressed.values.type;
    const Bytes positions = positions_from_codes(type, compressed.codes);
    RC_ASSERT(positions.size() == compressed.values.storage.size());
    RC_ASSERT(codes_from_positions(type, positions) == compressed.codes);
}

}  // namespace
}  // namespace stcsim::testing
