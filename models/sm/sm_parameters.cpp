#include "sm/sm_parameters.h"

#include "base/error.h"

namespace stcsim {

const ArithmeticUnitParameters& WarpSchedulerParameters::unit(ArithmeticUnit which) const {
    switch (which) {
        case ArithmeticUnit::integer: return integer;
        case ArithmeticUnit::float32: return float32;
        case ArithmeticUnit::half: return half;
        case ArithmeticUnit::float64: return float64;
        case ArithmeticUnit::conversion: return conversion;
        case ArithmeticUnit::special: return special;
        case ArithmeticUnit::exchange: return exchange;
        case ArithmeticUnit::any: break;
    }
    STCSIM_ASSERT(which != ArithmeticUnit::any);
    return integer;
}

}  // namespace stcsim
