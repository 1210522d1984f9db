// SPDX-License-Identifier: Apache-2.0
// The blocks of a random scenario: init, and then threads or a timeline.
#include <algorithm>

#include "scenarios/language/model_words.hpp"
#include "tests/random/draft.hpp"

namespace random_scenarios {
namespace {

Actor process_actor(const Process& process) {
  return {.kind = Actor::Kind::process, .name = process.name, .host = process.host};
}

Actor random_actor(Draft& draft) {
  const std::uint32_t kind = draft.draw.below(10);
  if (kind < 5) return process_actor(draft.draw.of(draft.processes));
  if (kind < 8) {
    const Device& device = draft.draw.of(draft.devices);
    return {.kind = Actor::Kind::device, .name = device.name, .host = device.host};
  }
  const std::string& host = draft.draw.of(draft.hosts);
  return {.kind = Actor::Kind::kernel, .name = host + ".kernel", .host = host};
}

// What a child does is good only where something forks it.
bool must_fork(const Draft& draft) {
  return !draft.forked && std::ranges::any_of(draft.processes, [](const Process& each) {
    return !each.parent.empty();
  });
}

Actor next_actor(Draft& draft) {
  return must_fork(draft) ? process_actor(draft.processes[0]) : random_actor(draft);
}

std::optional<Call> next_call(Draft& draft, const Actor& actor, const std::vector<Object>& own) {
  if (!must_fork(draft) || actor.name != draft.processes[0].name) {
    return random_call(draft, actor, own);
  }
  draft.forked = true;
  return call_of(draft, "fork", actor, own);
}

void write_init_call(Draft& draft, const Actor& actor, const std::optional<Call>& call) {
  if (!call) return;
  std::string line = joined({"    ", actor.name, ": "});
  const bool kept = call->makes.kind != Object::Kind::none;
  if (kept) line += call->makes.name + " := ";
  line += call->text;
  if (draft.draw.chance(30)) line += "  = " + draft.draw.of(call->results);
  draft.line(line);
  if (kept) draft.objects.push_back(call->makes);
}

void init_call(Draft& draft, std::string_view verb, const Actor& actor) {
  write_init_call(draft, actor, call_of(draft, verb, actor, {}));
}

// What the policy is about: registrations, or handles with a user, or a window.
void init_objects(Draft& draft) {
  const Actor app = process_actor(draft.processes[0]);
  const Actor peer = process_actor(draft.processes.back());
  const bool remote = peer.name == "peer";
  const bool handles = draft.policy == "handle" || draft.policy == "xpmem";
  if (!handles || draft.draw.chance(25)) init_call(draft, "reg_mr", app);
  if (draft.buffer && draft.draw.chance(70)) init_call(draft, "reg_dmabuf_mr", app);
  if (draft.draw.chance(8)) init_call(draft, "reg_mr", app);
  for (const Device& device : draft.devices) {
    if (device.host != app.host || !draft.draw.chance(80)) continue;
    if (device.kind == "mirror") init_call(draft, "hmm_open", app);
    if (device.kind == "sva") init_call(draft, "iommu_sva_bind_device", app);
    if (device.kind == "pci") {
      init_call(draft, "dma_map", app);
      if (draft.draw.chance(30)) init_call(draft, "iommufd_access_pin_pages", app);
    }
    if (device.kind == "kvm") {
      init_call(draft, "KVM_CREATE_VM", app);
      init_call(draft, "KVM_SET_USER_MEMORY_REGION", app);
    }
    if (device.kind == "xpmem") {
      const Actor& user = peer.host == app.host ? peer : app;
      init_call(draft, "xpmem_make", app);
      init_call(draft, "xpmem_get", user);
      if (draft.draw.chance(80)) init_call(draft, "xpmem_attach", user);
    }
  }
  if (remote && draft.draw.chance(handles ? 15 : 60)) {
    const Device& device = draft.devices[0];
    Object qp{.kind = Object::Kind::qp, .name = draft.new_name("qp"), .owner = peer.name};
    qp.device = device.name;
    qp.maker = "connect";
    draft.line(joined({"    peer: ", qp.name, " := connect(", device.name, ")"}));
    draft.objects.push_back(qp);
    if (draft.draw.chance(30)) {
      const bool shared = draft.reliable && draft.draw.chance(70);
      init_call(draft, shared ? "create_srq" : "create_ud_qp", app);
      init_call(draft, "post_recv", app);
    }
  }
  if (remote && draft.draw.chance(handles ? 95 : 8)) {
    init_call(draft, draft.draw.chance(75) ? "export" : "mpi_win", app);
    if (draft.draw.chance(85)) init_call(draft, "attach", peer);
  }
}

struct Line {
  std::string time;
  std::string actor;
  Call call;
};

std::string random_time(Draft& draft) {
  const auto number = [&] { return std::to_string(draft.draw.below(9)); };
  static const std::vector<std::string> events = {
      "start", "done",     "done", "half",    "pte_cleared", "range_start",
      "clear", "released", "lock", "pte_set", "swap_out",    "dev_fault"};
  switch (draft.draw.below(6)) {
    case 0:
      return "+" + number() + "us";
    case 1:
      return "+" + number() + "us~+9us";
    case 2:
      return "+0us...+900us";
    case 3:
      return "@" + number() + "us";
    default:
      break;
  }
  if (draft.labels.empty()) return "*";
  std::string event = draft.draw.of(events);
  const Label& label = draft.draw.of(draft.labels);
  return joined({"@", label.name, ".", event, draft.draw.chance(15) ? "+200ns" : ""});
}

// Writes one line of a block; false if the actor can do nothing.
bool write_line(Draft& draft, const Actor& actor, const std::string& prefix, bool timed,
                std::vector<Object>& own, std::vector<std::string>& registers) {
  const std::optional<Call> call = next_call(draft, actor, own);
  if (!call) return false;
  std::string line = "    ";
  if (timed || draft.draw.chance(12)) {
    const std::string time = random_time(draft);
    draft.timed = draft.timed || time[0] == '+' || time[0] == '@';
    line += time + " ";
  }
  line += prefix;
  if (call->makes.kind != Object::Kind::none) {
    line += call->makes.name + " := ";
    own.push_back(call->makes);
  } else if (draft.draw.chance(60)) {
    registers.push_back(draft.new_name("r"));
    line += registers.back() + " := ";
  }
  line += call->text;
  if (draft.draw.chance(25)) line += "  = " + draft.draw.of(call->results);
  std::string label;
  if (draft.draw.chance(45)) label = draft.new_name("L");
  if (!label.empty()) line += "  as " + label;
  if (timed && draft.draw.chance(20)) {
    line += "  (async)";
  } else if (draft.draw.chance(3)) {
    line += "  (faults: 1)";
  }
  draft.line(line);
  if (!label.empty()) draft.labels.push_back({.name = label, .call = call->verb});
  if (draft.draw.chance(12)) write_emission(draft);
  return true;
}

// Returns how many lines it got.
std::uint32_t write_thread(Draft& draft, const Actor& actor, std::uint32_t calls) {
  const std::string name = actor.kind == Actor::Kind::process
                               ? joined({actor.name, ".", draft.new_name("t")})
                               : actor.name;
  draft.line(joined({"thread ", name, " {"}));
  std::vector<Object> own;
  std::vector<std::string> registers;
  std::uint32_t lines = 0;
  for (std::uint32_t i = 0; i < calls; ++i) {
    if (write_line(draft, actor, "", false, own, registers)) ++lines;
  }
  draft.line("}");
  for (const std::string& each : registers) draft.registers.push_back(name + ":" + each);
  return lines;
}

void write_threads(Draft& draft) {
  std::vector<std::string> used;
  std::uint32_t lines = 0;  // Two threads, and more while they have little to do.
  for (std::uint32_t threads = 0; threads < 2 || (lines < 5 && threads < 6); ++threads) {
    const Actor actor = next_actor(draft);
    const bool again = std::ranges::find(used, actor.name) != used.end();
    if (again && actor.kind != Actor::Kind::process) continue;  // It has one thread.
    used.push_back(actor.name);
    lines += write_thread(draft, actor, 1 + draft.draw.below(3));
  }
}

void write_timeline(Draft& draft) {
  draft.line("timeline {");
  std::vector<Object> none;
  std::vector<std::string> registers;
  for (std::uint32_t calls = 3 + draft.draw.below(4); calls > 0; --calls) {
    const Actor actor = next_actor(draft);
    const std::size_t before = registers.size();
    write_line(draft, actor, actor.name + ": ", true, none, registers);
    for (std::size_t i = before; i < registers.size(); ++i) {
      draft.registers.push_back(registers[i]);
    }
    draft.objects.insert(draft.objects.end(), none.begin(), none.end());
    none.clear();
  }
  draft.line("}");
}

}  // namespace

void write_init(Draft& draft) {
  draft.line("init {");
  const Actor app = process_actor(draft.processes[0]);
  const bool fork_in_init = draft.processes.size() > 1 && draft.draw.chance(40);
  draft.forked = fork_in_init;
  for (const Region& region : draft.regions) {
    if (region.lazy || !draft.draw.chance(85)) continue;
    draft.line(joined({"    ", region.process, ": memset(", region.name, ", ",
                       std::to_string(1 + draft.draw.below(2)), ")"}));
  }
  init_objects(draft);
  if (draft.draw.chance(25)) {
    const Actor actor = random_actor(draft);
    std::optional<Call> call = random_call(draft, actor, {});
    if (call && call->verb != "mpi_recv") write_init_call(draft, actor, call);
  }
  if (fork_in_init) init_call(draft, "fork", app);
  draft.line("}");
}

void write_program(Draft& draft) {
  if (draft.draw.chance(82)) {
    write_threads(draft);
  } else {
    write_timeline(draft);
  }
  if (draft.timed) draft.line("explore all");
}

}  // namespace random_scenarios
