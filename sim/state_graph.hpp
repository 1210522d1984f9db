// SPDX-License-Identifier: Apache-2.0
// StateGraph: the states that explore has seen, as numbers in the order in which it saw them, with
// the way to each, the transitions between them, and the claims that are broken in each. It holds
// fingerprints, not worlds.
// Invariant: states are expanded in order, so the transitions of one state stand side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sim/chooser.hpp"
#include "sim/encoding.hpp"
#include "sim/id.hpp"
#include "sim/system.hpp"

namespace sim {
using State = Id<struct StateTag>;

// How many paths lead from the start to each state; saturating. A state on or behind a cycle has
// as many as fit.
struct PathCounts {
  std::vector<std::uint64_t> to;
  bool cyclic = false;
};

class StateGraph {
 public:
  static constexpr std::size_t states_max = State::none;

  // The state with this fingerprint; a new one if there is none: then second is true.
  std::pair<State, bool> insert(Fingerprint fingerprint);
  bool contains(Fingerprint fingerprint) const;
  void prefetch(Fingerprint fingerprint) const {
    if (!table_.empty()) __builtin_prefetch(&table_[fingerprint.low & (table_.size() - 1)]);
  }
  // How the newest state was reached first. The start has no origin.
  void set_origin(State state, State from, std::span<const Answer> answers);
  // The transitions that follow leave this state, which is the one after the last.
  void begin(State from);
  void add_transition(State to, ActorId actor = 0);
  // The claims that are broken when this state has been reached, or has turned out to be final.
  void set_broken(State state, std::uint64_t broken);
  // The obligations that are open in the newest state. Kept only if some state has any.
  void set_pending(State state, std::uint64_t pending);

  std::size_t size() const { return fingerprints_.size(); }
  std::uint64_t transitions() const { return targets_.size(); }
  bool has_room() const { return size() < states_max; }
  std::size_t bytes() const;

  // The transitions of a state, in the order of the answers that lead to them; none if it was not
  // expanded.
  std::span<const State> targets_of(State from) const;
  std::span<const ActorId> actors_of(State from) const;
  bool expanded(State state) const { return state.index() < targets_begin_.size(); }
  // A limit came while this state, the last one, was expanded: not all of its transitions are here.
  void cut_short(State state) { cut_ = state; }
  bool is_cut_short(State state) const { return cut_ == state; }
  std::uint64_t broken_in(State state) const { return broken_masks_[broken_[state.index()]]; }
  std::uint64_t pending_in(State state) const {
    return state.index() < pending_.size() ? pending_[state.index()] : 0;
  }

  Path path_to(State state) const;
  std::uint64_t steps_to(State state) const;
  PathCounts count_paths() const;
  const std::vector<Fingerprint>& fingerprints() const { return fingerprints_; }

 private:
  std::size_t find(Fingerprint fingerprint) const;
  void grow_table();
  void add_answer(Answer answer);
  std::pair<std::size_t, std::size_t> transitions_of(State from) const;

  // Slots of 32 bits of a fingerprint and a state. The rest of the fingerprint is compared in
  // fingerprints_.
  struct Slot {
    std::uint32_t tag = 0;
    State state;
  };
  std::vector<Slot> table_;
  std::vector<Fingerprint> fingerprints_;

  std::vector<State> origins_;
  std::vector<std::uint64_t> answers_end_;
  std::vector<std::uint8_t> answers_;  // Seven bits per byte; the last byte of an answer is < 128.

  std::vector<std::uint64_t> targets_begin_;
  std::vector<State> targets_;
  std::vector<ActorId> actors_;  // Of each transition.
  State cut_;                    // Or none.

  std::vector<std::uint16_t> broken_;  // Of each state: which of the masks.
  std::vector<std::uint64_t> broken_masks_ = {0};
  std::vector<std::uint64_t> pending_;  // Of each state; those after the last have none.
};
}  // namespace sim
