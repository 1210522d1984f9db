// SPDX-License-Identifier: Apache-2.0
// What a shard is told when it is made.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/search/spill.hpp"

namespace sim {
struct ShardOptions {
  std::uint64_t states_expected = 0;
  std::uint64_t frontier_bytes_max = 0;  // In memory, if there is a spill.
  std::size_t chunk_states = 1024;       // A level is read by so many at a time.
  Spill* spill = nullptr;
};
}  // namespace sim
