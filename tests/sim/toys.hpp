// SPDX-License-Identifier: Apache-2.0
// Small systems whose states and executions can be counted by hand, to test the explorer with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/encoding.hpp"
#include "sim/event_queue.hpp"
#include "sim/system.hpp"

namespace toys {
// Threads that each add one to a counter, in two steps: read, write. The lost update.
// Two threads: 12 states, 14 transitions, 6 executions, 2 ends; 4 steps to the lost update.
struct CounterRace {
  enum class Step : std::uint8_t { read, write };
  struct Thread {
    std::uint8_t seen = 0;
    bool operator==(const Thread&) const = default;
  };
  static constexpr std::uint64_t update_lost = 1;

  sim::EventQueue<Step> queue;
  std::vector<Thread> threads;
  std::uint8_t counter = 0;
  bool lost = false;

  explicit CounterRace(std::uint32_t count, sim::Order order = sim::Order::any)
      : queue(order), threads(count) {
    for (std::uint32_t i = 0; i < count; ++i) queue.post(sim::Lane{i}, 0, Step::read);
  }

  bool step(sim::Turn turn) {
    if (queue.empty()) return false;
    const sim::Candidates threads_ready(queue);
    const sim::Lane lane =
        threads_ready.nth(turn.chooser.choose_next("which thread is next?", threads_ready));
    turn.trace.write({.at = queue.now(), .actor = lane.value});
    Thread& thread = threads[lane.index()];
    switch (queue.take(lane)) {
      case Step::read:
        thread.seen = counter;
        queue.post(lane, 5 + lane.value % 2, Step::write);
        break;
      case Step::write:
        counter = static_cast<std::uint8_t>(thread.seen + 1);
        thread.seen = 0;
        break;
    }
    return true;
  }
  void rest() { lost = counter != threads.size(); }
  std::uint64_t broken() const { return lost ? update_lost : 0; }
  std::uint64_t witnessed() const { return std::uint64_t{1} << counter; }
  bool operator==(const CounterRace&) const = default;
  void encode(sim::Encoder& encoder) const {
    sim::encode(encoder, queue);
    sim::encode(encoder, threads);
    sim::encode(encoder, counter);
    sim::encode(encoder, lost);
  }
};

// Goes round for ever, unless it stops: as many states as places, and as many ends.
struct Ring {
  std::uint8_t places = 5;
  std::uint8_t place = 0;
  bool may_stop = true;
  bool stopped = false;

  bool step(sim::Turn turn) {
    if (stopped) return false;
    stopped = may_stop && turn.chooser.choose("stop here?", 2) == 1;
    if (!stopped) place = static_cast<std::uint8_t>((place + 1) % places);
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const Ring& other) const {
    return place == other.place && stopped == other.stopped;
  }
  void encode(sim::Encoder& encoder) const {
    encoder.add(place);
    encoder.add(stopped);
  }
};

// At each stage the way parts and joins again: stages * (ways + 1) + 1 states, ways^stages paths.
struct Diamonds {
  std::uint8_t stages = 1;
  std::uint8_t ways = 2;
  std::uint8_t stage = 0;
  std::uint8_t way = 0;  // 0: joined.

  bool step(sim::Turn turn) {
    if (stage == stages) return false;
    if (way == 0) {
      way = static_cast<std::uint8_t>(1 + turn.chooser.choose("which way?", ways));
    } else {
      way = 0;
      ++stage;
    }
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const Diamonds& other) const { return stage == other.stage && way == other.way; }
  void encode(sim::Encoder& encoder) const {
    encoder.add(stage);
    encoder.add(way);
  }
};

// Picks one of the `enabled`, in a step that may have none.
template <class Index>
bool pick(sim::Turn turn, const std::vector<Index>& enabled, Index& picked) {
  if (enabled.empty()) return false;
  const auto count = static_cast<std::uint32_t>(enabled.size());
  picked = enabled[turn.chooser.choose("who is next?", count)];
  return true;
}

// Two threads take two locks and then free both: one thread begins with the first lock, the other
// one with the second lock. Deadlock after two steps.
struct LockOrder {
  static constexpr std::uint64_t deadlocked = 1;
  static constexpr std::uint8_t freed = 3;  // Step: after taking the one (1) and the other (2).

  std::vector<std::uint8_t> steps{0, 0};
  bool deadlock = false;

  bool may_move(std::size_t thread) const {
    const std::uint8_t other = steps[1 - thread];
    switch (steps[thread]) {
      case 0:
        return other != 2;  // Else the other thread holds both.
      case 1:
        return other == 0 || other == freed;
      default:
        return steps[thread] != freed;
    }
  }
  bool step(sim::Turn turn) {
    std::vector<std::size_t> enabled;
    for (std::size_t thread = 0; thread < 2; ++thread)
      if (may_move(thread)) enabled.push_back(thread);
    std::size_t thread = 0;
    if (!pick(turn, enabled, thread)) return false;
    ++steps[thread];
    return true;
  }
  void rest() { deadlock = steps[0] != freed || steps[1] != freed; }
  std::uint64_t broken() const { return deadlock ? deadlocked : 0; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const LockOrder&) const = default;
  void encode(sim::Encoder& encoder) const {
    sim::encode(encoder, steps);
    encoder.add(deadlock);
  }
};

// Philosophers think, take the left fork, take the right fork to eat, and put both down, for ever.
// The number of states for 2, 3, 4, ... is 6, 14, 34, 82, 198: the Pell-Lucas numbers.
struct Philosophers {
  enum class Does : std::uint8_t { think, wait, eat };
  static constexpr std::uint64_t deadlocked = 1;

  std::vector<Does> seats;
  std::uint64_t broke = 0;

  explicit Philosophers(std::size_t count) : seats(count, Does::think) {}

  Does left_of(std::size_t seat) const { return seats[(seat + seats.size() - 1) % seats.size()]; }
  Does right_of(std::size_t seat) const { return seats[(seat + 1) % seats.size()]; }
  bool may_move(std::size_t seat) const {
    switch (seats[seat]) {
      case Does::think:
        return left_of(seat) != Does::eat;
      case Does::wait:
        return right_of(seat) == Does::think;
      case Does::eat:
        return true;
    }
    return false;
  }
  bool step(sim::Turn turn) {
    std::vector<std::size_t> enabled;
    for (std::size_t seat = 0; seat < seats.size(); ++seat)
      if (may_move(seat)) enabled.push_back(seat);
    std::size_t seat = 0;
    if (!pick(turn, enabled, seat)) return false;
    seats[seat] = static_cast<Does>((static_cast<int>(seats[seat]) + 1) % 3);
    return true;
  }
  void rest() { broke |= deadlocked; }
  std::uint64_t broken() const { return broke; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const Philosophers&) const = default;
  void encode(sim::Encoder& encoder) const {
    sim::encode(encoder, seats);
    encoder.add(broke);
  }
};

static_assert(sim::System<CounterRace>);
static_assert(sim::System<Ring>);
static_assert(sim::System<Diamonds>);
static_assert(sim::System<LockOrder>);
static_assert(sim::System<Philosophers>);
}  // namespace toys
