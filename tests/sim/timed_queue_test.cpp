// SPDX-License-Identifier: Apache-2.0
// The timer wheel against a plain ordered set: both are given the same operations.
#include "sim/timed_queue.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "sim/chooser.hpp"
#include "sim/ordered_queue.hpp"
#include "sim/ready_lanes.hpp"

namespace {
using sim::Lane;
using sim::Nanoseconds;
using Wheel = sim::TimedQueue<std::uint32_t>;
using Reference = sim::OrderedQueue<std::uint32_t>;
static_assert(sim::PendingSet<Wheel, std::uint32_t>);
static_assert(sim::PendingSet<Reference, std::uint32_t>);

constexpr std::uint32_t lanes = 70;

class Both {
 public:
  explicit Both(std::uint64_t seed) : chooser_(seed, sim::SeededChooser::Keep::none) {}

  void operate() {
    switch (chooser_.choose("what?", 16)) {
      case 0:
        return cancel();
      case 1:
        return save_or_restore();
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        return post();
      default:
        return take();
    }
  }

  bool agree() const {
    if (wheel_.size() != reference_.size() || wheel_.now() != reference_.now()) return false;
    if (wheel_.ready_count() != reference_.ready_count()) return false;
    for (std::uint32_t lane = 0; lane < lanes; ++lane)
      if (!agree_on(Lane{lane})) return false;
    for (std::uint32_t nth = 0; nth < wheel_.ready_count(); ++nth)
      if (wheel_.ready_lane(nth) != reference_.ready_lane(nth)) return false;
    return true;
  }

 private:
  bool agree_on(Lane lane) const {
    if (wheel_.pending(lane) != reference_.pending(lane)) return false;
    if (!wheel_.pending(lane)) return true;
    return wheel_.head(lane) == reference_.head(lane) && wheel_.due(lane) == reference_.due(lane);
  }

  Lane any_lane() { return Lane{chooser_.choose("which lane?", lanes)}; }

  // Near and far, so that all levels of the wheel are used, and often at the same moment.
  Nanoseconds any_due() {
    const Nanoseconds now = reference_.now();
    if (chooser_.choose("at the same moment as another lane?", 3) == 0) {
      const Lane other = any_lane();
      if (reference_.pending(other)) return reference_.due(other);
    }
    const Nanoseconds scale = Nanoseconds{1} << chooser_.choose("how far?", 40);
    const Nanoseconds due = now + scale * chooser_.choose("how many of these?", 4);
    return chooser_.choose("in the past?", 20) == 0 ? now / 2 : due;
  }

  void post() {
    const Lane lane = any_lane();
    const Nanoseconds due = any_due();
    wheel_.post_at(lane, due, posted_);
    reference_.post_at(lane, due, posted_++);
  }
  void take() {
    if (reference_.size() == 0) return;
    const std::uint32_t nth = chooser_.choose("who is next?", reference_.ready_count());
    const Lane lane = reference_.ready_lane(nth);
    CHECK(wheel_.take(lane) == reference_.take(lane));
  }
  void cancel() {
    const Lane lane = any_lane();
    wheel_.cancel(lane);
    reference_.cancel(lane);
  }
  void save_or_restore() {
    switch (chooser_.choose("save, restore or continue in a copy?", 6)) {
      case 0: {
        saved_wheel_ = wheel_;
        saved_reference_ = reference_;
        return;
      }
      case 1: {
        wheel_ = saved_wheel_;
        reference_ = saved_reference_;
        return;
      }
      default: {
        const Wheel copy(wheel_);
        wheel_ = copy;
        return;
      }
    }
  }

  sim::SeededChooser chooser_;
  Wheel wheel_;
  Wheel saved_wheel_;
  Reference reference_;
  Reference saved_reference_;
  std::uint32_t posted_ = 0;
};

TEST_CASE("the timer wheel does the same as an ordered set in 100,000 operations") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Both both(seed);
    for (int operation = 0; operation < 20'000; ++operation) {
      both.operate();
      REQUIRE(both.agree());
    }
  }
}

TEST_CASE("without choices, of one instant what was posted first is taken first") {
  sim::SeededChooser chooser(1, sim::SeededChooser::Keep::none);
  Wheel wheel;
  std::set<std::tuple<Nanoseconds, std::uint32_t, Lane>> expected;
  for (std::uint32_t posted = 0; posted < 50'000;) {
    const Lane lane{chooser.choose("which lane?", lanes)};
    if (!wheel.pending(lane)) {
      const Nanoseconds scale = Nanoseconds{1} << chooser.choose("how far?", 30);
      const Nanoseconds due = (wheel.now() / scale + chooser.choose("how many?", 3) + 1) * scale;
      wheel.post_at(lane, due, posted);
      expected.insert({due, posted++, lane});
    } else if (chooser.choose("cancel?", 4) == 0) {
      expected.erase({wheel.due(lane), wheel.head(lane), lane});
      wheel.cancel(lane);
    } else {
      const auto [due, number, first] = *expected.begin();
      expected.erase(expected.begin());
      CHECK(wheel.take_first() == std::pair(first, number));
      CHECK(wheel.now() == due);
    }
  }
  CHECK(wheel.size() == expected.size());
}

TEST_CASE("the timer wheel holds all times up to the end") {
  Wheel wheel;
  const Nanoseconds last = ~Nanoseconds{0};
  for (std::uint32_t bit = 0; bit < 64; ++bit) wheel.post_at(Lane{bit}, last << bit, bit);
  wheel.post_at(Lane{64}, last, 64);
  Nanoseconds before = 0;
  for (std::uint32_t taken = 0; taken < 65; ++taken) {
    CHECK(wheel.now() >= before);
    before = wheel.now();
    wheel.take(wheel.ready_lane(0));
  }
  CHECK(wheel.now() == last);
  CHECK(wheel.size() == 0);
}

TEST_CASE("a set of lanes finds the nth like an ordered set, with few and with many") {
  sim::SeededChooser chooser(11, sim::SeededChooser::Keep::none);
  sim::ReadyLanes ready;
  std::set<Lane> reference;
  for (int operation = 0; operation < 60'000; ++operation) {
    const bool growing = operation / 10'000 % 2 == 0;
    const bool grows = chooser.choose("against the trend?", 4) == 0 ? !growing : growing;
    const Lane lane{chooser.choose("which lane?", 20'000)};
    if (grows && reference.insert(lane).second) ready.insert(lane);
    if (!grows && !reference.empty()) {
      const auto count = static_cast<std::uint32_t>(reference.size());
      const std::uint32_t nth = chooser.choose("which one?", count);
      const auto expected = std::next(reference.begin(), nth);
      REQUIRE(ready.nth(nth) == *expected);
      ready.erase(*expected);
      reference.erase(expected);
    }
    REQUIRE(ready.size() == reference.size());
    if (operation % 14'999 != 0) continue;
    ready.clear();
    reference.clear();
  }
}
}  // namespace
