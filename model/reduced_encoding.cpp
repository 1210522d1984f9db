// SPDX-License-Identifier: Apache-2.0
// How a world is encoded for a reduced search. Each struct that is taken apart here is taken apart
// by a structured binding: a field that is added and forgotten does not compile.

#include <limits>

#include "model/world.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

using Tables = std::array<std::vector<std::uint32_t>, kind_count>;

// Working memory of one encoding.
Tables& scratch_tables() {
  static thread_local Tables tables;
  return tables;
}

template <class Of>
sim::Lane renamed_lane(sim::Lane lane, std::size_t host_count, Of of) {
  const auto hosts = static_cast<std::uint32_t>(host_count);
  const std::uint32_t number = lane.value / 4;
  switch (lane.value % 4) {
    case 0:
      return sim::Lane{4 * of(task_kind, number)};
    case 1:
      if (number >= hosts * hosts) return lane;  // Of reliable connections: see reduction_of().
      return sim::Lane{4 * (of(host_kind, number / hosts) * hosts + of(host_kind, number % hosts)) +
                       1};
    case 2:
      return sim::Lane{4 * of(cpu_kind, number) + 2};  // Signals are behind the CPUs.
    default:
      return lane;  // A timer, of an attachment.
  }
}

// The elements of a sequence that is indexed by ids, in the order of their names.
template <class Sequence, class Each>
void in_order(const std::vector<std::uint32_t>& order, const Sequence& items, Each each) {
  for (std::uint32_t i = 0; i < items.size(); ++i) each(i < order.size() ? order[i] : i);
}

template <class Sequence>
void encode_in_order(sim::Encoder& out, const std::vector<std::uint32_t>& order,
                     const Sequence& items) {
  out.add_small(items.size());
  in_order(order, items, [&](std::uint32_t id) { sim::encode(out, items[id]); });
}

// The lowest free slot is the next: those that are free behind the last used one are like new.
void encode_swap(sim::Encoder& out, const Names& names, const SwapDevice& swap) {
  auto end = swap.slots.end();
  while (names.leftovers && end != swap.slots.begin() && (end - 1)->users == 0) --end;
  out.add_small(static_cast<std::uint64_t>(end - swap.slots.begin()));
  for (auto slot = swap.slots.begin(); slot != end; ++slot) sim::encode(out, *slot);
}

void encode_host(sim::Encoder& out, const Names& names, const Host& host) {
  const auto& [swap, zero, huge_zero, lru, dead, unplugged, cut, down] = host;
  sim::encode(out, zero);
  sim::encode(out, huge_zero);
  encode_swap(out, names, swap);
  // Whether a frame is on the list, it knows itself.
  if (!names.lru_unread) sim::encode(out, lru);
  out.add(static_cast<std::uint8_t>((dead ? 1 : 0) | (unplugged ? 2 : 0) | (cut != 0 ? 4 : 0)));
  if (cut != 0) sim::encode(out, cut);
  sim::encode(out, down);
}

void encode_notifier(sim::Encoder& out, Names& names, MmId mm, const Subscriptions& notifier) {
  const auto& [intervals, list, released, hidden, open, lookups] = notifier;
  if (names.sequences) {
    intervals.encode_relative(out, names, mm);
  } else {
    sim::encode(out, intervals);
  }
  sim::encode(out, list);
  out.add(static_cast<std::uint8_t>((released ? 1 : 0) | (hidden ? 2 : 0)));
  if (!names.leftovers) {
    sim::encode(out, open);
    return sim::encode(out, lookups);
  }
  const auto of = [&](TaskId task) { return names.of(task_kind, task.value); };
  encode_sorted(out, open, [&](const OpenRange& range) { return of(range.task); });
  encode_sorted(out, lookups,
                [&](const Lookup& lookup) { return std::pair(of(lookup.task), lookup.page); });
}

