// SPDX-License-Identifier: Apache-2.0
// The hash of a packed state, and what its bits are for.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

namespace sim {
// The states of a search are divided among shards, which know nothing of each other: several
// threads insert without locks, and what a shard holds does not depend on who works faster.
inline constexpr unsigned shard_bits = 4;
inline constexpr std::size_t shard_count = std::size_t{1} << shard_bits;

template <class State>
std::uint64_t hash_of(const State& state) {
  return XXH3_64bits(&state, sizeof(State));
}

constexpr std::size_t shard_of(std::uint64_t hash) { return hash & (shard_count - 1); }

// Where the search for a slot begins, among `slots`: in the order of keys, which are the upper bits
// of hashes. Hence a table grows by
// one pass through it and the new one, and by any factor.
constexpr std::size_t home_of(std::uint32_t key, std::size_t slots) {
  return (key * std::uint64_t{slots}) >> 32U;
}

// Where a state is, or will be if nothing comes in between, in a table of so many slots.
struct Place {
  std::size_t at = 0;
  std::size_t slots = 0;
};

// When two thirds of the slots are taken, there will be 13/10 as many: more than half are taken at
// any time.
constexpr std::size_t slots_for(std::uint64_t states) { return states * 3 / 2 + 8; }
constexpr bool too_full(std::uint64_t states, std::size_t slots) { return states * 3 > slots * 2; }
constexpr std::size_t more_slots(std::size_t slots) { return slots * 13 / 10 + 8; }
}  // namespace sim
