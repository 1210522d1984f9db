// SPDX-License-Identifier: Apache-2.0
// Hosts with less memory than their programs want: direct reclaim and kswapd.
#include <doctest/doctest.h>

#include <algorithm>

#include "model/flow/reclaim.hpp"
#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

// Each page gets a value of its own; then all are read.
std::vector<LineId> write_then_read(App& app) {
  for (std::uint32_t i = 0; i < app.pages.count; ++i) app.call(write(app.mm, app.page(i), 100 + i));
  std::vector<LineId> reads;
  for (std::uint32_t i = 0; i < app.pages.count; ++i) {
    reads.push_back(app.call(read(app.mm, app.page(i))));
  }
  return reads;
}

bool all_right(const Run& run, const std::vector<LineId>& reads) {
  for (std::uint32_t i = 0; i < reads.size(); ++i) {
    if (run.result(reads[i]) != Result::value(100 + i)) return false;
  }
  return true;
}

App small_host(std::uint32_t pages, std::uint32_t frames, const RegionSetup& extra = {}) {
  App app(pages, extra);
  app.setup.hosts[0].frames = frames;
  app.setup.hosts[0].slots = 2 * pages;
  return app;
}

TEST_CASE("twenty pages on a host of eight frames all keep their values, by direct reclaim") {
  App app = small_host(20, 8);
  const auto reads = write_then_read(app);
  const Run run(app.setup);
  CHECK(all_right(run, reads));
  CHECK(run.count(EventKind::swap_out) >= 13);
  CHECK(run.count(EventKind::swap_in) >= 13);
  CHECK(run.machine().frames.pool(first_host).allocated <= 8);
}

TEST_CASE("shared memory that does not fit keeps its values as well") {
  App app = small_host(20, 8, {.shared = true});
  const auto reads = write_then_read(app);
  CHECK(all_right(Run(app.setup), reads));
}

TEST_CASE("two threads on a host with two frames to spare both come through") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    App app = small_host(6, 3);
    const std::uint32_t second = app.program(first_host, app.mm);
    std::vector<LineId> reads;
    for (std::uint32_t i = 0; i < 3; ++i) {
      app.call(write(app.mm, app.page(i), 100 + i));
      app.line(second, write(app.mm, app.page(3 + i), 103 + i));
    }
    for (std::uint32_t i = 0; i < 3; ++i) reads.push_back(app.call(read(app.mm, app.page(i))));
    for (std::uint32_t i = 3; i < 6; ++i) {
      reads.push_back(app.line(second, read(app.mm, app.page(i))));
    }
    CHECK(all_right(Run(app.setup, sim::Order::by_time, seed), reads));
  }
}

TEST_CASE("a parent and a child on a small host keep apart what they write") {
  App app = small_host(8, 6);
  const MmId child = app.process();
  const std::uint32_t heir = app.program(first_host, child);
  app.init(app.main, memset(app.mm, app.pages, 1));
  app.init(app.main, fork(app.mm, child));
  std::vector<LineId> theirs;
  for (std::uint32_t i = 0; i < 8; ++i) app.line(heir, write(child, app.page(i), 100 + i));
  for (std::uint32_t i = 0; i < 8; ++i) theirs.push_back(app.line(heir, read(child, app.page(i))));
  for (std::uint32_t i = 0; i < 8; ++i) app.call(write(app.mm, app.page(i), 200 + i));
  std::vector<LineId> ours;
  for (std::uint32_t i = 0; i < 8; ++i) ours.push_back(app.call(read(app.mm, app.page(i))));
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Run run(app.setup, sim::Order::any, seed);
    CHECK(all_right(run, theirs));
    for (std::uint32_t i = 0; i < 8; ++i) CHECK(run.result(ours[i]) == Result::value(200 + i));
  }
}

// ---- kswapd.

constexpr std::uint32_t frames = 1024;

App big_host(std::uint32_t pages) {
  App app = small_host(pages, frames);
  app.call(memset(app.mm, app.pages, 5));
  return app;
}

TEST_CASE("kswapd exists only where the watermarks are above zero") {
  CHECK(low_watermark(64) == 0);
  CHECK(low_watermark(frames) == 8);
  CHECK(high_watermark(frames) == 16);
}

TEST_CASE("kswapd sleeps while as many frames are free as the low watermark says") {
  const App app = big_host(frames - 1 - low_watermark(frames));  // One is the zero page.
  const Run run(app.setup);
  CHECK(run.machine().frames.free_frames(first_host) == low_watermark(frames));
  CHECK(run.count(EventKind::swap_out) == 0);
}

TEST_CASE("kswapd wakes below the low watermark and reclaims up to the high one") {
  const App app = big_host(frames - low_watermark(frames));
  const Run run(app.setup);
  CHECK(run.machine().frames.free_frames(first_host) == high_watermark(frames));
  CHECK(run.count(EventKind::swap_out) > 0);
}

TEST_CASE("a program that wants more than there is goes on while kswapd makes room") {
  App app = small_host(1100, frames);
  const auto reads = write_then_read(app);
  CHECK(all_right(Run(app.setup), reads));
}

TEST_CASE("kswapd that can free nothing comes to rest") {
  App app = big_host(frames - 2);
  app.setup.hosts[0].slots = 0;
  const Run run(app.setup);
  CHECK(run.machine().frames.free_frames(first_host) == 1);
  CHECK(run.count(EventKind::swap_out) == 0);
}

}  // namespace
}  // namespace model::testing
