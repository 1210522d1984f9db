// SPDX-License-Identifier: Apache-2.0
#include "sim/parts.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <thread>
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

class Threads final : public sim::Crew {
 public:
  explicit Threads(std::size_t size) : size_(size) {}
  void run(std::size_t count, const Task& task) override {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < count; i = next++) task(i);
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < size_; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  std::size_t size_;
};

sim::ExploreReport explored(const toys::CounterRace& race, std::size_t threads) {
  Threads crew(threads);
  return sim::explore(race, {.crew = &crew, .keep_fingerprints = true});
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

TEST_CASE("any crew finds the same") {
  const toys::CounterRace race(6);
  const sim::ExploreReport one = explored(race, 1);
  REQUIRE(one.states > 5'000);
  for (const std::size_t threads : {2U, 3U, 8U}) {
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
  Threads(4).run(4, [&](std::size_t piece) {
    sim::Encoder scratch;
    for (std::uint64_t i = 0; i < values; ++i) numbers[piece][i] = table.number_of(i, scratch);
  });
  bool right = true;
  for (std::uint64_t i = 0; i < values; ++i) right = right && table[numbers[0][i]] == i;
  CHECK(right);
  CHECK(numbers[1] == numbers[0]);
  CHECK(numbers[2] == numbers[0]);
  CHECK(numbers[3] == numbers[0]);
}
}  // namespace