// Lists of what tasks have going: nobody asks which task came first.
void encode_going(sim::Encoder& out, Names& names, const Machine& machine) {
  if (!names.leftovers) {
    sim::encode(out, machine.posted);
    sim::encode(out, machine.asked);
    sim::encode(out, machine.recalls);
    return sim::encode(out, machine.mail);
  }
  const auto of = [&](TaskId task) { return names.of(task_kind, task.value); };
  encode_sorted(out, machine.posted, [&](const Posted& entry) { return of(entry.task); });
  encode_sorted(out, machine.asked, [&](const Asked& entry) { return of(entry.task); });
  encode_sorted(out, machine.recalls,
                [&](const Recall& entry) { return std::pair(of(entry.task), entry.attachment); });
  encode_sorted(out, machine.mail, [&](const Mail& item) {
    return std::pair(names.of(mm_kind, item.receiver.value), names.of(mm_kind, item.sender.value));
  });
}

// What a hook remembers of counters: who remembers one only asks what it equals.
void encode_remembered(sim::Encoder& out, Names& names, const PolicyCall& call) {
  const Registration& region = names.machine->registrations[call.mr.index()];
  const auto& intervals = names.machine->notifiers[region.mm.index()].intervals;
  out.add_small(call.sequence == 0 ? 0
                                   : 1 + std::uint64_t{names.sequence(
                                             region.mm, intervals.sequence(), call.sequence)});
  out.add(call.epoch == intervals.epoch());
  out.add(call.invalidate_seq == region.invalidate_seq);
}

}  // namespace

void PolicyCall::encode(sim::Encoder& out) const {
  const auto& [its_hook, at_step, tried, writes, is_own, is_current, its_mr, use, its_range,
               its_pages, its_page, its_cursor, its_sequence, its_epoch, its_invalidate_seq,
               its_cut_offs, its_found, asker, prefetches, its_log, its_slot] = *this;
  sim::encode(out, its_hook);
  sim::encode(out, at_step);
  sim::encode(out, tried);
  out.add(static_cast<std::uint8_t>((writes ? 1 : 0) | (is_own ? 2 : 0) | (is_current ? 4 : 0) |
                                    (prefetches ? 8 : 0) | (its_slot.some() ? 16 : 0) |
                                    (its_log ? 32 : 0)));
  if (its_slot.some()) sim::encode(out, its_slot);
  sim::encode(out, its_mr);
  sim::encode(out, use);
  sim::encode(out, its_range);
  sim::encode(out, its_pages);
  sim::encode(out, its_page);
  sim::encode(out, its_cursor);
  Names* names = names_of(out);
  if (names != nullptr && names->sequences) {
    encode_remembered(out, *names, *this);
  } else {
    sim::encode(out, its_sequence);
    sim::encode(out, its_epoch);
    sim::encode(out, its_invalidate_seq);
  }
  sim::encode(out, its_cut_offs);
  sim::encode(out, its_found);
  sim::encode(out, asker);
}

sim::Lane World::renamed(sim::Lane lane, const Permutation& names) const {
  return renamed_lane(lane, machine_.hosts.size(),
                      [&](Kind kind, std::uint32_t id) { return names.of(kind, id); });
}

