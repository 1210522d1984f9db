// SPDX-License-Identifier: Apache-2.0
#include "cli/swarm.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <limits>
#include <map>
#include <thread>

#include "cli/layout.hpp"
#include "cli/packet.hpp"
#include "cli/ranks.hpp"
#include "sim/pct_chooser.hpp"
#include "sim/simulate.hpp"

namespace cli {
namespace {

using language::RunMode;

constexpr std::uint64_t most_steps = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t steps_between_looks = 4096;
constexpr std::uint64_t runs_at_once = 256;  // Then all ranks tell rank 0.
// `pct` without `bound`: neither lot nor any depth finds every kind of bug well.
constexpr std::uint32_t depths_in_turn = 4;

// Makes one run after the other.
class Maker {
 public:
  Maker(const Case& what, const Options& options, const model::World& start,
        const Watchdog& watchdog, std::uint64_t steps_expected)
      : what_(what),
        options_(options),
        start_(start),
        watchdog_(watchdog),
        steps_expected_(steps_expected) {}

  // Needs: higher numbers each time.
  RunFacts make(std::uint64_t number) {
    facts_ = {};
    const std::uint64_t seed = options_.seed + number;
    const std::uint32_t depth = depth_of(number);
    if (depth == 0) {
      sim::SeededChooser chooser(seed);
      run(chooser);
      facts_.path = chooser.answers();
    } else {
      sim::PctChooser chooser(seed, {.depth = depth, .steps = steps_expected_});
      run(chooser);
      facts_.path = chooser.answers();
      facts_.lanes = chooser.lanes();
    }
    if (!worth_showing()) facts_.path = {};
    return std::move(facts_);
  }

 private:
  // A sample shows the first of the shortest runs that break a claim, or end in a certain way. A
  // run that is no shorter than those before it in any of these is not shown, and its path may be
  // long.
  bool worth_showing() {
    bool worth = false;
    const auto compare = [&](std::uint64_t& shortest) {
      if (facts_.steps < shortest) worth = true;
      shortest = std::min(shortest, facts_.steps);
    };
    for (std::uint64_t broken = facts_.broken; broken != 0; broken &= broken - 1) {
      const auto claim = static_cast<std::uint64_t>(std::countr_zero(broken));
      compare(shortest_broken_.try_emplace(claim, most_steps).first->second);
    }
    const std::pair kind(facts_.broken, facts_.witnessed);
    if (facts_.at_rest) compare(shortest_final_.try_emplace(kind, most_steps).first->second);
    return worth;
  }

  // 0: by lot.
  std::uint32_t depth_of(std::uint64_t number) const {
    if (what_.cell->mode != RunMode::pct) return 0;
    if (what_.cell->depth != 0) return what_.cell->depth;
    return static_cast<std::uint32_t>(number % (depths_in_turn + 1));
  }

  void run(sim::Chooser& chooser) {
    const std::uint64_t steps_max = options_.limits.steps == 0 ? most_steps : options_.limits.steps;
    if (watchdog_.barks()) facts_.stopped = watchdog_.reason();
    model::World world = start_;
    note_state(world);
    while (facts_.stopped == Stopped::no && step(world, chooser)) {
      ++facts_.steps;
      note_state(world);
      if (facts_.steps == steps_max) facts_.stopped = Stopped::states;
      if (facts_.steps % steps_between_looks == 0 && watchdog_.barks()) {
        facts_.stopped = watchdog_.reason();
      }
    }
    if (facts_.stopped == Stopped::no) rest(world);
    facts_.broken = world.broken();
    facts_.witnessed = world.witnessed();
  }

  bool step(model::World& world, sim::Chooser& chooser) {
    if (options_.coverage) return probe_.step(world, chooser);
    return world.step({.chooser = chooser, .trace = no_trace_});
  }

  void rest(model::World& world) {
    world.rest();
    facts_.at_rest = true;
    facts_.final = fingerprint_of(world);
    for (const language::Question& question : what_.cell->questions) {
      facts_.values.emplace_back();
      if (question.kind != language::Question::Kind::value) continue;
      facts_.values.back() = model::evaluate(question.expression, world.machine());
    }
  }

  // Costs more than the steps themselves, and so is done on request.
  void note_state(const model::World& world) {
    if (!options_.coverage && options_.verbosity != Verbosity::verbose) return;
    if (seen_.size() == Sample::states_max) {
      facts_.more_states = true;
      return;
    }
    const sim::Fingerprint state = fingerprint_of(world);
    if (seen_.insert(state).second) facts_.states.push_back(state);
  }

  sim::Fingerprint fingerprint_of(const model::World& world) {
    encoder_.clear();
    world.encode(encoder_);
    return sim::fingerprint(encoder_.bytes());
  }

