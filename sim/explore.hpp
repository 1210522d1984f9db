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
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/crew.hpp"
#include "sim/expansion.hpp"
#include "sim/explore_report.hpp"
#include "sim/findings.hpp"
#include "sim/frontier.hpp"
#include "sim/state_graph.hpp"
#include "sim/system.hpp"

namespace sim {
// One search. States are expanded some at a time, by whoever is in the crew, and what was
// found is taken in in their order: the result does not depend on the crew.
// Invariant: the frontier holds the states from the last one that was handed out on, in order.
template <System W>
class Exploration {
 public:
  using AtFinal = std::function<void(const W&)>;

  Exploration(const W& start, const ExploreOptions& options, AtFinal at_final)
      : options_(options), at_final_(std::move(at_final)), keeper_(parts_, start, wanted(start)) {}

  ExploreReport run() {
    begin();
    hand_out();
    while (!(pieces_.empty() && found_.empty()) && ended_ == Ended::complete) {
      work();
      std::swap(pieces_, found_);
      hand_out();
    }
    return report();
  }

 private:
  using Numbers = typename Parts<W>::Numbers;
  using Step = typename Expansion<W>::Step;
  using Source = typename Expansion<W>::Source;

  struct Piece {
    WorldExpander<W> expander;
    std::vector<Numbers> sources{};
    Expansion<W> expansion{};
  };

  static constexpr std::size_t piece_states = 64;
  static constexpr std::size_t pieces_max = 16;

  ExpandOptions wanted(const W& start) const {
    const bool everywhere =
        options_.keep_fingerprints || options_.compare_worlds || takes_alike_for_one(start);
    return {.identity = everywhere ? Identity::fingerprint : Identity::parts,
            .keep_worlds = options_.compare_worlds,
            .keep_pending = options_.keep_graph};
  }

  void begin() {
    const W& start = keeper_.world();
    graph_.insert(keeper_.fingerprint_here());
    if (start.broken() != 0) graph_.set_broken(State{0}, start.broken());
    if (options_.keep_graph) graph_.set_pending(State{0}, pending_in(start));
    findings_.note_broken(start.broken(), State{0}, 0);
    if (options_.compare_worlds) compare(State{0}, true, start, keeper_.numbers());
    frontier_.push(keeper_.numbers());
  }

  // Takes the next states from the frontier.
  void hand_out() {
    for (std::size_t count = 0; count < pieces_max && !frontier_.empty(); ++count) {
      if (spare_.empty()) spare_.push_back(std::make_unique<Piece>(Piece{keeper_}));
      pieces_.push_back(std::move(spare_.back()));
      spare_.pop_back();
      for (std::size_t i = 0; i < piece_states && !frontier_.empty(); ++i) {
        pieces_.back()->sources.push_back(frontier_.front());
        frontier_.pop();
      }
    }
  }

  // Expands these states, and takes in what the last ones have led to.
  void work() {
    const auto task = [this](std::size_t number) {
      if (number == 0) return take_in();
      Piece& piece = *pieces_[number - 1];
      for (const Numbers& source : piece.sources) piece.expander.expand(source, piece.expansion);
    };
    const bool worth_sharing = pieces_.size() + found_.size() > 1 && options_.crew != nullptr;
    Crew& crew = worth_sharing ? *options_.crew : lone_worker_;
    crew.run(pieces_.size() + 1, task);
  }

  void take_in() {
    for (auto& piece : found_) {
      if (ended_ == Ended::complete) take_in(piece->expansion);
      piece->sources.clear();
      piece->expansion.clear();
      spare_.push_back(std::move(piece));
    }
    found_.clear();
  }

  void take_in(const Expansion<W>& expansion) {
    std::size_t step = 0;
    for (const Source& source : expansion.sources) {
      if (!goes_on()) return;
      graph_.begin(next_);
      if (source.at_rest) judge(source);
      for (; step < source.steps_end && ended_ == Ended::complete; ++step) {
        prefetch(expansion, step + prefetched_ahead);
        arrive(expansion, step);
      }
      if (ended_ == Ended::states) graph_.cut_short(next_);
      ++next_.value;
    }
  }
  void prefetch(const Expansion<W>& expansion, std::size_t step) const {
    if (step < expansion.steps.size()) graph_.prefetch(expansion.steps[step].fingerprint);
  }

