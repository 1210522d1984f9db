// SPDX-License-Identifier: Apache-2.0
#include "model/symmetry.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "model/setup_encoding.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

using Bytes = std::vector<std::byte>;
using Questions = std::vector<Expression>;

std::vector<std::uint32_t> counted(std::size_t size) {
  std::vector<std::uint32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0U);
  return numbers;
}

Permutation identity(const Setup& setup, const World& start) {
  const Machine& machine = start.machine();
  Permutation names;
  names.names[task_kind] = counted(machine.tasks.size());
  names.names[cpu_kind] = counted(machine.cpus.size());
  names.names[host_kind] = counted(setup.hosts.size());
  names.names[adapter_kind] = counted(setup.adapters.size());
  names.names[mm_kind] = counted(setup.processes.size());
  names.names[queue_kind] = counted(machine.queues.size());
  names.names[variable_kind] = counted(setup.variables.size());
  names.names[line_kind] = counted(setup.lines.size());
  names.names[claim_kind] = counted(setup.claims.size());
  names.names[monitor_kind] = counted(setup.monitors.size());
  names.names[point_kind] = counted(setup.points.size());
  return names;
}

// Lets two parts of a setup change places, and with them all that would have to follow. What comes
// out may still be wrong: is_symmetry() decides.
class Exchange {
 public:
  Exchange(const Setup& setup, const World& start, const Reduction& reduction)
      : setup_(setup),
        machine_(start.machine()),
        reduction_(reduction),
        names_(identity(setup, start)) {}

  bool programs(std::uint32_t a, std::uint32_t b) {
    if (!swap(task_kind, a, b)) return false;
    if (a == b) return true;
    const Program& left = setup_.programs[a];
    const Program& right = setup_.programs[b];
    if (left.lines.size() != right.lines.size() || left.cpu.some() != right.cpu.some() ||
        left.mm.some() != right.mm.some() || left.adapter.some() != right.adapter.some()) {
      return false;
    }
    if (!hosts(left.host, right.host)) return false;
    if (left.mm.some() && !swap(mm_kind, left.mm.value, right.mm.value)) return false;
    if (left.adapter.some() && !swap(adapter_kind, left.adapter.value, right.adapter.value)) {
      return false;
    }
    if (left.cpu.some() && !swap(cpu_kind, left.cpu.value, right.cpu.value)) return false;
    for (std::size_t i = 0; i < left.lines.size(); ++i) {
      if (!lines(left.lines[i], right.lines[i])) return false;
    }
    return true;
  }

  bool hosts(HostId a, HostId b) {
    if (names_.of(host_kind, a.value) == b.value) return true;
    if (!swap(host_kind, a.value, b.value)) return false;
    const auto of = [](HostId host) {
      return [host](const auto& part) { return part.host == host; };
    };
    return all(cpu_kind, machine_.cpus, of(a), of(b)) &&
           all(adapter_kind, setup_.adapters, of(a), of(b)) &&
           all(mm_kind, setup_.processes, of(a), of(b)) && tasks_of(a, b);
  }

  // Monitors and claims follow from the rest.
  std::optional<Permutation> finish() {
    for (std::uint32_t i = 0; i < machine_.queues.size(); ++i) {
      if (names_.of(queue_kind, i) == i && !match_queue(i)) return {};
    }
    if (!match(monitor_kind, setup_.monitors)) return {};
    for (std::uint32_t i = 0; i < setup_.monitors.size(); ++i) {
      const std::uint32_t other = names_.of(monitor_kind, i);
      names_.names[claim_kind][setup_.monitors[i].claim] = setup_.monitors[other].claim;
    }
    if (!match(claim_kind, setup_.claims)) return {};
    return names_;
  }

 private:
  bool swap(Kind kind, std::uint32_t a, std::uint32_t b) {
    auto& names = names_.names[kind];
    if (a >= names.size() || b >= names.size()) return a == b;
    if (names[a] == b && names[b] == a) return true;
    if (names[a] != a || names[b] != b) return false;
    std::swap(names[a], names[b]);
    return true;
  }

