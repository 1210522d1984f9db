// SPDX-License-Identifier: Apache-2.0
// Watchdog: ends a search that has taken too long, or that the user interrupts.
#pragma once

#include <chrono>
#include <cstdint>

namespace cli {

// Why a search ended before everything was looked at.
enum class Stopped : std::uint8_t { no, states, memory, time, interrupt };

class Watchdog {
 public:
  explicit Watchdog(double seconds);  // From now on; 0: no limit.

  // True from the moment on at which the search has to end.
  bool barks();
  Stopped reason() const { return reason_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool limited_;
  Clock::time_point end_;
  Stopped reason_ = Stopped::no;
};

}  // namespace cli
