// SPDX-License-Identifier: Apache-2.0
#include "sim/state_graph.hpp"

#include <algorithm>
#include <limits>

#include "sim/check.hpp"

namespace sim {
namespace {
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

template <class T>
std::size_t bytes_of(const std::vector<T>& pool) {
  return pool.size() * sizeof(T);  // Memory that is reserved but was never touched costs nothing.
}

State state_of(std::size_t index) { return State{static_cast<std::uint32_t>(index)}; }
}  // namespace

// ---- The set of states: open addressing, at most three quarters full.

// Where the fingerprint is, or else the free slot where it belongs.
std::size_t StateGraph::find(Fingerprint fingerprint) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = static_cast<std::size_t>(fingerprint.low) & mask;
  const auto tag = static_cast<std::uint32_t>(fingerprint.high);
  for (; table_[at].state.some(); at = (at + 1) & mask)
    if (table_[at].tag == tag && fingerprints_[table_[at].state.index()] == fingerprint) break;
  return at;
}

void StateGraph::grow_table() {
  table_.assign(std::max<std::size_t>(1024, 2 * table_.size()), Slot{});
  for (std::size_t i = 0; i < fingerprints_.size(); ++i) {
    const auto tag = static_cast<std::uint32_t>(fingerprints_[i].high);
    table_[find(fingerprints_[i])] = {.tag = tag, .state = state_of(i)};
  }
}

std::pair<State, bool> StateGraph::insert(Fingerprint fingerprint) {
  if (4 * size() >= 3 * table_.size()) grow_table();
  Slot& slot = table_[find(fingerprint)];
  if (slot.state.some()) return {slot.state, false};
  check(has_room());
  slot = {.tag = static_cast<std::uint32_t>(fingerprint.high), .state = state_of(size())};
  fingerprints_.push_back(fingerprint);
  origins_.push_back(State{});
  answers_end_.push_back(answers_.size());
  broken_.push_back(0);
  return {slot.state, true};
}

bool StateGraph::contains(Fingerprint fingerprint) const {
  return !table_.empty() && table_[find(fingerprint)].state.some();
}

// ---- The way to each state.

void StateGraph::add_answer(Answer answer) {
  for (; answer >= 128; answer >>= 7)
    answers_.push_back(static_cast<std::uint8_t>(128 | (answer & 127)));
  answers_.push_back(static_cast<std::uint8_t>(answer));
}

void StateGraph::set_origin(State state, State from, std::span<const Answer> answers) {
  check(state.index() + 1 == size());
  origins_.back() = from;
  for (const Answer answer : answers) add_answer(answer);
  answers_end_.back() = answers_.size();
}

std::uint64_t StateGraph::steps_to(State state) const {
  std::uint64_t steps = 0;
  for (; origins_[state.index()].some(); state = origins_[state.index()]) ++steps;
  return steps;
}

Path StateGraph::path_to(State state) const {
  Path backwards;
  for (; state.some(); state = origins_[state.index()]) {
    const std::uint64_t begin = state.index() == 0 ? 0 : answers_end_[state.index() - 1];
    Answer answer = 0;
    for (std::uint64_t i = answers_end_[state.index()]; i > begin; --i) {
      const std::uint8_t byte = answers_[i - 1];
      answer = byte < 128 ? byte : (answer << 7) | (byte & 127U);
      const bool first_byte = i - 1 == begin || answers_[i - 2] < 128;
      if (first_byte) backwards.push_back(answer);
    }
  }
  std::ranges::reverse(backwards);
  return backwards;
}

// ---- The transitions.

void StateGraph::begin(State from) {
  check(from.index() == targets_begin_.size());
  targets_begin_.push_back(targets_.size());
}

void StateGraph::add_transition(State to, ActorId actor) {
  targets_.push_back(to);
  actors_.push_back(actor);
}

// Where they begin, and how many there are.
std::pair<std::size_t, std::size_t> StateGraph::transitions_of(State from) const {
  const std::size_t i = from.index();
  if (!expanded(from)) return {0, 0};
  const std::uint64_t begin = targets_begin_[i];
  const bool last = i + 1 == targets_begin_.size();
  const std::uint64_t end = last ? targets_.size() : targets_begin_[i + 1];
  return {begin, end - begin};
}

std::span<const State> StateGraph::targets_of(State from) const {
  const auto [begin, count] = transitions_of(from);
  return std::span(targets_).subspan(begin, count);
}

std::span<const ActorId> StateGraph::actors_of(State from) const {
  const auto [begin, count] = transitions_of(from);
  return std::span(actors_).subspan(begin, count);
}

// ---- What is broken. There are few different masks.

void StateGraph::set_broken(State state, std::uint64_t broken) {
  auto found = std::ranges::find(broken_masks_, broken);
  if (found == broken_masks_.end()) found = broken_masks_.insert(found, broken);
  const auto number = found - broken_masks_.begin();
  check(number <= std::numeric_limits<std::uint16_t>::max());
  broken_[state.index()] = static_cast<std::uint16_t>(number);
}

void StateGraph::set_pending(State state, std::uint64_t pending) {
  if (pending == 0) return;
  pending_.resize(state.index() + 1, 0);
  pending_.back() = pending;
}

std::size_t StateGraph::bytes() const {
  return bytes_of(table_) + bytes_of(fingerprints_) + bytes_of(origins_) + bytes_of(answers_end_) +
         bytes_of(answers_) + bytes_of(targets_begin_) + bytes_of(targets_) + bytes_of(actors_) +
         bytes_of(broken_) + bytes_of(pending_);
}

// Visits states in topological order (Kahn): each after all from which a transition leads to it.
PathCounts StateGraph::count_paths() const {
  std::vector<std::uint64_t> open(size());  // Transitions that were not followed yet.
  for (const State to : targets_) ++open[to.index()];
  PathCounts counts{.to = std::vector<std::uint64_t>(size(), 0)};
  std::vector<State> next;
  if (size() > 0 && open[0] == 0) next.push_back(State{0});
  if (size() > 0) counts.to[0] = 1;
  std::size_t visited = 0;
  for (; !next.empty(); ++visited) {
    const State from = next.back();
    next.pop_back();
    const std::uint64_t paths = counts.to[from.index()];
    for (const State to : targets_of(from)) {
      std::uint64_t& sum = counts.to[to.index()];
      sum = sum > most - paths ? most : sum + paths;
      if (--open[to.index()] == 0) next.push_back(to);
    }
  }
  counts.cyclic = visited < size();
  for (std::size_t i = 0; i < size(); ++i)
    if (open[i] > 0) counts.to[i] = most;
  return counts;
}
}  // namespace sim
