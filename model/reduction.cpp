// SPDX-License-Identifier: Apache-2.0
#include "model/reduction.hpp"

#include <algorithm>

#include "model/memory/cpu.hpp"

namespace model {
namespace {

using Code = Operation::Code;

std::vector<const Expression*> expressions_of(const Setup& setup,
                                              const std::vector<Expression>& questions) {
  std::vector<const Expression*> all;
  for (const Claim& claim : setup.claims) all.push_back(&claim.expression);
  for (const Expression& question : questions) all.push_back(&question);
  return all;
}

bool names_frame(const Operation& operation) {
  return operation.code == Code::pte || operation.code == Code::device_tlb;
}

// Frames are only compared with each other, or with "none".
bool frames_compared(const Expression& expression) {
  std::size_t compared = 0;
  std::size_t named = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (names_frame(expression[i])) ++named;
    const bool equality =
        expression[i].code == Code::equal || expression[i].code == Code::not_equal;
    if (!equality || i < 2) continue;
    const Operation& left = expression[i - 2];
    const Operation& right = expression[i - 1];
    const auto harmless = [](const Operation& operand) {
      return names_frame(operand) || (operand.code == Code::number && operand.constant == unset);
    };
    if (!harmless(left) || !harmless(right)) continue;
    compared += (names_frame(left) ? 1U : 0U) + (names_frame(right) ? 1U : 0U);
  }
  return compared == named;
}

bool calls(const Setup& setup, Verb verb) {
  return std::ranges::any_of(setup.lines, [=](const Line& line) { return line.call.verb == verb; });
}

// Does a worker ever end while an answer to it is on its way? The next one may get its number.
bool workers_outlive_answers(const Policy& policy) {
  const auto* handle = std::get_if<HandlePolicy>(&policy);
  const auto* xpmem = std::get_if<XpmemPolicy>(&policy);
  const RecallProtocol* recall = handle;
  if (xpmem != nullptr) recall = xpmem;
  return recall == nullptr || (recall->wait_answers && recall->quiesce_timeout == 0);
}

std::uint64_t pages_of(const Setup& setup) {
  std::uint64_t pages = 0;
  for (const RegionSetup& region : setup.regions) pages += region.pages.count;
  return pages;
}

bool has_gigantic(const Setup& setup) {
  return std::ranges::any_of(setup.regions, &RegionSetup::gigantic) ||
         std::ranges::any_of(setup.files, &FileSetup::gigantic) ||
         std::ranges::any_of(setup.lines, [](const Line& line) {
           return line.call.verb == Verb::mmap && (line.call.flags & map_flag::huge_1gb) != 0;
         });
}

// mmap() of hugetlb takes more pages than it is asked for.
bool may_round_up(const Setup& setup) {
  return std::ranges::any_of(setup.regions, &RegionSetup::hugetlb) ||
         std::ranges::any_of(setup.lines, [](const Line& line) {
           return line.call.verb == Verb::mmap && (line.call.flags & map_flag::hugetlb) != 0;
         });
}

void find_room(const Setup& setup, Reduction& reduction) {
  const std::uint64_t pages = pages_of(setup) * setup.processes.size();
  const bool known = !may_round_up(setup);
  reduction.cpu_tlb_roomy = known && pages <= Cpu::tlb_entries;
  std::uint64_t registered = 0;
  for (const Line& line : setup.lines) {
    const Verb verb = line.call.verb;
    const bool registers =
        verb == Verb::reg_mr || verb == Verb::export_handle || verb == Verb::dma_map;
    if (registers) registered += line.call.pages.count;
  }
  // Any page of a process is in reach of who shares its page table, and a cache registers more than
  // it is asked for. Each vCPU has a TLB.
  const bool implicit = std::ranges::any_of(setup.lines, [](const Line& line) {
    return line.call.verb == Verb::reg_mr && line.call.pages.count == 0;
  });
  const bool counted = !implicit && !calls(setup, Verb::sva_bind) &&
                       !calls(setup, Verb::rcache_get) && !calls(setup, Verb::kvm_create_vm);
  reduction.device_tlb_roomy =
      counted && std::ranges::all_of(setup.adapters, [&](const AdapterSetup& card) {
        return registered <= card.tlb_entries;
      });
  // With so many frames nobody runs short of them: World::check_room() sees to it.
  reduction.lru_unread = known && !calls(setup, Verb::reclaim) &&
                         std::ranges::all_of(setup.hosts, [&](const HostSetup& host) {
                           return 8 * pages + 64 <= host.frames;
                         });
}

void find_readers(const Setup& setup, const std::vector<Expression>& questions,
                  Reduction& reduction) {
  reduction.variable_read.resize(setup.variables.size());
  reduction.variable_calls.resize(setup.variables.size());
  const auto reads = [&](VariableId variable) {
    if (variable.some()) reduction.variable_read[variable.index()] = true;
  };
  for (const Expression* expression : expressions_of(setup, questions)) {
    for (const Operation& operation : *expression) reads(operation.variable);
  }
  for (const Monitor& monitor : setup.monitors) {
    reads(monitor.what.variable);
    reads(monitor.other.variable);
  }
  reduction.variable_queue.resize(setup.variables.size());
  for (std::uint32_t i = 0; i < setup.lines.size(); ++i) {
    const VariableId result = setup.lines[i].result;
    const Verb verb = setup.lines[i].call.verb;
    const bool makes_queue =
        verb == Verb::connect || verb == Verb::create_ud_qp || verb == Verb::create_srq;
    if (makes_queue && result.some()) {
      reduction.variable_queue[result.index()] = true;
    }
    for (const VariableId taken : {setup.lines[i].call.target.variable,
                                   setup.lines[i].call.local.variable, setup.lines[i].call.queue}) {
      if (taken.some()) reduction.variable_calls[taken.index()].push_back(LineId{i});
    }
  }
}

}  // namespace

