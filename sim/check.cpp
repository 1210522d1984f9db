// SPDX-License-Identifier: Apache-2.0
#include "sim/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace sim {
void check_failed(const char* file, int line, const char* function) {
  std::fprintf(stderr, "%s:%d: check failed in %s()\n", file, line, function);
  std::abort();
}
}  // namespace sim