  bool goes_on() {
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
                            .frontier = graph_.size() - next_.index(),
                            .bytes = graph_.bytes() + frontier_.bytes() + parts_.bytes()};
    if (options_.bytes_max != 0 && progress.bytes > options_.bytes_max) ended_ = Ended::memory;
    if (options_.stop && options_.stop(progress)) ended_ = Ended::stopped;
  }

  // A world has come to rest in the state that is being expanded.
  void judge(const Source& source) {
    if (at_final_) at_final_(keeper_.go_to_rest(source.from));
    graph_.set_broken(next_, source.broken);
    findings_.note_broken(source.broken, next_, depth_);
    findings_.note_final(next_, source.broken, source.witnessed);
  }

  // A world has moved to a state, which may be new.
  void arrive(const Expansion<W>& expansion, std::size_t number) {
    const Step& step = expansion.steps[number];
    if (full() && !graph_.contains(step.fingerprint)) {
      ended_ = Ended::states;
      return;
    }
    const auto [state, is_new] = graph_.insert(step.fingerprint);
    graph_.add_transition(state, step.actor);
    if (options_.compare_worlds) compare(state, is_new, expansion.worlds[number], step.to);
    if (!is_new) return;
    graph_.set_origin(state, next_, expansion.answers_of(number));
    if (step.broken != 0) graph_.set_broken(state, step.broken);
    if (options_.keep_graph) graph_.set_pending(state, step.pending);
    findings_.note_broken(step.broken, state, depth_ + 1);
    frontier_.push(step.to);
  }

  bool full() const {
    return !graph_.has_room() || (options_.states_max != 0 && graph_.size() >= options_.states_max);
  }

  // Do the fields that == compares, those that are encoded and the parts tell the same worlds
  // apart?
  void compare(State state, bool is_new, const W& world, const Numbers& numbers) {
    if (!is_new) {
      check(kept_[state.index()] == world);
      return check(kept_numbers_[state.index()] == numbers);
    }
    const std::size_t looked_at = std::min(kept_.size(), compared_max);
    const auto last = static_cast<std::ptrdiff_t>(kept_.size() - looked_at);
    check(std::find(kept_.begin() + last, kept_.end(), world) == kept_.end());
    check(std::find(kept_numbers_.begin() + last, kept_numbers_.end(), numbers) ==
          kept_numbers_.end());
    kept_.push_back(world);
    kept_numbers_.push_back(numbers);
    W copy = kept_.front();
    Numbers now = kept_numbers_.front();
    parts_.load(copy, now, numbers);
    check(copy == world);
  }

  ExploreReport report() {
    ExploreReport report{.states = graph_.size(), .transitions = graph_.transitions()};
    report.depth = graph_.steps_to(State{static_cast<std::uint32_t>(graph_.size() - 1)});
    report.ended = ended_;
    report.bytes_per_state = graph_.bytes() / graph_.size();
    report.state_bytes = sizeof(Numbers);
    report.part_bytes = parts_.bytes();
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
  static constexpr std::size_t prefetched_ahead = 8;

  const ExploreOptions& options_;
  AtFinal at_final_;
  Parts<W> parts_;
  WorldExpander<W> keeper_;  // Looks at states that are taken in.
  LoneWorker lone_worker_;
  Frontier<Numbers> frontier_;
  StateGraph graph_;
  Findings findings_;
  Ended ended_ = Ended::complete;
  State next_{0};       // To be taken in.
  State level_end_{1};  // The first state of the next level.
  std::uint64_t depth_ = 0;
  std::vector<std::unique_ptr<Piece>> pieces_;  // That are to be expanded,
  std::vector<std::unique_ptr<Piece>> found_;   // that were,
  std::vector<std::unique_ptr<Piece>> spare_;   // and others.
  std::deque<W> kept_;                          // By state, for compare().
  std::deque<Numbers> kept_numbers_;
};

// `at_final` sees each distinct final state, judged.
template <System W>
ExploreReport explore(const W& start, const ExploreOptions& options,
                      std::function<void(const W&)> at_final = {}) {
  return Exploration<W>(start, options, std::move(at_final)).run();
}
}  // namespace sim
