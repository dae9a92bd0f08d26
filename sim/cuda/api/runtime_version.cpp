#include "cuda/api/call.h"

namespace stcsim {

const std::uint32_t runtime_major_version = STCSIM_RUNTIME_MAJOR;

}  // namespace stcsim
