// SPDX-License-Identifier: Apache-2.0
// The queue of events of this project, with dispatch by a table.
#include <array>
#include <memory>

#include "bench/peers/peer.hpp"
#include "sim/timed_queue.hpp"

namespace peers {
namespace {
// An event is a number: what it is, and for PHOLD at which process. Whose it is, says its lane.
using Event = std::uint32_t;
enum Kind : Event { hold_event, wire_event, phold_event, completion, expiry, end_event };
constexpr Event kinds = 8;

class Engine {
 public:
  explicit Engine(const Workload& load)
      : end_lane_{2 * load.pending}, processes_(load.pending / tokens_per_process) {}

  void populate(const Workload& load);
  void run_to(std::uint64_t end);

  Tally tally;

 private:
  using Handler = void (*)(Engine& engine, sim::Lane lane, std::uint32_t process);
  static const std::array<Handler, end_event> handlers;

  std::uint64_t count(std::uint64_t token) { return tally.count(queue_.now(), token); }
  void post(sim::Lane lane, std::uint64_t after, Event event) {
    queue_.post_at(lane, queue_.now() + after, event);
  }
  // Of an operation: its completion has an even lane, its time-out the odd one behind that.
  void begin(sim::Lane completion_lane, std::uint64_t word);

  static void hold(Engine& engine, sim::Lane lane, std::uint32_t process);
  static void wire(Engine& engine, sim::Lane lane, std::uint32_t process);
  static void phold(Engine& engine, sim::Lane lane, std::uint32_t process);
  static void complete(Engine& engine, sim::Lane lane, std::uint32_t process);
  static void expire(Engine& engine, sim::Lane lane, std::uint32_t process);

  sim::TimedQueue<Event> queue_;
  sim::Lane end_lane_;
  std::uint32_t processes_;
};

const std::array<Engine::Handler, end_event> Engine::handlers{
    Engine::hold, Engine::wire, Engine::phold, Engine::complete, Engine::expire};

void Engine::run_to(std::uint64_t end) {
  queue_.post_at(end_lane_, end, end_event);
  while (true) {
    const auto [lane, event] = queue_.take_first();
    if (event == end_event) return;
    handlers[event % kinds](*this, lane, event / kinds);
  }
}

void Engine::hold(Engine& engine, sim::Lane lane, std::uint32_t) {
  engine.post(lane, exponential(engine.count(lane.value)), hold_event);
}

void Engine::wire(Engine& engine, sim::Lane lane, std::uint32_t) {
  engine.post(lane, wire_delay(engine.count(lane.value)), wire_event);
}

void Engine::phold(Engine& engine, sim::Lane lane, std::uint32_t process) {
  const std::uint64_t word = engine.count(lane.value + (std::uint64_t{process} << 32));
  engine.post(lane, phold_delay(word),
              phold_event + kinds * phold_process(word, engine.processes_));
}

void Engine::begin(sim::Lane completion_lane, std::uint64_t word) {
  if (completes(word)) post(completion_lane, completion_delay(word), completion);
  post(sim::Lane{completion_lane.value + 1}, time_out_delay, expiry);
}

void Engine::complete(Engine& engine, sim::Lane lane, std::uint32_t) {
  engine.queue_.cancel(sim::Lane{lane.value + 1});
  engine.begin(lane, engine.count(lane.value));
}

void Engine::expire(Engine& engine, sim::Lane lane, std::uint32_t) {
  const sim::Lane other{lane.value - 1};
  engine.queue_.cancel(other);
  engine.begin(other, engine.count(lane.value));
}

void Engine::populate(const Workload& load) {
  for (std::uint32_t token = 0; token < load.pending; ++token) {
    const std::uint64_t word = mix(0, token);
    const sim::Lane lane{token};
    switch (load.model) {
      case Model::hold:
        post(lane, exponential(word), hold_event);
        break;
      case Model::wire:
        post(lane, wire_delay(word), wire_event);
        break;
      case Model::phold:
        post(lane, phold_delay(word), phold_event + kinds * (token / tokens_per_process));
        break;
      case Model::time_out:
        begin(sim::Lane{2 * token}, word);
        break;
    }
  }
}
}  // namespace

void run(const Workload& workload, Meter& meter) {
  const auto engine = std::make_unique<Engine>(workload);
  engine->populate(workload);
  meter.populated(workload.pending);
  engine->run_to(workload.warm_up_end());
  meter.start(engine->tally);
  engine->run_to(workload.end());
  meter.stop(engine->tally);
}
}  // namespace peers

int main(int argc, char** argv) { return peers::peer_main(argc, argv); }
