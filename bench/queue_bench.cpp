// SPDX-License-Identifier: Apache-2.0
// The hold model: N events are pending; each turn takes the earliest and posts it again after a
// random time (1 to 2^31 ns, so ties are rare). Items are turns.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/ordered_queue.hpp"
#include "sim/timed_queue.hpp"

namespace {
using sim::Lane;
using sim::Nanoseconds;

// A fixed random sequence that costs two nanoseconds a number (splitmix64).
class Delays {
 public:
  Nanoseconds next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return 1 + (word >> 33);
  }

 private:
  std::uint64_t state_ = 1;
};

template <class Queue>
void hold(benchmark::State& state, Queue queue) {
  Delays delays;
  const auto pending = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t lane = 0; lane < pending; ++lane)
    queue.post_at(Lane{lane}, delays.next(), lane);
  for (auto _ : state) {
    benchmark::DoNotOptimize(queue.ready_count());
    const Lane lane = queue.ready_lane(0);
    const std::uint64_t what = queue.take(lane);
    queue.post_at(lane, queue.now() + delays.next(), what);
  }
  state.SetItemsProcessed(state.iterations());
}

void hold_event_queue(benchmark::State& state) {
  hold(state, sim::EventQueue<std::uint64_t>(sim::Order::by_time));
}
void hold_timer_wheel(benchmark::State& state) { hold(state, sim::TimedQueue<std::uint64_t>()); }
void hold_ordered_set(benchmark::State& state) { hold(state, sim::OrderedQueue<std::uint64_t>()); }

// Neither lanes nor cancellation: less than an event queue has to do.
void hold_priority_queue(benchmark::State& state) {
  using Event = std::pair<Nanoseconds, std::uint64_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue;
  Delays delays;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    queue.push({delays.next(), static_cast<std::uint64_t>(i)});
  for (auto _ : state) {
    const auto [due, what] = queue.top();
    queue.pop();
    queue.push({due + delays.next(), what});
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(hold_event_queue)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(hold_timer_wheel)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(hold_ordered_set)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(hold_priority_queue)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// Each operation has a lane for its completion and one for its timeout, eight times later on
// average. Nine of ten complete and cancel the timeout. Items are operations.
template <class Queue>
void time_out(benchmark::State& state, Queue queue) {
  Delays delays;
  const auto operations = static_cast<std::uint32_t>(state.range(0));
  const auto start = [&](std::uint32_t operation) {
    const Lane completion{2 * operation};
    const Lane timeout{2 * operation + 1};
    const Nanoseconds delay = delays.next();
    if (delay % 10 != 0) queue.post_at(completion, queue.now() + delay, operation);
    queue.post_at(timeout, queue.now() + 8 * delays.next(), operation);
  };
  for (std::uint32_t operation = 0; operation < operations; ++operation) start(operation);
  for (auto _ : state) {
    const Lane lane = queue.ready_lane(0);
    const std::uint64_t operation = queue.take(lane);
    queue.cancel(Lane{lane.value ^ 1});
    start(static_cast<std::uint32_t>(operation));
  }
  state.SetItemsProcessed(state.iterations());
}

void time_out_event_queue(benchmark::State& state) {
  time_out(state, sim::EventQueue<std::uint64_t>(sim::Order::by_time));
}
void time_out_ordered_set(benchmark::State& state) {
  time_out(state, sim::OrderedQueue<std::uint64_t>());
}
BENCHMARK(time_out_event_queue)->Arg(100)->Arg(10'000)->Arg(100'000);
BENCHMARK(time_out_ordered_set)->Arg(100)->Arg(10'000)->Arg(100'000);

// All lanes are due at the same instant, again and again: each turn is a choice among many.
void ties(benchmark::State& state) {
  sim::EventQueue<std::uint64_t> queue(sim::Order::by_time);
  Delays delays;
  const auto pending = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t lane = 0; lane < pending; ++lane) queue.post(Lane{lane}, 1000, lane);
  for (auto _ : state) {
    const std::uint32_t count = queue.ready_count();
    const Lane lane = queue.ready_lane(static_cast<std::uint32_t>(delays.next() % count));
    const std::uint64_t what = queue.take(lane);
    queue.post(lane, 1000, what);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ties)->Arg(4)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// What exploring pays per transition: copy a queue in any order, take, post.
void copy_any_order(benchmark::State& state) {
  sim::EventQueue<std::uint64_t> queue(sim::Order::any);
  const auto pending = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t lane = 0; lane < pending; ++lane) queue.post(Lane{lane}, 0, lane);
  sim::EventQueue<std::uint64_t> copy(sim::Order::any);
  for (auto _ : state) {
    copy = queue;
    const Lane lane = copy.ready_lane(copy.ready_count() - 1);
    copy.post(lane, 0, copy.take(lane));
    benchmark::DoNotOptimize(copy.size());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(copy_any_order)->Arg(2)->Arg(8)->Arg(32);
}  // namespace