std::vector<std::uint32_t> Permutation::order(Kind kind) const {
  std::vector<std::uint32_t> ids(names[kind].size());
  for (std::uint32_t id = 0; id < ids.size(); ++id) ids[names[kind][id]] = id;
  return ids;
}

std::uint64_t Permutation::bits(Kind kind, std::uint64_t set) const {
  std::uint64_t renamed = 0;
  for (std::uint32_t i = 0; i < 64; ++i) {
    if (((set >> i) & 1) != 0) renamed |= std::uint64_t{1} << of(kind, i);
  }
  return renamed;
}

Permutation Permutation::after(const Permutation& first) const {
  Permutation both = first;
  for (std::uint32_t kind = 0; kind < kind_count; ++kind) {
    for (std::uint32_t& name : both.names[kind]) name = of(static_cast<Kind>(kind), name);
  }
  return both;
}

Reduction reduction_of(const Setup& setup, const std::vector<Expression>& questions, Reduce what) {
  Reduction reduction{.what = what};
  bool sequence_shown = false;
  for (const Expression* expression : expressions_of(setup, questions)) {
    if (!frames_compared(*expression)) reduction.what.numbers = false;
    for (const Operation& operation : *expression) {
      sequence_shown = sequence_shown || operation.code == Code::sequence;
    }
  }
  // These keep what read_begin() gave as a number, which a program may even see.
  const bool sequence_kept = calls(setup, Verb::interval_read_begin) ||
                             calls(setup, Verb::hmm_range_fault) ||
                             std::ranges::any_of(setup.adapters, &AdapterSetup::checks_exclusive);
  if (sequence_shown || sequence_kept) reduction.what.sequences = false;
  for (const AdapterSetup& card : setup.adapters) {
    if (!workers_outlive_answers(card.policy)) reduction.what.numbers = false;
  }
  // Where hosts die, workers end anyhow.
  if (calls(setup, Verb::kill)) reduction.what.numbers = reduction.what.symmetry = false;
  // Nor have the lanes of signals, and of messages that come late; hosts are bits of a partition.
  const bool signals = std::ranges::any_of(
      setup.lines, [](const Line& line) { return line.injected.signal != Injection::none; });
  const bool doubtful = std::ranges::any_of(setup.links, [](const LinkSetup& link) {
    return link.lost != 0 || link.late != 0 || link.doubled != 0;
  });
  if (signals || doubtful || calls(setup, Verb::partition)) reduction.what.symmetry = false;
  if (doubtful) reduction.what.numbers = false;  // An answer may outlive who waits for it.
  // Nor have links.
  if (std::ranges::any_of(setup.lines, [](const Line& line) { return line.call.link.some(); })) {
    reduction.what.symmetry = false;
  }
  // The lanes of late packets and of timers have no other names.
  if (std::ranges::any_of(setup.adapters,
                          [](const AdapterSetup& card) { return card.rc.exists; })) {
    reduction.what.symmetry = false;
  }
  find_room(setup, reduction);
  if (has_gigantic(setup)) reduction.what.numbers = false;  // Their frames have no names.
  find_readers(setup, questions, reduction);
  const auto kswapds = std::ranges::count_if(
      setup.hosts, [](const HostSetup& host) { return host.frames / 128 != 0; });
  reduction.fixed_tasks =
      static_cast<std::uint32_t>(setup.programs.size()) + static_cast<std::uint32_t>(kswapds);
  reduction.group.push_back({});
  return reduction;
}

}  // namespace model
