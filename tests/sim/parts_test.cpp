// SPDX-License-Identifier: Apache-2.0
#include "sim/parts.hpp"

#include <doctest/doctest.h>

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "sim/explore.hpp"
#include "tests/sim/random_system.hpp"
#include "tests/sim/toys.hpp"

namespace {
using List = sim::Tracked<boost::container::small_vector<std::uint32_t, 4>>;

struct Box {
  List each{};
  List whole{};
  std::uint64_t number = 0;

  auto parts() { return std::tuple_cat(std::tuple(sim::each(each)), std::tie(whole, number)); }
  bool operator==(const Box&) const = default;
};

Box box_with(std::vector<std::uint32_t> each, std::vector<std::uint32_t> whole,
             std::uint64_t number) {
  Box box{.number = number};
  for (const std::uint32_t item : each) box.each.push_back(item);
  for (const std::uint32_t item : whole) box.whole.push_back(item);
  return box;
}

sim::ExploreReport explored(const toys::CounterRace& race, unsigned threads) {
  return sim::explore(race, {.threads = threads, .keep_fingerprints = true});
}

TEST_CASE("equal values have one number, different ones several") {
  sim::PartTable<std::vector<std::uint8_t>> table;
  sim::Encoder scratch;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 5'000; ++i) {
      const std::vector<std::uint8_t> value(i % 70, static_cast<std::uint8_t>(i / 70));
      const sim::PartNumber number = table.number_of(value, scratch);
      CHECK(table[number] == value);
      CHECK(table.number_of(value, scratch) == number);
    }
  }
  CHECK(table.bytes() > 0);
}

TEST_CASE("a world comes back from the numbers of its parts") {
  sim::Parts<Box> parts;
  sim::Encoder scratch;
  Box box = box_with({1, 2, 3}, {7}, 9);
  const Box first = box;
  auto now = sim::Parts<Box>::none();
  parts.save(box, now, scratch);
  const auto start = now;
  box.each[1] = 20;
  box.each.push_back(4);
  box.whole.clear();
  box.number = 10;
  const Box second = box;
  parts.save(box, now, scratch);
  const auto moved = now;
  CHECK(moved != start);
  parts.load(box, now, start);
  CHECK(box == first);
  CHECK(now == start);
  parts.load(box, now, moved);
  CHECK(box == second);
}

TEST_CASE("a part that takes an old value again has its old number") {
  sim::Parts<Box> parts;
  sim::Encoder scratch;
  Box box = box_with({1, 2}, {}, 0);
  auto now = sim::Parts<Box>::none();
  parts.save(box, now, scratch);
  const auto start = now;
  box.each[0] = 5;
  parts.save(box, now, scratch);
  CHECK(now != start);
  box.each[0] = 1;
  parts.save(box, now, scratch);
  CHECK(now == start);
}

TEST_CASE("who only reads does not touch, who could write does") {
  List list;
  list.push_back(1);
  list.push_back(2);
  list.was_seen();
  const List& seen = list;
  CHECK(seen[1] == 2);
  CHECK(seen.begin() != seen.end());
  CHECK(list.untouched());
  list[1] = 2;
  CHECK_FALSE(list.untouched());
  CHECK(list.touched(1));
  CHECK_FALSE(list.touched(0));
  list.was_seen();
  list.push_back(3);
  CHECK(list.touched(0));
}

TEST_CASE("elements from the 64th on are touched together") {
  List list;
  list.resize(70);
  list.was_seen();
  list[69] = 1;
  CHECK(list.touched(65));
  CHECK_FALSE(list.touched(62));
}

TEST_CASE("values with the same bytes are surely the same, others are left to ==") {
  CHECK(sim::surely_same(std::uint32_t{4}, std::uint32_t{4}));
  CHECK_FALSE(sim::surely_same(std::uint32_t{4}, std::uint32_t{5}));
  CHECK(sim::surely_same(std::vector<int>{1, 2}, std::vector<int>{1, 2}));
  CHECK_FALSE(sim::surely_same(std::vector<int>{1, 2}, std::vector<int>{1, 3}));
  CHECK_FALSE(sim::surely_same(std::vector<int>{1, 2}, std::vector<int>{1}));
  using Words = std::vector<std::string>;
  CHECK(sim::surely_same(Words{"a"}, Words{"a"}));
  CHECK_FALSE(sim::surely_same(Words{"a"}, Words{"b"}));
}

TEST_CASE("any number of threads finds the same") {
  const toys::CounterRace race(6);
  const sim::ExploreReport one = explored(race, 1);
  REQUIRE(one.states > 5'000);
  for (const unsigned threads : {2U, 3U, 8U}) {
    const sim::ExploreReport more = explored(race, threads);
    CHECK(more.states == one.states);
    CHECK(more.transitions == one.transitions);
    CHECK(more.depth == one.depth);
    CHECK(more.executions == one.executions);
    CHECK(more.fingerprints == one.fingerprints);
    REQUIRE(more.finals_by_class.size() == one.finals_by_class.size());
    for (std::size_t i = 0; i < one.finals_by_class.size(); ++i)
      CHECK(more.finals_by_class[i].path == one.finals_by_class[i].path);
    REQUIRE(more.counterexamples.size() == one.counterexamples.size());
    for (std::size_t i = 0; i < one.counterexamples.size(); ++i)
      CHECK(more.counterexamples[i].path == one.counterexamples[i].path);
  }
}

TEST_CASE("threads that number the same values at the same time agree") {
  constexpr std::uint64_t values = 20'000;
  sim::PartTable<std::uint64_t> table;
  std::vector<std::vector<sim::PartNumber>> numbers(4, std::vector<sim::PartNumber>(values));
  sim::Crew crew(4, [&](std::size_t, std::size_t piece) {
    sim::Encoder scratch;
    for (std::uint64_t i = 0; i < values; ++i) numbers[piece][i] = table.number_of(i, scratch);
  });
  crew.start(4);
  crew.join();
  for (std::uint64_t i = 0; i < values; ++i) CHECK(table[numbers[0][i]] == i);
  CHECK(numbers[1] == numbers[0]);
  CHECK(numbers[2] == numbers[0]);
  CHECK(numbers[3] == numbers[0]);
}

TEST_CASE("a crew does every piece once") {
  for (const std::size_t size : {1U, 2U, 5U}) {
    std::vector<int> done(100);
    sim::Crew crew(size, [&done](std::size_t, std::size_t piece) { ++done[piece]; });
    for (int round = 0; round < 50; ++round) {
      crew.start(done.size());
      crew.join();
    }
    CHECK(done == std::vector<int>(100, 50));
    crew.start(0);
    crew.join();
  }
}
}  // namespace
