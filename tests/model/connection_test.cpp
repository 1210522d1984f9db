// SPDX-License-Identifier: Apache-2.0
// Reliable connections: the codes of their timers. What they do is in scenarios/rc.
#include "model/flow/connection.hpp"

#include <doctest/doctest.h>

namespace {

using model::rnr_timer;

TEST_CASE("an RNR NAK's code stands for the time of the specification's table") {
  constexpr sim::Nanoseconds us = 1000;
  CHECK(rnr_timer(0) == 655'360 * us);
  CHECK(rnr_timer(1) == 10 * us);
  CHECK(rnr_timer(12) == 640 * us);
  CHECK(rnr_timer(24) == 40'960 * us);
  CHECK(rnr_timer(31) == 491'520 * us);
}

TEST_CASE("a higher code is a longer time, but for code 0") {
  for (std::uint8_t code = 2; code < 32; ++code) {
    CAPTURE(code);
    CHECK(rnr_timer(code) > rnr_timer(static_cast<std::uint8_t>(code - 1)));
  }
  CHECK(rnr_timer(0) > rnr_timer(31));
}

}  // namespace
