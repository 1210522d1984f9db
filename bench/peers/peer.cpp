// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer.hpp"

#include <malloc.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

namespace peers {
namespace {
// Of the process alone: others may use the machine meanwhile.
std::uint64_t processor_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
}  // namespace

Meter::Meter() : heap_(heap_in_use()) {}

void Meter::populated(std::uint32_t pending) { bytes_ = (heap_in_use() - heap_) / pending; }

void Meter::start(const Tally& tally) {
  at_start_ = tally;
  CALLGRIND_START_INSTRUMENTATION;
  nanoseconds_ = processor_time();
}

void Meter::stop(const Tally& tally) {
  nanoseconds_ = processor_time() - nanoseconds_;
  CALLGRIND_STOP_INSTRUMENTATION;
  measured_ = {.sum = tally.sum - at_start_.sum, .events = tally.events - at_start_.events};
}

void Meter::print() const {
  std::printf("%" PRIu64 " %" PRIu64 " %" PRIx64 " %" PRIu64 "\n", nanoseconds_, measured_.events,
              measured_.sum, bytes_);
}

int peer_main(int argc, char** argv) {
  Workload workload;
  if (argc == 4) {
    workload.pending = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
    workload.events = std::strtoull(argv[3], nullptr, 10);
  }
  if (argc != 4 || !parse_model(argv[1], workload.model) || workload.pending == 0) {
    std::fprintf(stderr, "usage: %s hold|wire|phold|timeout PENDING EVENTS\n", argv[0]);
    return 2;
  }
  Meter meter;
  run(workload, meter);
  meter.print();
  return 0;
}
}  // namespace peers
