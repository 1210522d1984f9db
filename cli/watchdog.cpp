// SPDX-License-Identifier: Apache-2.0
#include "cli/watchdog.hpp"

#include "cli/interrupt.hpp"

namespace cli {

Watchdog::Watchdog(double seconds)
    : limited_(seconds > 0),
      end_(Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}

bool Watchdog::barks() {
  if (reason_ != Stopped::no) return true;
  if (interrupted() || abandoned()) {
    reason_ = Stopped::interrupt;
  } else if (limited_ && Clock::now() >= end_) {
    reason_ = Stopped::time;
  }
  return reason_ != Stopped::no;
}

}  // namespace cli
