// SPDX-License-Identifier: Apache-2.0
#include "sim/event_queue.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sim/chooser.hpp"
#include "tests/sim/aborts.hpp"

namespace {
using sim::Lane;
using sim::Lanes;
using sim::Order;
using Queue = sim::EventQueue<std::string>;

constexpr Lane ann{0};
constexpr Lane bob{1};
constexpr Lane cat{7};

// Takes everything, each time the first that is ready.
std::vector<std::string> drain(Queue queue) {
  std::vector<std::string> taken;
  while (!queue.empty()) taken.push_back(queue.take(queue.ready().front()));
  return taken;
}

TEST_CASE("a lane keeps its order in any order and by time") {
  for (const Order order : {Order::any, Order::by_time}) {
    Queue queue(order);
    for (const char* what : {"1", "2", "3", "4"}) queue.post(ann, 10, what);
    CHECK(drain(queue) == std::vector<std::string>{"1", "2", "3", "4"});
  }
}

TEST_CASE("a lane never overtakes, even if a later event is due earlier") {
  Queue queue(Order::by_time);
  queue.post(ann, 100, "slow");
  queue.post(ann, 1, "fast");
  CHECK(queue.take(ann) == "slow");
  CHECK(queue.due(ann) == 100);
  CHECK(queue.take(ann) == "fast");
}

TEST_CASE("by time, only the heads that are due earliest are ready") {
  Queue queue(Order::by_time);
  queue.post(cat, 20, "cat");
  queue.post(bob, 30, "bob");
  queue.post(ann, 20, "ann");
  CHECK(queue.ready() == Lanes{ann, cat});
}

TEST_CASE("in any order, all heads are ready, whatever they are due") {
  Queue queue(Order::any);
  queue.post(cat, 20, "cat");
  queue.post(bob, 30, "bob");
  queue.post(bob, 30, "bob again");
  queue.post(ann, 10, "ann");
  CHECK(queue.ready() == Lanes{ann, bob, cat});
  CHECK(queue.ready_count() == 3);
  CHECK(queue.ready_lane(2) == cat);
  CHECK(queue.head(bob) == "bob");
}

TEST_CASE("an empty queue has nothing ready") {
  for (const Order order : {Order::any, Order::by_time}) {
    const Queue queue(order);
    CHECK(queue.ready().empty());
    CHECK(queue.ready_count() == 0);
    CHECK(queue.empty());
    CHECK_FALSE(queue.pending(ann));
  }
}

TEST_CASE("taking an event moves the time to when it was due") {
  Queue queue(Order::by_time);
  queue.post(ann, 20, "ann");
  queue.post(bob, 50, "bob");
  queue.take(ann);
  CHECK(queue.now() == 20);
  queue.post(ann, 40, "ann again");
  CHECK(queue.due(ann) == 60);
  queue.take(bob);
  CHECK(queue.now() == 50);
}

TEST_CASE("an event that is due in the past is due now") {
  Queue queue(Order::by_time);
  queue.post(ann, 20, "ann");
  queue.take(ann);
  queue.post_at(ann, 5, "late");
  CHECK(queue.due(ann) == 20);
}

TEST_CASE("what becomes due earlier replaces what was found to be ready") {
  Queue queue(Order::by_time);
  queue.post(ann, 1000, "ann");
  queue.post(bob, 1000, "bob");
  CHECK(queue.ready() == Lanes{ann, bob});
  queue.post(cat, 999, "cat");
  CHECK(queue.ready() == Lanes{cat});
  CHECK(drain(queue) == std::vector<std::string>{"cat", "ann", "bob"});
}

TEST_CASE("what becomes due at the same time joins what was found to be ready") {
  Queue queue(Order::by_time);
  queue.post(cat, 1000, "cat");
  CHECK(queue.ready() == Lanes{cat});
  queue.post(bob, 1000, "bob");
  CHECK(queue.ready() == Lanes{bob, cat});
}

TEST_CASE("by time, a lane that is not ready cannot be taken from") {
  Queue queue(Order::by_time);
  queue.post(ann, 20, "ann");
  queue.post(bob, 21, "bob");
  CHECK(aborts([&] { queue.take(bob); }));
}

TEST_CASE("nothing can be taken from an idle lane") {
  for (const Order order : {Order::any, Order::by_time}) {
    Queue queue(order);
    queue.post(ann, 20, "ann");
    CHECK(aborts([&] { queue.take(bob); }));
    CHECK(aborts([&] { (void)queue.head(bob); }));
  }
}

TEST_CASE("the time does not run over") {
  Queue queue(Order::by_time);
  queue.post(ann, std::numeric_limits<sim::Nanoseconds>::max(), "the last moment");
  queue.take(ann);
  CHECK(aborts([&] { queue.post(ann, 1, "after the end"); }));
}

TEST_CASE("cancel empties a lane, no other one, and may be repeated") {
  for (const Order order : {Order::any, Order::by_time}) {
    Queue queue(order);
    queue.post(ann, 10, "ann");
    queue.post(bob, 10, "bob");
    queue.post(bob, 10, "bob again");
    queue.cancel(bob);
    queue.cancel(bob);
    queue.cancel(cat);
    CHECK(queue.size() == 1);
    CHECK(queue.ready() == Lanes{ann});
    queue.post(bob, 5, "new");
    CHECK(queue.head(bob) == "new");
  }
}

TEST_CASE("cancelling all that is ready makes the next ones ready") {
  Queue queue(Order::by_time);
  queue.post(ann, 10, "ann");
  queue.post(bob, 20, "bob");
  CHECK(queue.ready() == Lanes{ann});
  queue.cancel(ann);
  CHECK(queue.ready() == Lanes{bob});
}

TEST_CASE("a copy is a snapshot: neither sees what happens to the other") {
  for (const Order order : {Order::any, Order::by_time}) {
    Queue queue(order);
    queue.post(ann, 10, "ann");
    queue.post(bob, 30, "bob");
    const Queue before = queue;
    queue.take(ann);
    queue.post(cat, 5, "cat");
    CHECK(drain(before) == std::vector<std::string>{"ann", "bob"});
    CHECK(drain(queue) == (order == Order::any ? std::vector<std::string>{"bob", "cat"}
                                               : std::vector<std::string>{"cat", "bob"}));
  }
}

TEST_CASE("assigning a queue takes over its order, its time and what is pending") {
  Queue timed(Order::by_time);
  timed.post(ann, 10, "ann");
  timed.take(ann);
  timed.post(bob, 10, "bob");
  Queue target(Order::any);
  target.post(cat, 0, "cat");
  target = timed;
  CHECK(target.order() == Order::by_time);
  CHECK(target.now() == 10);
  CHECK(target == timed);
  target = Queue(Order::any);
  CHECK(target.order() == Order::any);
  CHECK(target.empty());
}

TEST_CASE("queues are equal if the same is pending in the same lanes, whatever the time") {
  Queue timed(Order::by_time);
  Queue any(Order::any);
  timed.post(bob, 10, "bob");
  timed.post(ann, 99, "ann");
  any.post(ann, 0, "ann");
  any.post(bob, 0, "bob");
  CHECK(timed == any);
  CHECK(sim::fingerprint_of(timed) == sim::fingerprint_of(any));
  any.post(bob, 0, "bob again");
  CHECK(timed != any);
  CHECK(sim::fingerprint_of(timed) != sim::fingerprint_of(any));
}

TEST_CASE("what is pending in one lane differs from the same in two") {
  Queue one(Order::any);
  Queue two(Order::any);
  one.post(ann, 0, "x");
  one.post(ann, 0, "y");
  two.post(ann, 0, "x");
  two.post(bob, 0, "y");
  CHECK(one != two);
  CHECK(sim::fingerprint_of(one) != sim::fingerprint_of(two));
}

TEST_CASE("each run by time is a run in any order") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    sim::SeededChooser chooser(seed);
    Queue timed(Order::by_time);
    Queue any(Order::any);
    for (int step = 0; step < 60; ++step) {
      for (std::uint32_t posts = chooser.choose("how many posts?", 3); posts > 0; --posts) {
        const Lane lane{chooser.choose("which lane?", 4)};
        const sim::Nanoseconds after = chooser.choose("after how long?", 4);
        timed.post(lane, after, std::to_string(step));
        any.post(lane, after, std::to_string(step));
      }
      if (timed.empty()) continue;
      const Lane lane = timed.ready_lane(chooser.choose("who is next?", timed.ready_count()));
      REQUIRE(any.pending(lane));
      CHECK(any.take(lane) == timed.take(lane));
      CHECK(any == timed);
    }
  }
}

TEST_CASE("a hundred thousand lanes that are due at once are taken in any order asked for") {
  sim::EventQueue<std::uint32_t> queue(Order::by_time);
  constexpr std::uint32_t lanes = 100'000;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) queue.post(Lane{lane}, 5, lane);
  sim::SeededChooser chooser(1);
  for (std::uint32_t left = lanes; left > 0; --left) {
    REQUIRE(queue.ready_count() == left);
    const Lane lane = queue.ready_lane(chooser.choose("who is next?", left));
    REQUIRE(queue.take(lane) == lane.value);
  }
  CHECK(queue.empty());
}
}  // namespace
