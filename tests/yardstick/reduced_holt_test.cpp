// SPDX-License-Identifier: Apache-2.0
// Reductions of Holt's handles against the whole.
#include "tests/yardstick/reduced.hpp"

namespace yardstick {
namespace {
template <HoltScope... scope>
void check_holt_verdicts() {
  (check_verdicts<HoltHandle<scope>>(10, 4), ...);
}
}  // namespace

TEST_CASE("reductions change no verdict on Holt's handles") {
  check_holt_verdicts<HoltScope{1, 1, 1, 2, 2, 2, 0}, HoltScope{1, 2, 1, 2, 1, 1, 1},
                      HoltScope{2, 1, 1, 2, 1, 1, 0}, HoltScope{1, 1, 2, 2, 1, 1, 1},
                      HoltScope{1, 2, 1, 1, 1, 2, 0}>();
}

TEST_CASE("reductions of Holt's handles leave out no final state") {
  check_ends<HoltHandle<holt_scopes[0]>>();
  check_ends<HoltHandle<holt_scopes[1]>>();
  check_ends<HoltHandle<holt_scopes[2]>>();
}

TEST_CASE("reductions of Holt's handles leave out no deadlock") {
  check_deadlocks<HoltHandle<HoltScope{1, 2, 1, 1, 1, 1, 0}>>();
}

TEST_CASE("nobody waits in the middle of a region of Holt's handles") {
  check_regions<HoltHandle<HoltScope{1, 1, 1, 2, 2, 2, 0}>>(10, 4);
  check_regions<HoltHandle<HoltScope{1, 2, 1, 1, 1, 2, 0}>>(10, 4);
  check_regions<HoltHandle<HoltScope{1, 1, 2, 2, 1, 1, 1}>>(10, 4);
}
}  // namespace yardstick
