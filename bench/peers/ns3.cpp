// SPDX-License-Identifier: Apache-2.0
// ns-3: events are functions bound to their arguments, in the default queue.
#include <ns3/core-module.h>

#include <vector>

#include "bench/peers/peer.hpp"

namespace peers {
namespace {
using ns3::Simulator;

ns3::Time ticks(std::uint64_t count) { return ns3::NanoSeconds(count); }
std::uint64_t now() { return static_cast<std::uint64_t>(Simulator::Now().GetNanoSeconds()); }

Tally tally;
std::uint32_t processes = 0;
std::vector<ns3::EventId> completions;
std::vector<ns3::EventId> time_outs;

void hold(std::uint32_t token) {
  Simulator::Schedule(ticks(exponential(tally.count(now(), token))), &hold, token);
}

void wire(std::uint32_t token) {
  Simulator::Schedule(ticks(wire_delay(tally.count(now(), token))), &wire, token);
}

void phold(std::uint32_t token, std::uint32_t process) {
  const std::uint64_t word = tally.count(now(), token + (std::uint64_t{process} << 32));
  Simulator::Schedule(ticks(phold_delay(word)), &phold, token, phold_process(word, processes));
}

void complete(std::uint32_t operation);
void time_out(std::uint32_t operation);

void begin(std::uint32_t operation, std::uint64_t word) {
  if (completes(word)) {
    completions[operation] =
        Simulator::Schedule(ticks(completion_delay(word)), &complete, operation);
  }
  time_outs[operation] = Simulator::Schedule(ticks(time_out_delay), &time_out, operation);
}

void complete(std::uint32_t operation) {
  time_outs[operation].Cancel();
  begin(operation, tally.count(now(), 2 * std::uint64_t{operation}));
}

void time_out(std::uint32_t operation) {
  completions[operation].Cancel();
  begin(operation, tally.count(now(), 2 * std::uint64_t{operation} + 1));
}

void populate(const Workload& load) {
  for (std::uint32_t token = 0; token < load.pending; ++token) {
    const std::uint64_t word = mix(0, token);
    switch (load.model) {
      case Model::hold:
        Simulator::Schedule(ticks(exponential(word)), &hold, token);
        break;
      case Model::wire:
        Simulator::Schedule(ticks(wire_delay(word)), &wire, token);
        break;
      case Model::phold:
        Simulator::Schedule(ticks(phold_delay(word)), &phold, token, token / tokens_per_process);
        break;
      case Model::time_out:
        begin(token, word);
        break;
    }
  }
}

void run_to(std::uint64_t end) {
  Simulator::Stop(ticks(end - now()));
  Simulator::Run();
}
}  // namespace

void run(const Workload& workload, Meter& meter) {
  processes = workload.pending / tokens_per_process;
  completions.resize(workload.pending);
  time_outs.resize(workload.pending);
  populate(workload);
  meter.populated(workload.pending);
  run_to(workload.warm_up_end());
  meter.start(tally);
  run_to(workload.end());
  meter.stop(tally);
  Simulator::Destroy();
}
}  // namespace peers

int main(int argc, char** argv) { return peers::peer_main(argc, argv); }
