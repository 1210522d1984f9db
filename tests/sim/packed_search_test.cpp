// SPDX-License-Identifier: Apache-2.0
// The packed searches against a naive one, over hundreds of random systems.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "sim/search/reduced.hpp"
#include "sim/search/search.hpp"
#include "tests/sim/random_threads.hpp"

namespace {
using sim::Goal;
using sim::SearchEnded;
using sim::SearchOptions;
using sim::SearchOrder;
using sim::SearchResult;
using sim::Store;
using toys::NaiveThreadSearch;
using toys::RandomThreads;

constexpr std::uint64_t seeds = 400;

// A thread for each of `size` shares of the tasks; with a size of 1, the last task first.
class TestCrew final : public sim::Crew {
 public:
  explicit TestCrew(std::size_t size) : size_(size) {}
  void run(std::size_t count, const Task& task) override {
    ++runs;
    std::vector<std::thread> threads;
    for (std::size_t mine = 0; mine < size_; ++mine) {
      threads.emplace_back([&, mine] {
        for (std::size_t i = count; i-- > 0;)
          if (i % size_ == mine) task(i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::size_t runs = 0;

 private:
  std::size_t size_;
};

class TestSpill final : public sim::Spill {
 public:
  std::uint64_t write(std::span<const std::byte> block) override {
    blocks[++written] = {block.begin(), block.end()};
    return written;
  }
  void take(std::uint64_t name, std::span<std::byte> block) override {
    const auto& bytes = blocks.at(name);
    REQUIRE(bytes.size() == block.size());
    std::ranges::copy(bytes, block.begin());
    drop(name);
  }
  void drop(std::uint64_t name) override { CHECK(blocks.erase(name) == 1); }

  std::map<std::uint64_t, std::vector<std::byte>> blocks;
  std::uint64_t written = 0;
};

// Four threads count to ten each, and may stop anywhere but at ten each.
struct Counters {
  static constexpr std::size_t thread_count = 4;
  static constexpr std::uint8_t top = 10;
  struct State {
    std::array<std::uint8_t, thread_count> counts{};
    bool operator==(const State&) const = default;
  };
  State start() const { return {}; }
  template <class Visit>
  void move(State state, std::size_t thread, Visit&& visit) const {
    if (state.counts[thread]++ < top) visit(state, sim::Outcome::holds);
  }
  bool may_end(const State&) const { return false; }
};
constexpr std::uint64_t counter_states = 14'641;

void check_equal(const SearchResult& result, const SearchResult& wanted) {
  CHECK(result.ended == wanted.ended);
  CHECK(result.states == wanted.states);
  CHECK(result.transitions == wanted.transitions);
  CHECK(result.depth == wanted.depth);
  CHECK(result.ends == wanted.ends);
  CHECK(result.deadlocks == wanted.deadlocks);
  CHECK(result.violations == wanted.violations);
  CHECK(result.steps == wanted.steps);
  CHECK(result.states_before == wanted.states_before);
  CHECK(result.violations_last == wanted.violations_last);
  CHECK(result.deadlock_steps == wanted.deadlock_steps);
  CHECK(result.levels == wanted.levels);
  CHECK(result.levels_expanded == wanted.levels_expanded);
  CHECK(result.violation_path == wanted.violation_path);
  CHECK(result.deadlock_path == wanted.deadlock_path);
}

template <class S>
void check_against(const NaiveThreadSearch<S>& naive, const SearchResult& result) {
  CHECK(result.complete());
  CHECK(result.states == naive.states());
  CHECK(result.transitions == naive.transitions);
  CHECK(result.levels == naive.levels);
  CHECK(result.levels_expanded == naive.levels.size());
  CHECK(result.depth + 1 == naive.levels.size());
  CHECK(result.ends == naive.ends);
  CHECK(result.deadlocks == naive.deadlocks);
  CHECK(result.violations == naive.violations);
  CHECK(result.steps == naive.violation_steps);
  if (naive.deadlock_steps) CHECK(result.deadlock_steps == *naive.deadlock_steps);
}

constexpr unsigned symmetry = 1;
constexpr unsigned regions = 2;
constexpr unsigned settling = 4;
constexpr unsigned forgetting = 8;
constexpr unsigned all_reductions = 15;

sim::Reductions reductions_of(unsigned bits) {
  return {.symmetry = (bits & symmetry) != 0,
          .regions = (bits & regions) != 0,
          .settling = (bits & settling) != 0,
          .forgetting = (bits & forgetting) != 0};
}

// All states of an exact search, in the order of their numbers.
template <class S>
std::vector<typename S::State> numbering(const S& system, const SearchOptions& options) {
  sim::BreadthSearch<S, sim::ExactShard> search(system, options);
  search.run();
  std::vector<typename S::State> states;
  for (const auto& shard : search.shards())
    for (std::size_t i = 0; i < shard.size(); ++i) states.push_back(shard[i]);
  return states;
}

std::vector<SearchOptions> ways() {
  return {{.store = Store::exact, .find_paths = true},
          {.store = Store::compact, .find_paths = true},
          {.order = SearchOrder::depth, .find_paths = true, .deepen_by = 1},
          {.order = SearchOrder::depth, .find_paths = true, .deepen_by = 3},
          {.order = SearchOrder::depth, .find_paths = true, .deepen_by = 1'000}};
}
}  // namespace

TEST_CASE("every packed search counts as the naive one does") {
  std::size_t broken = 0;
  std::size_t stuck = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const NaiveThreadSearch<RandomThreads> naive(system);
    for (const SearchOptions& options : ways()) check_against(naive, sim::search(system, options));
    if (naive.violations != 0) ++broken;
    if (naive.deadlocks != 0) ++stuck;
  }
  CHECK(broken > seeds / 10);
  CHECK(broken < seeds);
  CHECK(stuck > seeds / 10);
  CHECK(stuck < seeds);
}

TEST_CASE("paths are the shortest, with the fewest switches, and the earliest") {
  std::size_t long_ones = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const NaiveThreadSearch<RandomThreads> naive(system);
    const auto violation = naive.best_path(Goal::violation);
    const auto deadlock = naive.best_path(Goal::deadlock);
    for (const SearchOptions& options : ways()) {
      const SearchResult result = sim::search(system, options);
      REQUIRE(result.violation_path.has_value() == (naive.violations != 0));
      REQUIRE(result.deadlock_path.has_value() == (naive.deadlocks != 0));
      if (violation) CHECK(*result.violation_path == violation->second);
      if (deadlock) CHECK(*result.deadlock_path == deadlock->second);
    }
    if (violation && violation->second.size() > 3 && violation->first > 0) ++long_ones;
  }
  CHECK(long_ones > 5);
}

TEST_CASE("a path that was found can be followed to its end") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const SearchResult result = sim::search(system, {.find_paths = true});
    if (!result.violation_path) continue;
    std::size_t violations = 0;
    CHECK(sim::follow(system, *result.violation_path, [&](auto, const auto&, sim::Outcome outcome) {
      if (outcome == sim::Outcome::violates) ++violations;
    }));
    CHECK(violations == 1);
    sim::StepPath wrong = *result.violation_path;
    wrong.front().choice = 1'000;
    CHECK_FALSE(sim::follow(system, wrong, [](auto, const auto&, sim::Outcome) {}));
  }
}

TEST_CASE("whoever works, results are the same to the last number") {
  const std::array stores{Store::exact, Store::compact};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    for (const Store store : stores) {
      SearchOptions options{
          .store = store, .find_paths = true, .chunk_states = 2, .worth_sharing = 0};
      const SearchResult alone = sim::search(system, options);
      const auto numbers = numbering(system, options);
      for (std::size_t size = 1; size <= 3; ++size) {
        TestCrew crew(size);
        options.crew = &crew;
        check_equal(sim::search(system, options), alone);
        CHECK(numbering(system, options) == numbers);
        CHECK(crew.runs > 0);
      }
    }
  }
}

TEST_CASE("a large search is the same with several threads, and finds each state once") {
  const SearchResult alone = sim::search(Counters{}, {.find_paths = true});
  CHECK(alone.states == counter_states);
  CHECK(alone.levels.size() == 41);
  const auto numbers = numbering(Counters{}, {});
  TestCrew crew(3);
  check_equal(sim::search(Counters{}, {.find_paths = true, .crew = &crew, .worth_sharing = 1}),
              alone);
  CHECK(numbering(Counters{}, {.crew = &crew, .worth_sharing = 1}) == numbers);
  std::set<std::array<std::uint8_t, 4>> different;
  for (const Counters::State& state : numbers) different.insert(state.counts);
  CHECK(different.size() == counter_states);
}

TEST_CASE("the only deadlock of the counters is found, thread by thread") {
  const SearchResult result = sim::search(Counters{}, {.find_paths = true});
  CHECK(result.deadlocks == 1);
  CHECK(result.deadlock_steps == 40);
  REQUIRE(result.deadlock_path.has_value());
  CHECK(sim::context_switches(*result.deadlock_path) == 3);
  CHECK(std::ranges::is_sorted(*result.deadlock_path));
}

TEST_CASE("reductions keep the verdict and the paths, symmetry and forgetting the length") {
  std::array<std::uint64_t, all_reductions + 1> states{};
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const SearchResult whole = sim::search(system, {.find_paths = true});
    for (unsigned bits = 0; bits <= all_reductions; ++bits) {
      CAPTURE(bits);
      const sim::Reduced reduced(system, reductions_of(bits));
      const SearchResult result = sim::search(reduced, {.find_paths = true});
      CHECK((result.violations != 0) == (whole.violations != 0));
      CHECK((result.deadlocks != 0) == (whole.deadlocks != 0));
      CHECK(result.violation_path == whole.violation_path);
      CHECK(result.deadlock_path == whole.deadlock_path);
      if ((bits & (regions | settling)) == 0) CHECK(result.steps == whole.steps);
      if ((bits & ~symmetry) == 0) CHECK(result.depth == whole.depth);
      states[bits] += result.states;
    }
  }
  CHECK(states[symmetry] * 2 < states[0]);
  CHECK(states[regions] * 10 < states[0] * 9);
  CHECK(states[symmetry | regions] < std::min(states[symmetry], states[regions]));
  CHECK(states[settling] == states[regions]);  // Of local steps, either way.
  CHECK(states[forgetting] < states[0]);
  CHECK(states[all_reductions] < states[symmetry | settling]);
}

TEST_CASE("every packed search of a reduced system counts as the naive one does") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const SearchResult whole = sim::search(system, {.find_paths = true});
    const sim::Reduced reduced(system, reductions_of(all_reductions));
    const NaiveThreadSearch naive(reduced);
    for (const SearchOptions& options : ways()) {
      const SearchResult result = sim::search(reduced, options);
      check_against(naive, result);
      CHECK(result.violation_path == whole.violation_path);
      CHECK(result.deadlock_path == whole.deadlock_path);
    }
  }
}

