// SPDX-License-Identifier: Apache-2.0
// What a reduction does with a system that offers it none, waits where it should not, or never
// ends.
#include "sim/search/reduced.hpp"

#include <doctest/doctest.h>

#include <array>

#include "sim/search/search.hpp"

namespace {
using sim::Outcome;
using sim::Reduced;
using sim::SearchResult;

constexpr sim::Reductions all{
    .symmetry = true, .regions = true, .settling = true, .forgetting = true};

struct Places {
  std::array<std::uint8_t, 2> places{};
  bool operator==(const Places&) const = default;
};

// The first thread takes two steps. The second of them breaks the property, and has to wait until
// the other thread has seen the first.
struct Handshake {
  using State = Places;
  static constexpr std::size_t thread_count = 2;
  bool answered = true;

  State start() const { return {}; }
  template <class Visit>
  void move(State state, std::size_t thread, Visit&& visit) const {
    auto& [first, second] = state.places;
    if (thread == 0 && first == 1 && second == 1) return visit(state, Outcome::violates);
    const bool moves = thread == 0 ? first == 0 : first == 1 && second == 0 && answered;
    if (!moves) return;
    ++state.places[thread];
    visit(state, Outcome::holds);
  }
  bool may_end(const State&) const { return false; }
};

// Takes both steps for one region.
struct Waiting : Handshake {
  friend bool continues(const Waiting&, const State&, const State&, std::size_t thread) {
    return thread == 0;
  }
};
static_assert(sim::Regional<Waiting>);

// The first thread goes round for ever, without a step that anybody could notice; the second breaks
// the property by its second step.
struct Endless {
  using State = Places;
  static constexpr std::size_t thread_count = 2;
  static constexpr std::uint8_t round = 3;

  State start() const { return {}; }
  template <class Visit>
  void move(State state, std::size_t thread, Visit&& visit) const {
    auto& [first, second] = state.places;
    if (thread == 1 && second == 1) return visit(state, Outcome::violates);
    if (thread == 0) first = static_cast<std::uint8_t>((first + 1) % round);
    if (thread == 1) second = 1;
    visit(state, Outcome::holds);
  }
  bool may_end(const State&) const { return false; }

  friend bool continues(const Endless&, const State&, const State&, std::size_t thread) {
    return thread == 0;
  }
  friend std::size_t settling_thread(const Endless&, const State&) { return 0; }
};
static_assert(sim::Regional<Endless> && sim::Settling<Endless>);
}  // namespace

TEST_CASE("a reduction that a system does not offer is ignored") {
  static_assert(!sim::Symmetric<Handshake> && !sim::Regional<Handshake>);
  static_assert(!sim::Settling<Handshake> && !sim::Forgetful<Handshake>);
  const SearchResult whole = sim::search(Handshake{});
  const SearchResult reduced = sim::search(Reduced(Handshake{}, all));
  CHECK(reduced.levels == whole.levels);
  CHECK(reduced.transitions == whole.transitions);
  CHECK(reduced.steps == 3);
}

TEST_CASE("a thread that has to wait in the middle of a region lets others in") {
  const SearchResult result = sim::search(Reduced(Waiting{}, {.regions = true}));
  CHECK(result.states == 3);
  CHECK(result.violations == 1);
}

TEST_CASE("a thread that waits for ever in the middle of a region is deadlocked") {
  const SearchResult result = sim::search(Reduced(Waiting{{.answered = false}}, {.regions = true}));
  CHECK(result.states == 2);
  CHECK(result.deadlocks == 1);
}

TEST_CASE("a region without an end, and steps that settle for ever, hide nothing of the others") {
  for (const sim::Reductions& reductions :
       {sim::Reductions{.regions = true}, sim::Reductions{.settling = true}, all}) {
    const SearchResult result = sim::search(Reduced(Endless{}, reductions), {.find_paths = true});
    CHECK(result.complete());
    CHECK(result.violations != 0);
    REQUIRE(result.violation_path.has_value());
    CHECK(result.violation_path->size() == 2);
  }
}

TEST_CASE("the path of a reduced search is a shortest one of the whole, in single steps") {
  const Reduced reduced(Endless{}, all);
  static_assert(sim::PartOfWhole<Reduced<Endless>> && !sim::PartOfWhole<Endless>);
  const SearchResult result = sim::search(reduced, {.find_paths = true});
  REQUIRE(result.violation_path.has_value());
  CHECK(*result.violation_path == sim::StepPath{{1, 0}, {1, 0}});
  Outcome last = Outcome::holds;
  CHECK(sim::follow(reduced.whole(), *result.violation_path,
                    [&last](auto, const auto&, Outcome outcome) { last = outcome; }));
  CHECK(last == Outcome::violates);
}
