// SPDX-License-Identifier: Apache-2.0
// The two forms of the interval notifier's protocol: the one of KVM starves the end of an
// invalidation, the one that waits in read_begin does not. SPIN says so too (-DNP -l -f).
#include "bench/yardstick/liveness.hpp"

#include <doctest/doctest.h>

#include <array>

namespace yardstick {
namespace {
constexpr std::array<std::uint64_t, liveness_scopes> states_reading{302, 5'832, 55'807};
constexpr std::array<std::uint64_t, liveness_scopes> states_waiting{184, 3'486, 41'857};

TEST_CASE("a fault that reads the sequence at once can starve the end of an invalidation") {
  for (std::size_t scope = 0; scope < liveness_scopes; ++scope) {
    CAPTURE(scope);
    const Liveness found = look_for_starvation(scope, IntervalBegin::reads);
    CHECK(found.states == states_reading[scope]);
    CHECK(found.cyclic);
    CHECK(found.starves);
    CHECK_FALSE(found.starves_strongly);
    CHECK(found.loop > 0);
  }
}

TEST_CASE("a fault that waits for the end of the invalidation starves nobody") {
  for (std::size_t scope = 0; scope < liveness_scopes; ++scope) {
    CAPTURE(scope);
    const Liveness found = look_for_starvation(scope, IntervalBegin::waits);
    CHECK(found.states == states_waiting[scope]);
    CHECK_FALSE(found.cyclic);
    CHECK_FALSE(found.starves);
  }
}

TEST_CASE("the shortest way to starvation is as long as counted by hand") {
  // An access up to READ_SEQ, GET_PFN; an invalidation up to END; then LOCK, CHECK: the loop is
  // UNLOCK, XLATE, READ_SEQ, GET_PFN, LOCK, CHECK_INSTALL.
  const Liveness found = look_for_starvation(0, IntervalBegin::reads);
  CHECK(found.loop == 6);
}
}  // namespace
}  // namespace yardstick