  const Case& what_;
  const Options& options_;
  const model::World& start_;
  Watchdog watchdog_;
  std::uint64_t steps_expected_;
  RunFacts facts_;
  Probe probe_{facts_.coverage};
  Fingerprints seen_;
  std::map<std::uint64_t, std::uint64_t> shortest_broken_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> shortest_final_;
  sim::Encoder encoder_;
  sim::NoTrace no_trace_;
};

// The longest of a few runs that are not part of the sample: by lot, and then by priorities, under
// which runs may be longer.
std::uint64_t expected_steps(const model::World& start, std::uint64_t seed) {
  constexpr std::uint64_t tries = 32;
  constexpr std::uint64_t steps_max = 100'000;
  std::uint64_t longest = 1;
  const auto try_out = [&](sim::Chooser& chooser) {
    model::World world = start;
    sim::NoTrace no_trace;
    const sim::Run run = sim::simulate(world, {.chooser = chooser, .trace = no_trace}, steps_max);
    longest = std::max(longest, run.steps);
  };
  for (std::uint64_t i = 0; i < tries; ++i) {
    sim::SeededChooser chooser(seed + i, sim::SeededChooser::Keep::none);
    try_out(chooser);
  }
  for (std::uint64_t i = 0; i < tries; ++i) {
    const auto depth = static_cast<std::uint32_t>(1 + i % depths_in_turn);
    sim::PctChooser chooser(seed + i, {.depth = depth, .steps = longest});
    try_out(chooser);
  }
  return longest;
}

// ---- Between ranks.

void put(PacketWriter& packet, const RunFacts& run) {
  packet.put(run.stopped);
  packet.put(run.at_rest);
  packet.put(run.steps);
  packet.put(run.lanes);
  packet.put(run.broken);
  packet.put(run.witnessed);
  packet.put(run.final);
  packet.put_all(run.path);
  packet.put_all(run.states);
  packet.put(run.more_states);
  packet.put_all(run.values);
  packet.put_all(run.coverage.steps);
  packet.put_all(run.coverage.taken);
  packet.put_all(run.coverage.stood);
  packet.put_all(run.coverage.meeting);
  packet.put_all(run.coverage.calls);
  packet.put(run.coverage.rules);
}

RunFacts get_run(PacketReader& packet) {
  RunFacts run;
  packet.get(run.stopped);
  packet.get(run.at_rest);
  packet.get(run.steps);
  packet.get(run.lanes);
  packet.get(run.broken);
  packet.get(run.witnessed);
  packet.get(run.final);
  packet.get_all(run.path);
  packet.get_all(run.states);
  packet.get(run.more_states);
  packet.get_all(run.values);
  packet.get_all(run.coverage.steps);
  packet.get_all(run.coverage.taken);
  packet.get_all(run.coverage.stood);
  packet.get_all(run.coverage.meeting);
  packet.get_all(run.coverage.calls);
  packet.get(run.coverage.rules);
  return run;
}

// The runs of all ranks, at rank 0: rank r has made each rank_count()-th one, from the r-th on.
std::vector<RunFacts> collect(std::vector<RunFacts> own) {
  const unsigned ranks = rank_count();
  if (ranks == 1) return own;
  PacketWriter packet;
  for (const RunFacts& run : own) put(packet, run);
  const std::vector<std::string> packets = gather(packet.take());
  if (own_rank() != 0) return {};
  std::vector<PacketReader> readers(packets.begin(), packets.end());
  std::vector<RunFacts> all;
  while (!readers[all.size() % ranks].empty()) all.push_back(get_run(readers[all.size() % ranks]));
  return all;
}

class Swarm {
 public:
  Swarm(const Case& what, const Options& options, Progress& progress)
      : what_(what),
        progress_(progress),
        start_(what.setup(), sim::Order::any),
        sample_(what.cell->questions.size()) {
    if (what.cell->mode == RunMode::pct) steps_expected_ = expected_steps(start_, options.seed);
    const Watchdog watchdog(options.limits.seconds);
    for (std::uint64_t i = 0; i < std::max<std::uint64_t>(options.swarm, 1); ++i) {
      makers_.emplace_back(what, options, start_, watchdog, steps_expected_);
    }
  }

  Sampled run() {
    std::uint64_t next = 0;
    bool more = next < what_.cell->runs;
    while (more) {
      const std::uint64_t end = next + std::min(runs_at_once, what_.cell->runs - next);
      const std::vector<RunFacts> runs = collect(make(next, end));
      const bool all_added =
          std::ranges::all_of(runs, [&](const RunFacts& run) { return sample_.add(run); });
      next = end;
      more = as_rank_0_says(all_added) && next < what_.cell->runs;
      if (progress_.due()) progress_.show(counted(sample_.runs(), "run"));
    }
    return {.sample = std::move(sample_), .steps_expected = steps_expected_};
  }

 private:
  // The share of this rank in the runs from `begin` to before `end`.
  std::vector<RunFacts> make(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t first = begin + own_rank();
    const std::uint64_t count = first < end ? (end - first + rank_count() - 1) / rank_count() : 0;
    std::vector<RunFacts> runs(count);
    std::atomic<std::uint64_t> next = 0;
    const auto work = [&](Maker& maker) {
      for (std::uint64_t i = next++; i < count; i = next++) {
        runs[i] = maker.make(first + i * rank_count());
      }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < makers_.size(); ++i) {
      others.emplace_back([&, i] { work(makers_[i]); });
    }
    work(makers_.front());
    for (std::thread& other : others) other.join();
    return runs;
  }

  const Case& what_;
  Progress& progress_;
  const model::World start_;
  std::uint64_t steps_expected_ = 0;
  std::deque<Maker> makers_;  // They stay where they are.
  Sample sample_;
};

}  // namespace

Sampled make_sample(const Case& what, const Options& options, Progress& progress) {
  return Swarm(what, options, progress).run();
}

}  // namespace cli
