// SPDX-License-Identifier: Apache-2.0
// Each struct is taken apart by a structured binding: a field that is added to the setup does not
// compile here before somebody has said what a renaming does to it.

#include "model/setup_encoding.hpp"

#include <algorithm>

#include "model/policy/registry.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

using Bytes = std::vector<std::byte>;

// An encoder in which ids have the names of a permutation.
class Renamed {
 public:
  explicit Renamed(const Permutation& names) : permutation_(names), tables_(names.names) {
    for (std::size_t kind = 0; kind < kind_count; ++kind) names_.tables[kind] = tables_[kind];
    out_.rename(&names_);
  }
  Renamed(const Renamed&) = delete;
  Renamed& operator=(const Renamed&) = delete;

  template <class T>
  void add(const T& value) {
    sim::encode(out_, value);
  }
  // A number that is none (all ones) or one of a kind.
  void add_number(Kind kind, std::uint32_t number) {
    out_.add(number == no_claim ? number : permutation_.of(kind, number));
  }
  // Calls each(item) for the items of a list, in the order of their names.
  template <class Items, class Each>
  void in_order(Kind kind, const Items& items, Each each) {
    const std::vector<std::uint32_t> order = permutation_.order(kind);
    out_.add_small(items.size());
    for (std::uint32_t i = 0; i < items.size(); ++i) each(items[i < order.size() ? order[i] : i]);
  }
  Bytes bytes() const { return {out_.bytes().begin(), out_.bytes().end()}; }

 private:
  const Permutation& permutation_;
  std::array<std::vector<std::uint32_t>, kind_count> tables_;
  Names names_;
  sim::Encoder out_;
};

// ---- Expressions: a && b is b && a.

bool commutes(Operation::Code code) {
  using enum Operation::Code;
  return code == logical_and || code == logical_or || code == equal || code == not_equal ||
         code == add || code == multiply;
}

bool associates(Operation::Code code) {
  return commutes(code) && code != Operation::Code::equal && code != Operation::Code::not_equal;
}

struct Term {
  Operation::Code code = Operation::Code::number;
  Bytes leaf{};
  std::vector<Bytes> operands{};

  Bytes bytes() const {
    Renamed out{Permutation{}};
    out.add(code);
    out.add(leaf);
    out.add(operands);
    return out.bytes();
  }
};

Bytes leaf_bytes(const Operation& operation, const Permutation& names) {
  Renamed out(names);
  const auto& [code, constant, variable, mm, pages, adapter, line, other] = operation;
  out.add(code);
  out.add(constant);
  out.add(variable);
  out.add(mm);
  out.add(pages);
  out.add(adapter);
  out.add(line);
  out.add(other);
  return out.bytes();
}

Term join(Operation::Code code, const std::vector<Term>& operands) {
  Term whole{.code = code};
  for (const Term& operand : operands) {
    if (associates(code) && operand.code == code) {
      whole.operands.insert(whole.operands.end(), operand.operands.begin(), operand.operands.end());
    } else {
      whole.operands.push_back(operand.bytes());
    }
  }
  if (commutes(code)) std::ranges::sort(whole.operands);
  return whole;
}

