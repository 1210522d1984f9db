// SPDX-License-Identifier: Apache-2.0
// A peer is a program of its own, since some engines can run but once in a process. It prints what
// it has measured on one line: nanoseconds, events, sum, bytes for each that is pending.
#pragma once

#include <cstdint>

#include "bench/peers/workload.hpp"

namespace peers {
// What a peer calls in its turn: it has a clock, and asks the allocator.
class Meter {
 public:
  Meter();
  void populated(std::uint32_t pending);  // All that is pending in the beginning is.
  void start(const Tally& tally);         // The warm-up is over.
  void stop(const Tally& tally);
  void print() const;

 private:
  std::uint64_t heap_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t nanoseconds_ = 0;
  Tally at_start_;
  Tally measured_;
};

// Runs the workload until its end.
void run(const Workload& workload, Meter& meter);

// main() of a peer: MODEL PENDING EVENTS. Exit status 2: they are wrong.
int peer_main(int argc, char** argv);
}  // namespace peers