TEST_CASE("symmetry counts the classes, as many as a naive search has") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const NaiveThreadSearch<RandomThreads> naive(system);
    std::set<RandomThreads::State> classes;
    for (const auto& [state, steps] : naive.all()) classes.insert(canonical(system, state));
    const sim::Reduced reduced(system, {.symmetry = true});
    CHECK(sim::search(reduced).states == classes.size());
  }
}

TEST_CASE("a search that passes the limit of levels knows as many") {
  const SearchResult whole = sim::search(Counters{});
  for (SearchOptions options : ways()) {
    options.levels_max = 5;
    const SearchResult result = sim::search(Counters{}, options);
    CHECK(result.ended == SearchEnded::by_levels);
    CHECK(result.levels_expanded == 5);
    CHECK(std::equal(result.levels.begin(), result.levels.end(), whole.levels.begin()));
    CHECK(result.levels.size() == 6);
    CHECK(result.states == 1 + 4 + 10 + 20 + 35 + 56);
  }
}

TEST_CASE("a search that passes the limit of states or bytes ends soon after it") {
  for (SearchOptions options : ways()) {
    options.states_max = 1'000;
    const SearchResult by_states = sim::search(Counters{}, options);
    CHECK(by_states.ended == SearchEnded::by_states);
    CHECK(by_states.states > 1'000);
    CHECK(by_states.states < counter_states);
    CHECK(by_states.levels_expanded < 30);
    options.states_max = SearchOptions::no_limit;
    options.bytes_max = 20'000;
    const SearchResult by_bytes = sim::search(Counters{}, options);
    CHECK(by_bytes.ended == SearchEnded::by_bytes);
    CHECK(by_bytes.bytes > 20'000);
    CHECK(by_bytes.states < counter_states);
  }
}

TEST_CASE("a search can be stopped from outside") {
  for (SearchOptions options : ways()) {
    int asked = 0;
    options.find_paths = false;
    options.stop = [&asked] { return ++asked == 2; };
    const SearchResult result = sim::search(Counters{}, options);
    CHECK(result.ended == SearchEnded::by_stop);
    CHECK(asked == 2);
  }
}

TEST_CASE("a search that stops at the first violation has seen all that is nearer") {
  std::size_t stopped = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomThreads system(seed);
    const SearchResult whole = sim::search(system);
    if (whole.steps == 0) continue;
    for (SearchOptions options : ways()) {
      options.stop_at_violation = true;
      const SearchResult result = sim::search(system, options);
      CHECK(result.steps == whole.steps);
      CHECK(result.states_before == whole.states_before);
      CHECK(result.violations_last == whole.violations_last);
      if (result.ended == SearchEnded::at_violation) ++stopped;
    }
  }
  CHECK(stopped > 0);
}

TEST_CASE("a frontier that is spilled gives the same result, and leaves nothing behind") {
  SearchOptions options{.store = Store::compact, .chunk_states = 4};
  const SearchResult in_memory = sim::search(Counters{}, options);
  CHECK(in_memory.bytes_spilled == 0);
  TestSpill spill;
  options.spill = &spill;
  options.frontier_bytes_max = 1;
  const SearchResult spilled = sim::search(Counters{}, options);
  check_equal(spilled, in_memory);
  CHECK(spilled.bytes < in_memory.bytes);
  CHECK(spilled.bytes_spilled == spill.written * 16);
  CHECK(spilled.bytes_spilled > counter_states * 4 / 2);
  CHECK(spill.blocks.empty());
  options.states_max = 1'000;
  CHECK(sim::search(Counters{}, options).ended == SearchEnded::by_states);
  CHECK(spill.blocks.empty());
}

TEST_CASE("visited states take few bytes") {
  const std::uint64_t exact = sim::search(Counters{}, {.store = Store::exact}).bytes_visited;
  const std::uint64_t compact = sim::search(Counters{}, {.store = Store::compact}).bytes_visited;
  CHECK(exact <= counter_states * 20 + 16 * 200);
  CHECK(compact <= counter_states * 16 + 16 * 200);
}