// Names the workers by what they are doing, and returns all tasks in the order of their names. A
// new worker takes the lowest number that is free; nobody refers to it by then, since nobody
// refers to a worker that has ended (encode_renamed() checks it).
std::vector<std::uint32_t> World::name_workers(Names& names, const Symmetry& symmetry) const {
  const std::uint32_t fixed = reduction_->fixed_tasks;
  const auto count = static_cast<std::uint32_t>(machine_.tasks.size());
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < fixed; ++i) {
    order.push_back(i < symmetry.order[task_kind].size() ? symmetry.order[task_kind][i] : i);
  }
  auto& table = scratch_tables()[task_kind];
  table.resize(count);
  for (std::uint32_t i = 0; i < fixed; ++i) table[order[i]] = i;
  for (std::uint32_t i = fixed; i < count; ++i) table[i] = i;
  names.tables[task_kind] = table;
  if (!reduction_->what.numbers) {
    for (std::uint32_t i = fixed; i < count; ++i) order.push_back(i);
    return order;
  }
  std::vector<std::pair<std::vector<std::byte>, std::uint32_t>> workers;
  for (std::uint32_t i = fixed; i < count; ++i) table[i] = fixed;
  for (std::uint32_t i = fixed; i < count; ++i) {
    if (!machine_.tasks[i].alive) continue;
    sim::Encoder key;
    Names masked = names;  // All frames and all workers look alike.
    std::vector<std::uint32_t> no_frames(machine_.frames.size(), 0);
    masked.tables[frame_kind] = no_frames;
    key.rename(&masked);
    sim::encode(key, machine_.tasks[i]);
    sim::encode(key, actors_[i]);
    workers.push_back({{key.bytes().begin(), key.bytes().end()}, i});
  }
  std::ranges::sort(workers);
  for (std::uint32_t i = fixed; i < count; ++i) table[i] = Names::unnamed;
  for (const auto& [key, worker] : workers) {
    table[worker] = static_cast<std::uint32_t>(order.size());
    order.push_back(worker);
  }
  names.met[task_kind] = static_cast<std::uint32_t>(order.size());
  return order;
}

void World::encode_tasks(sim::Encoder& out, const std::vector<std::uint32_t>& order) const {
  out.add_small(order.size());
  for (const std::uint32_t task : order) {
    const bool idle = actors_[task].stack.frames.empty();
    const bool over = reduction_->what.leftovers && program_of(TaskId{task}) != nullptr && idle &&
                      next_line(TaskId{task}) == nullptr;
    out.add(over);
    if (over) continue;
    sim::encode(out, machine_.tasks[task]);
    sim::encode(out, actors_[task]);
  }
}

// A result counts while a claim can still look at it or a call can still take it.
void World::encode_variable(sim::Encoder& out, VariableId variable,
                            const Permutation& names) const {
  const bool read =
      !reduction_->what.leftovers || reduction_->variable_read[variable.index()] ||
      std::ranges::any_of(reduction_->variable_calls[variable.index()], [&](LineId line) {
        return machine_.lines[line.index()].status == LineState::Status::waiting;
      });
  Result result = read ? machine_.variables[variable.index()] : Result{};
  if (result.kind == Result::Kind::object && reduction_->variable_queue[variable.index()]) {
    result.number = names.of(queue_kind, result.number);
  }
  sim::encode(out, result);
}

void World::encode_machine(sim::Encoder& out, Names& names, const Symmetry& symmetry) const {
  const auto& [shared, frames, hosts, mappings, spaces, notifiers, cpus, adapters, registrations,
               attachments, caches, vms, xpmem, queues, fabric, posted, asked, recalls, tasks, mail,
               variables, lines, running, points, observed] = machine_;
  const auto& order = symmetry.order;
  in_order(order[host_kind], hosts,
           [&](std::uint32_t id) { encode_host(out, names, machine_.hosts[id]); });
  sim::encode(out, mappings);
  encode_in_order(out, order[mm_kind], spaces);
  in_order(order[mm_kind], notifiers, [&](std::uint32_t id) {
    encode_notifier(out, names, MmId{id}, machine_.notifiers[id]);
  });
  encode_in_order(out, order[cpu_kind], cpus);
  encode_in_order(out, order[adapter_kind], adapters);
  sim::encode(out, registrations);
  sim::encode(out, attachments);
  encode_in_order(out, order[mm_kind], caches);
  sim::encode(out, vms.items());
  if (!xpmem.empty()) sim::encode(out, xpmem);
  if (!fabric.empty()) sim::encode(out, fabric);
  encode_in_order(out, order[queue_kind], queues);
  encode_going(out, names, machine_);
  in_order(order[variable_kind], variables,
           [&](std::uint32_t id) { encode_variable(out, VariableId{id}, symmetry.names); });
  in_order(order[line_kind], lines, [&](std::uint32_t id) {
    LineState line = machine_.lines[id];
    line.done_before = symmetry.names.bits(line_kind, line.done_before);
    sim::encode(out, line);
  });
  sim::encode(out, running);
  sim::encode(out, symmetry.names.bits(point_kind, points));
  sim::encode(out, observed);
}

