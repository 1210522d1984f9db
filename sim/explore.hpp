// SPDX-License-Identifier: Apache-2.0
// explore(): tries every answer to every question. Breadth first, so that the first counterexample
// is a shortest one. A complete search is a proof for its start; anything else is not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "sim/check.hpp"
#include "sim/chooser.hpp"
#include "sim/encoding.hpp"
#include "sim/explore_report.hpp"
#include "sim/findings.hpp"
#include "sim/frontier.hpp"
#include "sim/state_graph.hpp"
#include "sim/system.hpp"

namespace sim {
// One search. Invariant: the frontier holds the worlds of the states from next_ on, in order.
template <System W>
class Exploration {
 public:
  using AtFinal = std::function<void(const W&)>;

  Exploration(W start, const ExploreOptions& options, AtFinal at_final)
      : options_(options), at_final_(std::move(at_final)), world_(std::move(start)) {}

  ExploreReport run() {
    arrive({}, {});
    while (goes_on()) expand();
    return report();
  }

 private:
  bool goes_on() {
    if (ended_ != Ended::complete || frontier_.empty()) return false;
    if (next_ == level_end_) start_level();
    if (next_.value % 1024 == 0) poll();
    return ended_ == Ended::complete;
  }

  void start_level() {
    ++depth_;
    level_end_ = State{static_cast<std::uint32_t>(graph_.size())};
    const std::uint64_t wanted = options_.stop_after_broken;
    if (wanted != 0 && (findings_.broken() & wanted) == wanted) ended_ = Ended::found;
  }

  void poll() {
    const Progress progress{.states = graph_.size(),
                            .transitions = graph_.transitions(),
                            .depth = depth_,
                            .frontier = frontier_.size(),
                            .bytes = graph_.bytes() + frontier_bytes()};
    if (options_.bytes_max != 0 && progress.bytes > options_.bytes_max) ended_ = Ended::memory;
    if (options_.stop && options_.stop(progress)) ended_ = Ended::stopped;
  }
  std::size_t frontier_bytes() const {
    return frontier_.capacity() * (sizeof(W) + state_bytes_max_);
  }

  // Tries all answers in the next state.
  void expand() {
    graph_.begin(next_);
    do {
      world_ = frontier_.front();
      if (!world_.step({.chooser = chooser_, .trace = no_trace_})) {
        check(chooser_.answers().empty());  // At rest there is nothing to choose.
        judge();
        break;
      }
      arrive(next_, chooser_.answers());
    } while (ended_ == Ended::complete && chooser_.advance());
    frontier_.pop();
    ++next_.value;
  }

  // The world has come to rest in the state that is being expanded.
  void judge() {
    world_.rest();
    if (at_final_) at_final_(world_);
    graph_.set_broken(next_, world_.broken());
    findings_.note_broken(world_.broken(), next_, depth_);
    findings_.note_final(next_, world_.broken(), world_.witnessed());
  }

  // The world has moved to a state, which may be new.
  void arrive(State from, std::span<const Answer> answers) {
    const Fingerprint found = fingerprint_of_state(world_, encoder_);
    if (full() && !graph_.contains(found)) {
      ended_ = Ended::states;
      return;
    }
    const auto [state, is_new] = graph_.insert(found);
    if (from.some()) graph_.add_transition(state, actor_of(world_));
    if (options_.compare_worlds) compare(state, is_new);
    if (!is_new) return;
    if (from.some()) graph_.set_origin(state, from, answers);
    state_bytes_max_ = std::max(state_bytes_max_, encoder_.bytes().size());
    if (world_.broken() != 0) graph_.set_broken(state, world_.broken());
    findings_.note_broken(world_.broken(), state, from.some() ? depth_ + 1 : 0);
    frontier_.push(world_);
  }

  bool full() const {
    return !graph_.has_room() || (options_.states_max != 0 && graph_.size() >= options_.states_max);
  }

  // Are the fields that == compares those that are encoded?
  void compare(State state, bool is_new) {
    if (!is_new) return check(kept_[state.index()] == world_);
    const std::size_t looked_at = std::min(kept_.size(), compared_max);
    const auto last = kept_.end() - static_cast<std::ptrdiff_t>(looked_at);
    check(std::find(last, kept_.end(), world_) == kept_.end());
    kept_.push_back(world_);
  }

  ExploreReport report() {
    ExploreReport report{.states = graph_.size(), .transitions = graph_.transitions()};
    report.depth = graph_.steps_to(State{static_cast<std::uint32_t>(graph_.size() - 1)});
    report.ended = ended_;
    report.bytes_per_state = graph_.bytes() / graph_.size();
    report.state_bytes_max = state_bytes_max_;
    findings_.write(report, graph_);
    if (options_.keep_fingerprints) {
      report.fingerprints = graph_.fingerprints();
      std::ranges::sort(report.fingerprints);
    }
    if (options_.keep_graph) {
      report.graph = std::make_shared<const StateGraph>(std::move(graph_));
    }
    return report;
  }

  static constexpr std::size_t compared_max = 4096;  // Each new world with so many earlier ones.

  const ExploreOptions& options_;
  AtFinal at_final_;
  W world_;  // Moves; the frontier keeps the worlds to move from.
  Frontier<W> frontier_;
  StateGraph graph_;
  Findings findings_;
  Ended ended_ = Ended::complete;
  State next_{0};       // To be expanded.
  State level_end_{1};  // The first state of the next level.
  std::uint64_t depth_ = 0;
  std::size_t state_bytes_max_ = 0;
  ExhaustiveChooser chooser_;
  NoTrace no_trace_;
  Encoder encoder_;
  std::deque<W> kept_;  // By state, for compare().
};

// `at_final` sees each distinct final state, judged.
template <System W>
ExploreReport explore(const W& start, const ExploreOptions& options,
                      std::function<void(const W&)> at_final = {}) {
  return Exploration<W>(start, options, std::move(at_final)).run();
}
}  // namespace sim
