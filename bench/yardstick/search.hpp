// SPDX-License-Identifier: Apache-2.0
// search(): visits every reachable state of a protocol, breadth first, and counts. It is exact: a
// state is known by all its bytes.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "bench/yardstick/protocol.hpp"
#include "bench/yardstick/result.hpp"
#include "sim/check.hpp"

namespace yardstick {
struct SearchOptions {
  std::uint64_t states_expected = 0;  // Room for so many is made at once; more are welcome.
};

// The states that were found, numbered in the order in which they were. Invariant: a slot is 0 or
// holds the number, from 1, and 32 bits of the hash of a state; the hash's upper bits say where the
// search for the slot begins, and no slot is empty between there and the slot.
template <class State>
class FoundStates {
 public:
  explicit FoundStates(std::uint64_t expected) {
    states_.reserve(expected);
    while (slots_.size() * 3 / 4 <= expected) double_slots();
  }

  std::size_t size() const { return states_.size(); }
  const State& operator[](std::size_t number) const { return states_[number]; }
  std::size_t bytes() const {
    return states_.capacity() * sizeof(State) + slots_.size() * sizeof(std::uint64_t);
  }

  static std::uint32_t hash(const State& state) {
    return static_cast<std::uint32_t>(XXH3_64bits(&state, sizeof(State)) >> 32U);
  }
  void prefetch(std::uint32_t hash) const { __builtin_prefetch(&slots_[home(hash)]); }

  void insert(const State& state, std::uint32_t hash) {
    std::size_t at = home(hash);
    for (; slots_[at] != 0; at = next(at)) {
      const auto number = static_cast<std::uint32_t>(slots_[at]);
      if (slots_[at] >> 32U == hash && states_[number - 1] == state) return;
    }
    states_.push_back(state);
    check(states_.size() < std::numeric_limits<std::uint32_t>::max());
    slots_[at] = std::uint64_t{hash} << 32U | states_.size();
    if (states_.size() > slots_.size() * 3 / 4) double_slots();
  }

 private:
  std::size_t home(std::uint32_t hash) const { return hash >> shift_; }
  std::size_t next(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }

  void double_slots() {
    check(shift_ > 0);
    --shift_;
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    for (const std::uint64_t slot : old) {
      if (slot == 0) continue;
      std::size_t at = home(static_cast<std::uint32_t>(slot >> 32U));
      while (slots_[at] != 0) at = next(at);
      slots_[at] = slot;
    }
  }

  static constexpr unsigned slot_bits = 12;  // At first.
  std::vector<State> states_;
  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(std::size_t{1} << slot_bits);
  unsigned shift_ = 32 - slot_bits;
};

// One search. States are expanded in the order of their numbers, which is that of levels.
template <Protocol P>
class Search {
 public:
  using State = typename P::State;

  Search(const P& protocol, const SearchOptions& options)
      : protocol_(protocol), found_(options.states_expected) {}

  Result run() {
    result_.states_before = result_.violations_last = 0;
    add(protocol_.start());
    insert_added();
    for (std::size_t level = 0; level < found_.size(); ++result_.depth) {
      const std::size_t level_end = found_.size();
      const std::uint64_t violations = result_.violations;
      expand_level(level, level_end);
      if (violations == 0 && result_.violations != 0) {
        result_.steps = result_.depth + 1;
        result_.states_before = level_end;
        result_.violations_last = result_.violations;
      }
      level = level_end;
    }
    --result_.depth;
    result_.states = found_.size();
    result_.bytes_per_state = found_.bytes() / found_.size();
    return result_;
  }

 private:
  struct Added {
    State state;
    std::uint32_t hash;
  };

  // Some states at once, so that memory is on its way while steps are computed.
  void expand_level(std::size_t first, std::size_t end) {
    for (std::size_t number = first; number < end; ++number) {
      expand(found_[number]);
      if (added_.size() >= added_max) insert_added();
    }
    insert_added();
  }

  void expand(const State& state) {
    const std::uint64_t before = result_.transitions;
    const auto visit = [this](const State& next, Outcome outcome) {
      ++result_.transitions;
      if (outcome == Outcome::holds) return add(next);
      ++result_.violations;
    };
    for (std::size_t thread = 0; thread < P::thread_count; ++thread)
      protocol_.move(state, thread, visit);
    if (result_.transitions != before) return;
    ++result_.ends;
    if (!protocol_.may_end(state)) ++result_.deadlocks;
  }

  void add(const State& state) {
    const std::uint32_t hash = found_.hash(state);
    found_.prefetch(hash);
    added_.push_back({state, hash});
  }

  void insert_added() {
    for (const Added& added : added_) found_.insert(added.state, added.hash);
    added_.clear();
  }

  static constexpr std::size_t added_max = 64;

  const P& protocol_;
  FoundStates<State> found_;
  std::vector<Added> added_;
  Result result_;
};

template <Protocol P>
Result search(const P& protocol, const SearchOptions& options = {}) {
  const auto start = std::chrono::steady_clock::now();
  Result result = Search<P>(protocol, options).run();
  const auto taken = std::chrono::steady_clock::now() - start;
  result.seconds = std::chrono::duration<double>(taken).count();
  return result;
}
}  // namespace yardstick
