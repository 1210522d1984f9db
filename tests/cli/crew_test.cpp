// SPDX-License-Identifier: Apache-2.0
// The threads and the file that a search is lent.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <vector>

#include "cli/spill_file.hpp"
#include "cli/thread_crew.hpp"

namespace cli {
namespace {
std::vector<std::byte> block(std::byte filled) { return std::vector<std::byte>(1'000, filled); }
}  // namespace

TEST_CASE("a crew of any size does each task once, again and again") {
  for (std::size_t threads = 1; threads <= 4; ++threads) {
    ThreadCrew crew(threads);
    std::array<std::atomic<int>, 100> done{};
    for (int round = 0; round < 50; ++round) {
      crew.run(done.size(), [&](std::size_t i) { ++done[i]; });
      for (const auto& each : done) CHECK(each == round + 1);
    }
    crew.run(0, [&](std::size_t) { CHECK(false); });
  }
}

TEST_CASE("what went to the file comes back, in any order, and its place is used again") {
  SpillFile file;
  const std::uint64_t first = file.write(block(std::byte{1}));
  const std::uint64_t second = file.write(block(std::byte{2}));
  CHECK(first != second);
  std::vector<std::byte> read(1'000);
  file.take(second, read);
  CHECK(read == block(std::byte{2}));
  CHECK(file.write(block(std::byte{3})) == second);
  file.take(first, read);
  CHECK(read == block(std::byte{1}));
  file.drop(second);
  CHECK(file.write(block(std::byte{4})) == second);
}
}  // namespace cli
