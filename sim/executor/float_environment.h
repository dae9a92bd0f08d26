/// The floating-point environment that the executor computes in.
#pragma once

#include <cfenv>

namespace stcsim {

/// Round to nearest, subnormals kept, for as long as this lives: a program whose kernels are run may have set something
/// else in its own thread.
class DefaultFloatEnvironment {
  public:
    DefaultFloatEnvironment() {
        std::fegetenv(&before_);
        std::fesetenv(FE_DFL_ENV);
    }
    ~DefaultFloatEnvironment() { std::fesetenv(&before_); }
    DefaultFloatEnvironment(const DefaultFloatEnvironment&) = delete;
    DefaultFloatEnvironment& operator=(const DefaultFloatEnvironment&) = delete;

  private:
    std::fenv_t before_{};
};

}  // namespace stcsim