  // The parts that one host has, with those of the other one, in their order.
  template <class Items, class Left, class Right>
  bool all(Kind kind, const Items& items, Left left, Right right) {
    std::vector<std::uint32_t> ours;
    std::vector<std::uint32_t> theirs;
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      if (left(items[i])) ours.push_back(i);
      if (right(items[i])) theirs.push_back(i);
    }
    if (ours.size() != theirs.size()) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (names_.of(kind, ours[i]) != ours[i]) continue;  // Has a partner already.
      if (!swap(kind, ours[i], theirs[i])) return false;
    }
    return true;
  }

  bool tasks_of(HostId a, HostId b) {
    std::vector<std::uint32_t> ours;
    std::vector<std::uint32_t> theirs;
    for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
      if (machine_.tasks[i].host == a) ours.push_back(i);
      if (machine_.tasks[i].host == b) theirs.push_back(i);
    }
    if (ours.size() != theirs.size()) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const bool worker = ours[i] >= setup_.programs.size();
      if (names_.of(task_kind, ours[i]) != ours[i]) continue;
      if (worker ? !swap(task_kind, ours[i], theirs[i]) : !programs(ours[i], theirs[i])) {
        return false;
      }
    }
    return true;
  }

  bool lines(LineId a, LineId b) {
    const Line& left = setup_.lines[a.index()];
    const Line& right = setup_.lines[b.index()];
    if (left.init != right.init) return false;
    if (left.init) return variables(left.result, right.result);
    if (!swap(line_kind, a.value, b.value)) return false;
    if (left.claim != no_claim && right.claim != no_claim &&
        !swap(claim_kind, left.claim, right.claim)) {
      return false;
    }
    if (left.gate.kind == Gate::Kind::point && right.gate.kind == Gate::Kind::point &&
        !swap(point_kind, left.gate.point, right.gate.point)) {
      return false;
    }
    return variables(left.result, right.result) &&
           variables(left.call.target.variable, right.call.target.variable) &&
           variables(left.call.queue, right.call.queue);
  }

  bool variables(VariableId a, VariableId b) {
    if (!a.some() || !b.some()) return a == b;
    const Result& left = machine_.variables[a.index()];
    const Result& right = machine_.variables[b.index()];
    if (left.kind != right.kind || !swap(variable_kind, a.value, b.value)) return false;
    const bool queues = left.kind == Result::Kind::object && reduction_.variable_queue[a.index()] &&
                        reduction_.variable_queue[b.index()];
    return !queues || swap(queue_kind, left.number, right.number);
  }

  // A queue pair of the init block goes where its user and its cards go.
  bool match_queue(std::uint32_t index) {
    const auto renamed = [&](const QueuePair& queue) {
      return std::array{
          names_.of(mm_kind, queue.user.value), names_.of(adapter_kind, queue.card.value),
          names_.of(adapter_kind, queue.peer.value), static_cast<std::uint32_t>(queue.kind)};
    };
    const auto own = [](const QueuePair& queue) {
      return std::array{queue.user.value, queue.card.value, queue.peer.value,
                        static_cast<std::uint32_t>(queue.kind)};
    };
    const auto wanted = renamed(machine_.queues[index]);
    if (wanted == own(machine_.queues[index])) return true;
    for (std::uint32_t other = 0; other < machine_.queues.size(); ++other) {
      if (wanted == own(machine_.queues[other]) && swap(queue_kind, index, other)) return true;
    }
    return false;
  }

  // Each item to one that is what it becomes under the new names.
  template <class Items>
  bool match(Kind kind, const Items& items) {
    auto& names = names_.names[kind];
    const Permutation same;
    std::vector<bool> taken(items.size());
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      if (names[i] != i) taken[names[i]] = true;
    }
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      if (names[i] != i) continue;
      const Bytes wanted = bytes_of(items[i], names_);
      std::uint32_t other = i;
      if (taken[i] || bytes_of(items[i], same) != wanted) {
        other = 0;
        while (other < items.size() && (taken[other] || bytes_of(items[other], same) != wanted)) {
          ++other;
        }
      }
      if (other == items.size()) return false;
      names[i] = other;
      taken[other] = true;
    }
    return true;
  }

  const Setup& setup_;
  const Machine& machine_;
  const Reduction& reduction_;
  Permutation names_;
};

