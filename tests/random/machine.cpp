// SPDX-License-Identifier: Apache-2.0
// Where a random scenario happens: hosts, devices, policy, kernel, processes and regions.
#include <algorithm>

#include "model/policy/registry.hpp"
#include "scenarios/language/model_words.hpp"
#include "tests/random/draft.hpp"

namespace random_scenarios {
namespace {

using language::SettingKind;
using language::SettingRow;

std::string random_value(Draw& draw, const SettingRow& row) {
  switch (row.kind) {
    case SettingKind::truth:
      return draw.chance(50) ? "yes" : "no";
    case SettingKind::word:
      return draw.of(row.choices);
    case SettingKind::duration:
      return draw.chance(50) ? "0us" : joined({std::to_string(1 + draw.below(20)), "us"});
    case SettingKind::size:
      return std::to_string(1 + draw.below(3)) + " pages";
    default:
      return std::to_string(1 + draw.below(3));
  }
}

// "{ recheck no; revoke one_by_one }", or nothing.
std::string random_settings(Draw& draw, const std::vector<SettingRow>& rows, std::uint32_t most) {
  std::string block;
  std::vector<std::string> used;
  for (std::uint32_t i = draw.below(most + 1); i > 0 && !rows.empty(); --i) {
    const SettingRow& row = draw.of(rows);
    if (std::ranges::find(used, row.name) != used.end()) continue;
    used.push_back(row.name);
    block += joined({block.empty() ? "" : "; ", row.name, " ", random_value(draw, row)});
  }
  return block.empty() ? "" : joined({" { ", block, " }"});
}

bool is_for(const language::PolicyRow& policy, const std::string& kind) {
  static const std::vector<model::PolicyInfo> all = model::policy_list();
  return std::ranges::find(all, policy.name, &model::PolicyInfo::name)->device == kind;
}

std::vector<language::PolicyRow> policies_of(const std::string& kind) {
  std::vector<language::PolicyRow> policies = language::full_vocabulary().policies;
  std::erase_if(policies, [&](const auto& each) { return !is_for(each, kind); });
  return policies;
}

std::string random_policy(Draft& draft, const std::vector<std::string>& kinds) {
  static const std::vector<std::string> usual = {"interval_notifier", "kvm", "handle", "xpmem"};
  const std::string kind = draft.draw.of(kinds);
  const bool of_rnics = kind == "rnic" || kind == "kvm";
  std::vector<language::PolicyRow> policies = policies_of(of_rnics ? "rnic" : kind);
  if (of_rnics) {  // For a device of another kind they mean nothing.
    for (const std::string& name : usual) {
      policies.insert(policies.end(), 8,
                      *language::find(language::full_vocabulary().policies, name));
    }
  }
  const language::PolicyRow policy = draft.draw.of(policies);
  draft.policy = policy.name;
  const std::uint32_t settings = draft.draw.chance(50) ? 0 : of_rnics ? 3 : 6;
  return joined({"policy ", policy.name, random_settings(draft.draw, policy.settings, settings)});
}

// With few retries, or no end of states comes into sight.
std::string random_transport(Draw& draw) {
  return joined({" { retry_cnt ", std::to_string(draw.below(2)), "; rnr_retry ",
                 std::to_string(draw.below(2)), draw.chance(30) ? "; on_fault wait" : "",
                 draw.chance(10) ? "; check_psn no" : "",
                 draw.chance(20) ? "; ack_write received" : "",
                 draw.chance(40) ? "; flush yes" : "", " }"});
}

void write_device(Draft& draft, const std::string& host, const std::string& name) {
  draft.devices.push_back({.name = joined({host, ".", name}), .host = host});
  std::string line = joined({"    device ", name, ": rnic { tlb ",
                             std::to_string(draft.draw.chance(70) ? 64 : 1 + draft.draw.below(2)),
                             " entries; odp ", draft.draw.chance(70) ? "on" : "off"});
  if (draft.reliable) line += "; rc" + random_transport(draft.draw);
  if (draft.draw.chance(15)) line += "; ud { on_fault wait }";
  if (draft.draw.chance(8)) {
    const std::string kept = draft.policy;
    draft.devices.back().has_policy = true;
    line += "; " + random_policy(draft, {"rnic"});
    draft.policy = kept;
  }
  draft.line(line + " }");
}

// A device that is no adapter: the test device of HMM, one that shares page tables, or KVM.
void write_other(Draft& draft, const std::string& host, const std::string& kind) {
  static const std::vector<std::string> dirty_logs = {"by_get", "manual", "initially_set"};
  const std::string name = kind == "mirror" ? "hmm0"
                           : kind == "sva"  ? "acc0"
                           : kind == "kvm"  ? "kvm0"
                                            : "nic0";
  draft.devices.push_back({.name = joined({host, ".", name}), .host = host, .kind = kind});
  std::string settings = kind == "mirror" ? "memory private" : "tlb 2 entries";
  if (kind != "pci" && kind != "kvm" && draft.draw.chance(40))
    settings = kind == "mirror" ? "memory coherent" : "pri no";
  if (kind == "kvm") settings = joined({"dirty_log ", draft.draw.of(dirty_logs)});
  if (kind == "sva" && draft.draw.chance(20)) settings = "completes_after_writes no";
  static const std::vector<std::string> ats = {"inval_queue 1",
                                               "inval_completion lost",
                                               "inval_completion late",
                                               "inval_completion doubled",
                                               "traffic_classes 2",
                                               "prq 1",
                                               "prq 4"};
  if (kind == "sva" && draft.draw.chance(40)) settings += "; " + draft.draw.of(ats);
  const std::vector<language::PolicyRow> policies = policies_of(kind);
  if (!policies.empty() && draft.draw.chance(30)) {  // Of its own; else that of all, if it fits.
    const language::PolicyRow policy = draft.draw.of(policies);
    draft.devices.back().has_policy = true;
    settings += "; policy " + policy.name + random_settings(draft.draw, policy.settings, 3);
  }
  draft.line(joined({"    device ", name, ": ", kind, " { ", settings, " }"}));
}

void write_module(Draft& draft, const std::string& host) {
  draft.devices.push_back({.name = joined({host, ".xpmem"}), .host = host, .kind = "xpmem"});
  draft.line("    device xpmem: xpmem");
}

// A sixth of the hosts is so small that it must reclaim.
void write_host(Draft& draft, const std::string& host) {
  draft.hosts.push_back(host);
  draft.line(joined({"host ", host, " {"}));
  draft.line(joined({"    cpus ", std::to_string(1 + draft.draw.below(3))}));
  const bool tiny = draft.draw.chance(16);
  draft.line(tiny ? joined({"    ram ", std::to_string(12 + 4 * draft.draw.below(4)), "k"})
                  : "    ram 64M");
  if (draft.draw.chance(70)) {
    draft.line(tiny ? joined({"    swap ", std::to_string(4 + 4 * draft.draw.below(4)), "k"})
                    : "    swap 64M");
  }
  if (draft.draw.chance(25)) draft.line("    alloc fifo");
  write_device(draft, host, "rnic0");
  if (draft.draw.chance(6)) write_device(draft, host, "rnic1");
  if (draft.draw.chance(8)) write_other(draft, host, "mirror");
  if (draft.draw.chance(16)) write_other(draft, host, "sva");
  if (draft.draw.chance(14)) write_other(draft, host, "pci");
  if (draft.draw.chance(9)) write_other(draft, host, "kvm");
  if (draft.draw.chance(10)) write_module(draft, host);
  draft.line("}");
}

void write_kernel(Draft& draft) {
  const auto& kernel = draft.draw.of(language::full_vocabulary().kernels);
  const std::uint32_t switches = draft.draw.chance(40) ? 0 : 3;
  draft.line(
      joined({"kernel ", kernel.version, random_settings(draft.draw, kernel.switches, switches)}));
}

void write_region(Draft& draft, const Process& process, const std::string& name) {
  static const std::vector<std::string> flags = {"rw", "ro", "none", "locked", "shared", "lazy"};
  Region region{.name = name, .process = process.name, .host = process.host};
  region.pages = draft.draw.chance(60) ? 1 : 1 + draft.draw.below(3);
  const std::string flag = draft.draw.chance(70) ? "" : draft.draw.of(flags);
  region.lazy = flag == "lazy";
  draft.line(joined({"    region ", name, ": ", draft.draw.chance(85) ? "anon" : "shmem", " ",
                     std::to_string(region.pages), " page", region.pages == 1 ? "" : "s",
                     flag.empty() ? "" : " ", flag}));
  draft.regions.push_back(region);
}

bool has_module(const Draft& draft, const std::string& host) {
  return std::ranges::any_of(
      draft.devices, [&](const Device& each) { return each.host == host && each.kind == "xpmem"; });
}

// Where it attaches memory, if its host has the module.
void write_place(Draft& draft, const Process& process, const std::string& name) {
  if (!has_module(draft, process.host)) return;
  Region region{.name = name, .process = process.name, .host = process.host, .xpmem = true};
  region.pages = 1 + draft.draw.below(2);
  draft.line(joined({"    region ", name, ": xpmem ", std::to_string(region.pages), " page",
                     region.pages == 1 ? "" : "s"}));
  draft.regions.push_back(region);
}

void write_buffer(Draft& draft) {
  if (!draft.draw.chance(12)) return;
  draft.buffer = Buffer{.file = "vram", .region = "gbuf", .pages = 1 + draft.draw.below(2)};
  draft.line(joined({"file vram on ", draft.hosts[0], ": pfnmap ",
                     std::to_string(draft.buffer->pages), " pages"}));
}

void write_processes(Draft& draft) {
  const std::string host = draft.hosts[0];
  write_buffer(draft);
  draft.processes.push_back({.name = "app", .host = host, .parent = ""});
  draft.line(joined({"process app on ", host, " {"}));
  write_region(draft, draft.processes[0], "buf");
  if (draft.draw.chance(25)) write_region(draft, draft.processes[0], "more");
  write_place(draft, draft.processes[0], "att");
  if (draft.buffer) {
    draft.line(joined(
        {"    region gbuf: file vram ", std::to_string(draft.buffer->pages), " pages rw shared"}));
  }
  draft.cached = draft.draw.chance(25);
  if (draft.cached) {
    const auto& rcache = language::full_vocabulary().process_settings[0];
    const std::string settings = random_settings(draft.draw, rcache.nested, 3);
    draft.line("    rcache" + (settings.empty() ? " {}" : settings));
  }
  draft.line("}");
  if (draft.draw.chance(20)) {
    draft.processes.push_back({.name = "kid", .host = host, .parent = "app"});
    draft.line(joined({"process kid on ", host}));
  }
  if (draft.hosts.size() == 1 && !draft.draw.chance(15)) return;
  const Process peer{.name = "peer", .host = draft.hosts.back(), .parent = ""};
  draft.processes.push_back(peer);
  const bool area = draft.draw.chance(25);
  if (!area && !has_module(draft, peer.host)) {
    return draft.line(joined({"process peer on ", peer.host}));
  }
  draft.line(joined({"process peer on ", peer.host, " {"}));
  if (area) write_region(draft, peer, "area");
  write_place(draft, peer, "use");
  draft.line("}");
}

void write_params(Draft& draft) {
  for (std::uint32_t i = 0; i < 2; ++i) {
    if (!draft.draw.chance(12)) continue;
    const std::string name = draft.new_name("p");
    draft.line(joined({"param ", name, draft.draw.chance(50) ? " = 1" : "", " in [0, 1]"}));
    draft.params.push_back(name);
  }
  if (!draft.params.empty() && draft.draw.chance(30)) {
    const std::string name = draft.new_name("k");
    draft.line(joined({"let ", name, " = ", draft.params[0], " * 2 + 1"}));
  }
}

}  // namespace

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

std::string slice(Draw& draw, std::uint32_t pages) {
  if (draw.chance(40)) return "";
  const std::uint32_t first = draw.below(pages);
  const std::uint32_t last = first + draw.below(pages - first);
  return first == last ? joined({"[", std::to_string(first), "]"})
                       : joined({"[", std::to_string(first), "..", std::to_string(last), "]"});
}

// What the fabric does with packets.
std::string random_faults(Draft& draft) {
  static const std::vector<std::string> faults = {"loss", "reorder", "duplicate"};
  const bool rnics = draft.devices.front().kind == "rnic";
  if (!draft.reliable || !rnics || draft.draw.chance(60)) return "";
  return joined({"; ", draft.draw.of(faults), " 0.1"});
}

void write_machine(Draft& draft) {
  draft.reliable = draft.draw.chance(25);
  write_host(draft, "A");
  if (draft.draw.chance(55)) {
    write_host(draft, "B");
    std::string devices[2];
    for (const Device& device : draft.devices) {
      std::string& end = devices[device.host == "A" ? 0 : 1];
      if (end.empty()) end = device.name;
    }
    const std::string settings = joined(
        {" { latency ", std::to_string(1 + draft.draw.below(3)), "us", random_faults(draft), " }"});
    draft.through_switch = draft.draw.chance(25);
    const std::string middle = draft.through_switch ? " <-> S1" : joined({" <-> ", devices[1]});
    draft.line(joined({"link ", devices[0], middle, settings}));
    if (draft.through_switch) {
      draft.line(joined({"link S1 <-> ", devices[1]}));
      draft.line("switch S1");
      draft.switched = devices[0];
    }
  }
  std::vector<std::string> kinds;
  for (const Device& device : draft.devices) {
    if (!device.has_policy) kinds.push_back(device.kind);
  }
  if (!kinds.empty()) draft.line(random_policy(draft, kinds));
  if (draft.draw.chance(35)) write_kernel(draft);
  if (draft.draw.chance(10)) draft.line("cost { ipi 5us; pte_walk 300ns }");
  write_params(draft);
  write_processes(draft);
}

}  // namespace random_scenarios
