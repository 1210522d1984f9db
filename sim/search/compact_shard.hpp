// SPDX-License-Identifier: Apache-2.0
// CompactShard: found states, each known by the 64 bits of its hash. Whole states are kept of two
// levels only: the one that is read, and the next one, which grows. Invariant: a slot is 0 or holds
// the hash of a state, and no slot is empty between home_of() its key and the slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "sim/check.hpp"
#include "sim/search/frontier_blocks.hpp"
#include "sim/search/hash.hpp"
#include "sim/search/pages.hpp"
#include "sim/search/shard_options.hpp"

namespace sim {
template <class State>
class CompactShard {
 public:
  using Key = std::uint64_t;
  static Key key_of(std::uint64_t hash) { return hash == 0 ? shard_count : hash; }

  explicit CompactShard(const ShardOptions& options)
      : chunk_states_(options.chunk_states),
        slots_(slots_for(options.states_expected)),
        level_(options),
        next_(options) {}

  std::uint64_t size() const { return size_; }
  std::uint64_t bytes_visited() const { return slots_.bytes(); }
  std::uint64_t bytes() const { return slots_.bytes() + level_.bytes() + next_.bytes(); }
  std::uint64_t bytes_spilled() const { return level_.bytes_spilled() + next_.bytes_spilled(); }

  void prefetch_slot(Key key) const { __builtin_prefetch(&slots_[home(key)]); }
  Place prefetch_state(Key) const { return {}; }
  bool insert(const State& state, Key key, Place) {
    std::size_t at = home(key);
    for (; slots_[at] != 0; at = next(at))
      if (slots_[at] == key) return false;
    slots_[at] = key;
    next_.push_back(state);
    if (too_full(++size_, slots_.size())) grow();
    return true;
  }

  void begin_level() {
    std::swap(level_, next_);
    next_.clear();
  }
  std::size_t level_size() const { return level_.size(); }

  // A chunk can be read once, and `first` is the first of one.
  template <class Visit>
  void read_level(std::size_t first, std::size_t count, Visit&& visit) {
    check(first % chunk_states_ == 0);
    level_.take(first / chunk_states_, count, visit);
  }

 private:
  std::size_t home(Key key) const {
    return home_of(static_cast<std::uint32_t>(key >> 32U), slots_.size());
  }
  std::size_t next(std::size_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }

  void grow() {
    Pages<std::uint64_t> old(more_slots(slots_.size()));
    std::swap(old, slots_);
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i] == 0) continue;
      std::size_t at = home(old[i]);
      while (slots_[at] != 0) at = next(at);
      slots_[at] = old[i];
    }
  }

  std::size_t chunk_states_;
  std::uint64_t size_ = 0;
  Pages<std::uint64_t> slots_;
  FrontierBlocks<State> level_;
  FrontierBlocks<State> next_;
};
}  // namespace sim
