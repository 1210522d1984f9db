// SPDX-License-Identifier: Apache-2.0
// How far a long search has come, on standard error. The only user of a clock besides the time
// limit: nothing of this reaches a result.
#pragma once

#include <chrono>
#include <string>

#include "cli/options.hpp"

namespace cli {

class Progress {
 public:
  explicit Progress(ProgressStyle style);

  // What is shown from now on is about this; for the first time after a second.
  void begin(std::string what);
  bool due() const;  // Cheap: it is time to show something.
  void show(const std::string& text);
  void end();  // Leaves nothing behind on a terminal.

 private:
  using Clock = std::chrono::steady_clock;

  ProgressStyle style_;
  std::string what_;
  Clock::time_point due_;
  bool shown_ = false;
};

}  // namespace cli
