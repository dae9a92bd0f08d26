#include "cli/version.h"

namespace stcsim {

const char* const version = STCSIM_VERSION;

}  // namespace stcsim
