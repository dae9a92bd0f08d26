#include "sparsity/kept_positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_matrix.h"
#include "base/error.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

TEST(KeptPositions, AreTheCodesOfSingleElements) {
    EXPECT_EQ(positions_from_codes(f16, Bytes{0, 3, 1, 2}), (Bytes{0, 3, 1, 2}));
    EXPECT_EQ(codes_from_positions(tf32, Bytes{0, 1, 1}, 3), (Bytes{0, 1, 1}));
}

TEST(KeptPositions, OfAPairAreNeighbours) {
    EXPECT_EQ(positions_from_codes(s4, Bytes{0, 3, 1, 2}), (Bytes{0, 1, 6, 7, 2, 3, 4, 5}));
    EXPECT_EQ(codes_from_positions(u4, Bytes{0, 1, 6, 7, 2, 3, 4, 5}, 4), (Bytes{0, 3, 1, 2}));
}

TEST(KeptPositions, AHalfOrTwistedPairIsRefusedWithItsPlace) {
    for (const Bytes& positions : {Bytes{0, 1, 6, 7, 2, 3, 4, 6}, Bytes{0, 1, 6, 7, 2, 3, 5, 4}}) {
        try {
            codes_from_positions(s4, positions, 4);
            FAIL() << "accepted";
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("stored element [1, "));
        }
    }
}

RC_GTEST_PROP(KeptPositions, GiveBackTheCodes, ()) {
    const CompressedMatrix compressed = compress(prune(any_matrix()));
    const ElementType type = compressed.values.type;
    const Bytes positions = positions_from_codes(type, compressed.codes);
    RC_ASSERT(positions.size() == compressed.values.storage.size());
    RC_ASSERT(codes_from_positions(type, positions, compressed.values.columns) == compressed.codes);
}

}  // namespace
}  // namespace stcsim::testing
