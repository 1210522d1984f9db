// SPDX-License-Identifier: Apache-2.0
// ExactShard: found states, each known by all its bytes, and numbered in the order in which they
// came, which is that of levels. Invariant: a slot is 0 or holds the number, from 1, and the key of
// a state; no slot is empty between home_of() that key and the slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/search/blocks.hpp"
#include "sim/search/hash.hpp"
#include "sim/search/pages.hpp"
#include "sim/search/shard_options.hpp"

namespace sim {
template <class State>
class ExactShard {
 public:
  using Key = std::uint32_t;  // Of the hash; the rest is not needed.
  static Key key_of(std::uint64_t hash) { return static_cast<Key>(hash >> 32U); }

  explicit ExactShard(const ShardOptions& options) : slots_(slots_for(options.states_expected)) {}

  std::uint64_t size() const { return states_.size(); }
  std::uint64_t bytes_visited() const { return states_.bytes() + slots_.bytes(); }
  std::uint64_t bytes() const { return bytes_visited(); }
  std::uint64_t bytes_spilled() const { return 0; }

  // How a state is inserted, so that memory is on its way while others are: its slot is fetched,
  // then the state that is there and may be the same, then they are compared.
  void prefetch_slot(Key key) const { __builtin_prefetch(&slots_[home_of(key, slots_.size())]); }
  Place prefetch_state(Key key) const {
    std::size_t at = home_of(key, slots_.size());
    while (slots_[at] != 0 && slots_[at] >> 32U != key) at = next(at);
    if (slots_[at] != 0) __builtin_prefetch(&states_[number_in(slots_[at])]);
    return {at, slots_.size()};
  }
  // True if it is new.
  bool insert(const State& state, Key key, Place place) {
    if (place.slots != slots_.size()) place.at = home_of(key, slots_.size());
    const std::size_t at = find_slot(state, key, place.at);
    if (slots_[at] != 0) return false;
    states_.push_back(state);
    check(states_.size() < std::numeric_limits<std::uint32_t>::max());
    slots_[at] = std::uint64_t{key} << 32U | states_.size();
    if (too_full(states_.size(), slots_.size())) grow();
    return true;
  }

  std::optional<std::size_t> find(const State& state, Key key) const {
    const std::uint64_t slot = slots_[find_slot(state, key, home_of(key, slots_.size()))];
    if (slot == 0) return std::nullopt;
    return number_in(slot);
  }
  const State& operator[](std::size_t number) const { return states_[number]; }

  // What came since the last call is the level that is read now.
  void begin_level() { level_ends_.push_back(states_.size()); }
  std::size_t level_size() const { return level_size(level_ends_.size() - 1); }
  std::size_t level_size(std::size_t level) const { return level_ends_[level] - first_of(level); }
  std::size_t first_of(std::size_t level) const { return level == 0 ? 0 : level_ends_[level - 1]; }

  // Calls visit(state) for `count` states of the level from its `first`, each once.
  template <class Visit>
  void read_level(std::size_t first, std::size_t count, Visit&& visit) const {
    first += first_of(level_ends_.size() - 1);
    for (std::size_t i = first; i < first + count; ++i) visit(states_[i]);
  }

 private:
  static std::size_t number_in(std::uint64_t slot) { return static_cast<std::uint32_t>(slot) - 1; }
  std::size_t next(std::size_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }

  // Its own, or the empty one where it would be; it is at `at` or behind.
  std::size_t find_slot(const State& state, Key key, std::size_t at) const {
    for (; slots_[at] != 0; at = next(at)) {
      if (slots_[at] >> 32U != key) continue;
      if (std::memcmp(&states_[number_in(slots_[at])], &state, sizeof(State)) == 0) break;
    }
    return at;
  }

  void grow() {
    Pages<std::uint64_t> old(more_slots(slots_.size()));
    std::swap(old, slots_);
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i] == 0) continue;
      std::size_t at = home_of(static_cast<Key>(old[i] >> 32U), slots_.size());
      while (slots_[at] != 0) at = next(at);
      slots_[at] = old[i];
    }
  }

  Blocks<State> states_;
  Pages<std::uint64_t> slots_;
  std::vector<std::size_t> level_ends_;
};
}  // namespace sim
