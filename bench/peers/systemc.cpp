// SPDX-License-Identifier: Apache-2.0
// SystemC: an event and a method for each token; for PHOLD a queue of payloads for each process.
#include <systemc.h>
#include <tlm_utils/peq_with_get.h>

#include <deque>
#include <memory>

#include "bench/peers/peer.hpp"

namespace peers {
namespace {
// The tick of the kernel is one of ours: sc_set_time_resolution() is left at a picosecond.
sc_core::sc_time ticks(std::uint64_t count) { return sc_core::sc_time::from_value(count); }
std::uint64_t now() { return sc_core::sc_time_stamp().value(); }

Tally tally;

SC_MODULE(Token) {
  sc_core::sc_event due;
  Model model;
  std::uint32_t token;

  SC_HAS_PROCESS(Token);
  Token(sc_core::sc_module_name name, Model kind, std::uint32_t number)
      : sc_module(name), model(kind), token(number) {
    SC_METHOD(fire);
    sensitive << due;
    dont_initialize();
    due.notify(ticks(delay(mix(0, token))));
  }

  std::uint64_t delay(std::uint64_t word) const {
    return model == Model::wire ? wire_delay(word) : exponential(word);
  }
  void fire() { due.notify(ticks(delay(tally.count(now(), token)))); }
};

SC_MODULE(Operation) {
  sc_core::sc_event completion;
  sc_core::sc_event time_out;
  std::uint32_t number;

  SC_HAS_PROCESS(Operation);
  Operation(sc_core::sc_module_name name, std::uint32_t operation)
      : sc_module(name), number(operation) {
    SC_METHOD(complete);
    sensitive << completion;
    dont_initialize();
    SC_METHOD(give_up);
    sensitive << time_out;
    dont_initialize();
    begin(mix(0, number));
  }

  void begin(std::uint64_t word) {
    if (completes(word)) completion.notify(ticks(completion_delay(word)));
    time_out.notify(ticks(time_out_delay));
  }
  void complete() {
    time_out.cancel();
    begin(tally.count(now(), 2 * std::uint64_t{number}));
  }
  void give_up() {
    completion.cancel();
    begin(tally.count(now(), 2 * std::uint64_t{number} + 1));
  }
};

struct Payload {
  std::uint32_t token = 0;
};

struct Process;
std::deque<Process>* processes = nullptr;
std::deque<Payload>* payloads = nullptr;

SC_MODULE(Process) {
  tlm_utils::peq_with_get<Payload> queue;
  std::uint32_t number;

  SC_HAS_PROCESS(Process);
  Process(sc_core::sc_module_name name, std::uint32_t process)
      : sc_module(name), queue("queue"), number(process) {
    SC_METHOD(fire);
    sensitive << queue.get_event();
    dont_initialize();
    for (std::uint32_t i = 0; i < tokens_per_process; ++i) {
      const std::uint32_t token = number * tokens_per_process + i;
      queue.notify((*payloads)[token], ticks(phold_delay(mix(0, token))));
    }
  }

  void fire();
};

void Process::fire() {
  const auto count = static_cast<std::uint32_t>(processes->size());
  while (Payload* payload = queue.get_next_transaction()) {
    const std::uint64_t word = tally.count(now(), payload->token + (std::uint64_t{number} << 32));
    (*processes)[phold_process(word, count)].queue.notify(*payload, ticks(phold_delay(word)));
  }
}

template <class Module, class... Arguments>
void make(std::deque<Module>& modules, std::uint32_t count, Arguments... arguments) {
  for (std::uint32_t i = 0; i < count; ++i) {
    modules.emplace_back(sc_core::sc_gen_unique_name("m"), arguments..., i);
  }
}
}  // namespace

void run(const Workload& workload, Meter& meter) {
  std::deque<Token> tokens;
  std::deque<Operation> operations;
  std::deque<Process> all;
  std::deque<Payload> all_payloads;
  processes = &all;
  payloads = &all_payloads;
  switch (workload.model) {
    case Model::hold:
    case Model::wire:
      make(tokens, workload.pending, workload.model);
      break;
    case Model::phold:
      for (std::uint32_t i = 0; i < workload.pending; ++i) all_payloads.push_back({i});
      make(all, workload.pending / tokens_per_process);
      break;
    case Model::time_out:
      make(operations, workload.pending);
      break;
  }
  meter.populated(workload.pending);
  sc_core::sc_start(ticks(workload.warm_up_end()));
  meter.start(tally);
  sc_core::sc_start(ticks(workload.end() - workload.warm_up_end()));
  meter.stop(tally);
}
}  // namespace peers

int sc_main(int argc, char** argv) { return peers::peer_main(argc, argv); }