Bytes bytes_of(const Expression& expression, const Permutation& names) {
  std::vector<Term> stack;
  for (const Operation& operation : expression) {
    const std::size_t takes = operation.code < Operation::Code::logical_not   ? 0
                              : operation.code < Operation::Code::logical_and ? 1
                                                                              : 2;
    check(takes <= stack.size());
    if (takes == 0) {
      stack.push_back({.code = operation.code, .leaf = leaf_bytes(operation, names)});
      continue;
    }
    const std::vector<Term> operands(stack.end() - static_cast<std::ptrdiff_t>(takes), stack.end());
    stack.resize(stack.size() - takes);
    stack.push_back(join(operation.code, operands));
  }
  Bytes all;
  for (const Term& term : stack) {
    const Bytes bytes = term.bytes();
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// ---- Hosts and programs.

void add(Renamed& out, const HostSetup& host) {
  const auto& [name, cpus, nodes, frames, slots, alloc, lru_batch, lru_gen, shmem_enabled] = host;
  out.add(cpus);
  out.add(nodes);
  out.add(frames);
  out.add(slots);
  out.add(lru_batch);
  out.add(lru_gen);
  out.add(shmem_enabled);
  out.add(alloc);
}

void add(Renamed& out, const Policy& policy) {
  out.add(std::string(name_of(policy)));
  std::visit(
      [&]<class P>(const P& own) {
        for (const Setting<P>& setting : P::settings()) out.add(setting.get(own));
      },
      policy);
}

void add(Renamed& out, const AdapterSetup& adapter) {
  const auto& [name, host, tlb_entries, pfn_table, odp, fault_batch, check_write, kind, memory,
               checks_exclusive, ats, pri, completes_after_writes, prq, inval_queue,
               traffic_classes, inval_completion, memslots, dirty_log, rc, ud_drop, policy] =
      adapter;
  out.add(host);
  out.add(tlb_entries);
  out.add(pfn_table);
  out.add(odp);
  out.add(fault_batch);
  out.add(check_write);
  out.add(kind);
  out.add(memory);
  for (const bool flag : {checks_exclusive, ats, pri, completes_after_writes}) out.add(flag);
  out.add(prq);
  out.add(inval_queue);
  out.add(traffic_classes);
  out.add(inval_completion);
  out.add(rc);
  out.add(ud_drop);
  out.add(memslots);
  out.add(dirty_log);
  // Frames know whose they are by a number: such devices are not interchangeable.
  if (memory != DeviceMemory::none) out.add(name);
  add(out, policy);
}

void add(Renamed& out, const RegionSetup& region) {
  const auto& [name, mm, pages, address, file, offset, shared, read, write, exec, lazy, locked,
               huge, hugetlb, gigantic, grows_down, xpmem] = region;
  out.add(mm);
  out.add(pages);
  out.add(file);
  out.add(offset);
  for (const bool flag :
       {shared, read, write, exec, lazy, locked, huge, hugetlb, gigantic, grows_down, xpmem}) {
    out.add(flag);
  }
}

void add(Renamed& out, const FileSetup& file) {
  const auto& [name, host, kind, gigantic, pages, cached] = file;
  out.add(host);
  out.add(kind);
  out.add(gigantic);
  out.add(pages);
  out.add(cached);
}

void add(Renamed& out, const ProcessSetup& process) {
  const auto& [name, host, rcache] = process;
  out.add(host);
  out.add(rcache);
}

void add(Renamed& out, const Program& program, const std::vector<Line>& lines) {
  const auto& [name, host, mm, adapter, cpu, calls, workload] = program;
  out.add(host);
  out.add(mm);
  out.add(adapter);
  out.add(cpu);
  for (const LineId line : calls) {
    if (!lines[line.index()].init) out.add(line);
  }
  out.add(LineId{});
}

// ---- Calls.

void add(Renamed& out, const Call& call) {
  const auto& [verb, mm, pages, second, third, target, local, queue, adapter, host, peer, file,
               link, fabric_switch, offset, number, flags] = call;
  out.add(verb);
  out.add(mm);
  out.add(pages);
  out.add(second);
  out.add(third);
  out.add(file);
  out.add(link);
  out.add(fabric_switch);
  out.add(offset);
  out.add(flags);
  out.add(target.variable);
  out.add(target.offset);
  out.add(target.pages);
  out.add(local.variable);
  out.add(local.offset);
  out.add(local.pages);
  out.add(queue);
  out.add(adapter);
  out.add(host);
  out.add(peer);
  if (verb == Verb::fork || verb == Verb::vfork) {
    out.add(MmId{number});
  } else {
    out.add(number);
  }
}

void add(Renamed& out, const Line& line) {
  const auto& [call, gate, result, expected, any_error, any_success, claim, init, repeats, counted,
               ordered, injected, label, text, source] = line;
  out.add(init);
  if (init) return;
  const auto& [kind, other, point, delay, window, absolute] = gate;
  add(out, call);
  out.add(kind);
  out.add(other);
  out.add_number(point_kind, kind == Gate::Kind::point ? point : no_point);
  out.add(result);
  out.add(expected);
  out.add(any_error);
  out.add(any_success);
  out.add_number(claim_kind, claim);
  out.add(repeats);
  out.add(counted);
  out.add(ordered);
  out.add(injected.fail_nth);
  out.add(injected.signal);
}

void add(Renamed& out, const Point& point) {
  const auto& [line, name, steps, event] = point;
  out.add(line);
  out.add(steps);
  out.add(event);
}

void add(Renamed& out, const Pattern& pattern) {
  const auto& [kind, variable, attachment, mm, pages, adapter, line] = pattern;
  out.add(kind);
  out.add(variable);
  out.add(attachment);
  out.add(mm);
  out.add(pages);
  out.add(adapter);
  out.add(line);
}

void add(Renamed& out, const Monitor& monitor) {
  const auto& [forbidden, what, order, other, point, armed_by, within, claim] = monitor;
  out.add(forbidden);
  add(out, what);
  out.add(order);
  add(out, other);
  out.add_number(point_kind, point);
  out.add(armed_by);
}

void add(Renamed& out, const Claim& claim, const Permutation& names) {
  const auto& [kind, expect_fail, property, expression, text, source] = claim;
  out.add(kind);
  out.add(expect_fail);
  out.add(property);
  out.add(bytes_of(expression, names));
}

}  // namespace

Bytes bytes_of(const Claim& claim, const Permutation& names) {
  Renamed out(names);
  add(out, claim, names);
  return out.bytes();
}

Bytes bytes_of(const Monitor& monitor, const Permutation& names) {
  Renamed out(names);
  add(out, monitor);
  return out.bytes();
}

Bytes bytes_of(const Setup& setup, const std::vector<Expression>& questions,
               const Permutation& names) {
  Renamed out(names);
  // No ids: kernel, switches, costs. Not looked at: name, the fabric, windows, the names of
  // variables, and loads, which are not for a search.
  const auto& [name, kernel, switches, costs, varying, hosts, adapters, processes, files, regions,
               windows, fabric_switches, links, variables, programs, lines, load, points, monitors,
               claims] = setup;
  const auto add_all = [&](Kind kind, const auto& items) {
    out.in_order(kind, items, [&](const auto& item) { add(out, item); });
  };
  add_all(host_kind, hosts);
  add_all(adapter_kind, adapters);
  add_all(mm_kind, processes);
  out.add(files.size());
  for (const FileSetup& file : files) add(out, file);
  out.add(regions.size());
  for (const RegionSetup& region : regions) add(out, region);
  out.in_order(task_kind, programs,
               [&](const Program& program) { add(out, program, setup.lines); });
  add_all(line_kind, lines);
  add_all(point_kind, points);
  out.in_order(monitor_kind, monitors, [&](const Monitor& monitor) {
    add(out, monitor);
    out.add_number(claim_kind, monitor.claim);
  });
  out.in_order(claim_kind, claims, [&](const Claim& claim) { add(out, claim, names); });
  for (const Expression& question : questions) out.add(bytes_of(question, names));
  return out.bytes();
}

}  // namespace model
