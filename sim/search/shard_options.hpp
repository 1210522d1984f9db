// SPDX-License-Identifier: Apache-2.0
// What a shard is told when it is made.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/search/spill.hpp"

namespace sim {
// A level is read by so many states of a shard at a time, which is a task of the crew.
inline constexpr std::size_t chunk_states = 1024;

struct ShardOptions {
  std::uint64_t states_expected = 0;
  std::uint64_t frontier_bytes_max = 0;  // In memory, if there is a spill.
  Spill* spill = nullptr;
};
}  // namespace sim