void World::encode_events(sim::Encoder& out, Names& names) const {
  Small<std::pair<sim::Lane, const Pending*>, 8> items;
  events_.for_each([&](sim::Lane lane, const Pending& what) {
    items.push_back({renamed_lane(lane, machine_.hosts.size(),
                                  [&](Kind kind, std::uint32_t id) { return names.of(kind, id); }),
                     &what});
  });
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  out.add_small(items.size());
  for (const auto& [lane, what] : items) {
    sim::encode(out, lane);
    sim::encode(out, *what);
  }
}

void World::encode_renamed(sim::Encoder& out, const Symmetry& symmetry) const {
  const Reduction& reduction = *reduction_;
  Names names;
  names.machine = &machine_;
  names.sequences = reduction.what.sequences;
  names.leftovers = reduction.what.leftovers;
  names.cpu_tlb_roomy = reduction.what.leftovers && reduction.cpu_tlb_roomy;
  names.device_tlb_roomy = reduction.what.leftovers && reduction.device_tlb_roomy;
  names.lru_unread = reduction.what.leftovers && reduction.lru_unread;
  Tables& tables = scratch_tables();
  for (std::uint32_t kind = cpu_kind; kind < kind_count; ++kind) {
    tables[kind] = symmetry.names.names[kind];
    names.tables[kind] = tables[kind];
  }
  if (reduction.what.numbers) {
    names.frames = &machine_.frames;
    tables[frame_kind].assign(machine_.frames.size(), Names::unnamed);
    names.tables[frame_kind] = tables[frame_kind];
  }
  const std::vector<std::uint32_t> order = name_workers(names, symmetry);
  const std::uint32_t workers_met = names.met[task_kind];
  out.rename(&names);
  encode_machine(out, names, symmetry);
  encode_tasks(out, order);
  encode_events(out, names);
  in_order(symmetry.order[monitor_kind], watching_,
           [&](std::uint32_t id) { sim::encode(out, watching_[id]); });
  sim::encode(out, symmetry.names.bits(claim_kind, broken_));
  sim::encode(out, symmetry.names.bits(claim_kind, witnessed_));
  if (reduction.what.numbers) {
    std::vector<std::uint32_t> hosts;
    in_order(symmetry.order[host_kind], machine_.hosts,
             [&](std::uint32_t id) { hosts.push_back(id); });
    machine_.frames.encode_named(out, names, hosts);
  } else {
    sim::encode(out, machine_.frames);
  }
  out.rename(nullptr);
  check(names.met[task_kind] == workers_met);  // Nobody refers to a worker that has ended.
}

void World::check_room() const {
  if (!reduction_->what.leftovers || !reduction_->lru_unread) return;
  for (std::uint32_t host = 0; host < machine_.hosts.size(); ++host) {
    const FrameTable::Pool& pool = machine_.frames.pool(HostId{host});
    check(2 * pool.allocated <= pool.capacity);
  }
}

// The least of those that the world has under all names: the same for all worlds that are alike.
sim::Fingerprint World::fingerprint(sim::Encoder& out) const {
  if (reduction_ == nullptr) {
    encode(out);
    return sim::fingerprint(out.bytes());
  }
  check_room();
  sim::Fingerprint least{.high = std::numeric_limits<std::uint64_t>::max(),
                         .low = std::numeric_limits<std::uint64_t>::max()};
  for (const Symmetry& symmetry : reduction_->group) {
    out.clear();
    encode_renamed(out, symmetry);
    least = std::min(least, sim::fingerprint(out.bytes()));
  }
  return least;
}

}  // namespace model
