// SPDX-License-Identifier: Apache-2.0
// SpillFile: a nameless temporary file for states of a search for which memory has no room. It is
// gone when the program ends, however it ends.
#pragma once

#include <mutex>
#include <vector>

#include "sim/search/spill.hpp"

namespace cli {
class SpillFile final : public sim::Spill {
 public:
  SpillFile();
  ~SpillFile() override;

  std::uint64_t write(std::span<const std::byte> block) override;
  void take(std::uint64_t name, std::span<std::byte> block) override;
  void drop(std::uint64_t name) override;

 private:
  int file_ = -1;
  std::mutex mutex_;
  std::vector<std::uint64_t> free_;  // Places of forgotten blocks, which are used again.
  std::uint64_t places_ = 0;
};
}  // namespace cli