bool is_permutation(const Permutation& names) {
  const auto& lines = names.names[line_kind];
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    // Of the first 64 calls it is kept which had returned when another one started.
    if ((i < 64) != (lines[i] < 64)) return false;
  }
  return std::ranges::all_of(names.names, [](std::vector<std::uint32_t> images) {
    const std::size_t size = images.size();
    std::ranges::sort(images);
    return images == counted(size);
  });
}

Symmetry with_order(const Permutation& names) {
  Symmetry symmetry{.names = names};
  for (std::uint32_t kind = 0; kind < kind_count; ++kind) {
    symmetry.order[kind] = names.order(static_cast<Kind>(kind));
  }
  return symmetry;
}

// All products of the generators; none if there are too many.
std::vector<Permutation> products(const std::vector<Permutation>& generators,
                                  const Permutation& one) {
  std::vector<Permutation> all{one};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const Permutation& generator : generators) {
      const Permutation next = generator.after(all[i]);
      if (std::ranges::find(all, next) != all.end()) continue;
      if (all.size() == symmetries_max) return {};
      all.push_back(next);
    }
  }
  return all;
}

// "B.t0, C.t0", for each set of programs that may change places.
std::vector<std::string> alike_in(const Setup& setup, const std::vector<Permutation>& group) {
  std::vector<std::string> texts;
  std::vector<bool> told(setup.programs.size());
  for (std::uint32_t i = 0; i < setup.programs.size(); ++i) {
    if (told[i]) continue;
    std::string text = setup.programs[i].name;
    for (std::uint32_t other = i + 1; other < setup.programs.size(); ++other) {
      const bool reached = std::ranges::any_of(
          group, [&](const Permutation& names) { return names.of(task_kind, i) == other; });
      if (!reached) continue;
      told[other] = true;
      text += ", " + setup.programs[other].name;
    }
    if (text != setup.programs[i].name) texts.push_back(text);
  }
  return texts;
}

}  // namespace

bool is_symmetry(const Setup& setup, const World& start, const Questions& questions,
                 const Reduction& reduction, const Permutation& names) {
  const Permutation one = identity(setup, start);
  if (!is_permutation(names)) return false;
  if (bytes_of(setup, questions, names) != bytes_of(setup, questions, one)) return false;
  World world = start;
  world.reduce(reduction);
  sim::Encoder renamed;
  sim::Encoder same;
  world.encode_renamed(renamed, with_order(names));
  world.encode_renamed(same, with_order(one));
  return std::ranges::equal(renamed.bytes(), same.bytes());
}

Reduction find_reduction(const Setup& setup, const World& start, const Questions& questions,
                         Reduce what) {
  Reduction reduction = reduction_of(setup, questions, what);
  if (!reduction.what.symmetry) return reduction;
  const Permutation one = identity(setup, start);
  std::vector<Permutation> generators;
  std::vector<Permutation> group{one};
  const auto consider = [&](const std::optional<Permutation>& names) {
    if (!names || std::ranges::find(group, *names) != group.end()) return;
    if (!is_symmetry(setup, start, questions, reduction, *names)) return;
    generators.push_back(*names);
    std::vector<Permutation> larger = products(generators, one);
    if (larger.empty()) return generators.pop_back();
    group = std::move(larger);
  };
  for (std::uint32_t a = 0; a < setup.programs.size(); ++a) {
    for (std::uint32_t b = a + 1; b < setup.programs.size(); ++b) {
      Exchange exchange(setup, start, reduction);
      if (exchange.programs(a, b)) consider(exchange.finish());
    }
  }
  reduction.alike = alike_in(setup, group);
  reduction.group.clear();
  for (const Permutation& names : group) reduction.group.push_back(with_order(names));
  return reduction;
}

}  // namespace model
