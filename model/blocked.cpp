// SPDX-License-Identifier: Apache-2.0
// The part of World that says who has something to finish, and who waits for whom.

#include "model/world.hpp"

namespace model {
namespace {

using Holders = Small<TaskId, 2>;

void add(Holders& holders, TaskId task, TaskId self) {
  if (!task.some() || task == self) return;
  if (std::ranges::find(holders, task) != holders.end()) return;
  holders.insert(std::ranges::upper_bound(holders, task), task);
}

// Whose range over these pages is open; of none: over any.
Holders open_ranges(const Machine& machine, MmId mm, PageRange pages, TaskId self) {
  Holders holders;
  for (const OpenRange& entry : machine.notifiers[mm.index()].open) {
    if (pages.count == 0 || entry.range.pages.overlaps(pages)) add(holders, entry.task, self);
  }
  return holders;
}

Holders lock_holders(const Machine& machine, LockId id, TaskId self) {
  Holders holders;
  if (id.kind == LockKind::folio) {
    add(holders, machine.frames[FrameId{id.index}].locked_by, self);
    return holders;
  }
  const Lock& lock = machine.lock(id);
  add(holders, lock.writer, self);
  for (const TaskId reader : lock.readers) add(holders, reader, self);
  return holders;
}

Holders transfers(const Machine& machine, const Wait& wait, TaskId self) {
  Holders holders;
  const AdapterId adapter = machine.registrations[wait.index].adapter;
  for (const Transfer& transfer : machine.adapters[adapter.index()].transfers) {
    const bool ours = transfer.mr == MrId{wait.index} && wait.pages.contains(transfer.page);
    const bool guest = machine.registrations[transfer.mr.index()].vm == MrId{wait.index};
    if (ours || guest) add(holders, transfer.task, self);
  }
  return holders;
}

Holders posters(const Machine& machine, const Wait& wait, TaskId self) {
  Holders holders;
  for (const Posted& entry : machine.posted) {
    const bool ours = entry.attachment == AttachmentId{wait.index} &&
                      (wait.pages.count == 0 || entry.pages.overlaps(wait.pages));
    if (ours) add(holders, entry.task, self);
  }
  return holders;
}

// The work that was begun to answer this task: on another host, or by a monitor.
bool works_for(const Machine& machine, const Flow& flow, TaskId task) {
  if (const auto* engine = std::get_if<Respond>(&flow.body)) {
    const auto& received = machine.queues[engine->qp.index()].rc.received;
    return !received.empty() && received.front().task == task;
  }
  if (const auto* call = std::get_if<PolicyCall>(&flow.body)) return call->requester == task;
  if (const auto* serve = std::get_if<Serve>(&flow.body)) return serve->request.task == task;
  if (const auto* monitor = std::get_if<RcacheMonitor>(&flow.body)) return monitor->task == task;
  return false;
}

// The worker that lets transfers start again.
bool restores(const Flow& flow, MrId mr) {
  const auto* call = std::get_if<PolicyCall>(&flow.body);
  return call != nullptr && call->hook == Hook::work && call->mr == mr;
}

// Who has called the driver of a range that is over for everybody else.
bool ends_range(const Flow& flow, MrId mr) {
  const auto* call = std::get_if<PolicyCall>(&flow.body);
  return call != nullptr && call->hook == Hook::range_end && call->mr == mr;
}

// A command of a device that was opened: it holds the file, and perhaps the address space.
bool uses(const Machine& machine, const Flow& flow, const Wait& wait) {
  if (const auto* ioctl = std::get_if<KvmCall>(&flow.body)) {
    return wait.kind == Wait::Kind::uncalled && ioctl->step == KvmCall::Step::leave &&
           ioctl->vm.value == wait.index;
  }
  const auto* call = std::get_if<MirrorCall>(&flow.body);
  if (call == nullptr || call->step != MirrorCall::Step::leave) return false;
  if (wait.kind == Wait::Kind::uncalled) return call->mr.value == wait.index;
  return call->holds && machine.registrations[call->mr.index()].mm.value == wait.index;
}

bool fault_is_stable(const Machine& machine, const Flow& flow) {
  const auto* call = std::get_if<PolicyCall>(&flow.body);
  if (call == nullptr || (call->hook != Hook::fault && call->hook != Hook::activate)) return false;
  const Registration& region = machine.registrations[call->mr.index()];
  if (!region.live || call->pages.count == 0) return false;
  const bool write = call->hook == Hook::activate ? region.write : call->write;
  for (std::uint32_t i = 0; i < call->pages.count; ++i) {
    if (!machine.mappable(region.mm, call->pages.at(i), write)) return false;
  }
  return open_ranges(machine, region.mm, call->pages, {}).empty();
}

}  // namespace

// kswapd is never done: asleep, it owes nothing.
bool World::busy(TaskId task) const {
  const FlowStack& stack = actors_[task.index()].stack;
  if (!machine_.tasks[task.index()].alive || stack.frames.empty()) return false;
  return !std::holds_alternative<Kswapd>(stack.frames.back().body);
}

std::uint64_t World::pending() const {
  std::uint64_t pending = 0;
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const TaskId task{i};
    if (!busy(task)) continue;
    if (i >= obligation_tasks) return pending | obligations_unknown;
    pending |= obligation(task, Obligation::operation);
    for (const Flow& flow : actors_[i].stack.frames) {
      if (!fault_is_stable(machine_, flow)) continue;
      pending |= obligation(task, Obligation::stable_fault);
    }
  }
  for (const Recall& recall : machine_.recalls) {
    if (recall.task.value >= obligation_tasks) return pending | obligations_unknown;
    pending |= obligation(recall.task, Obligation::recall);
  }
  return pending;
}

Small<TaskId, 2> World::holders_of(const Wait& wait, TaskId task) const {
  const auto mm_of = [&] { return machine_.registrations[wait.index].mm; };
  const auto pages_of = [&] { return machine_.registrations[wait.index].pages; };
  const auto who = [&](auto wanted) {
    Holders found;
    for (std::uint32_t i = 0; i < actors_.size(); ++i) {
      for (const Flow& flow : actors_[i].stack.frames) {
        if (wanted(flow)) add(found, TaskId{i}, task);
      }
    }
    return found;
  };
  const auto reads_queue = [&](const Flow& flow, TaskId of) {
    const auto* thread = std::get_if<PrqEventThread>(&flow.body);
    if (thread == nullptr) return false;
    const auto& requests = machine_.adapters[thread->adapter.index()].requests;
    return std::ranges::find(requests, of, &PageRequest::task) != requests.end();
  };
  switch (wait.kind) {
    case Wait::Kind::lock:
      return lock_holders(machine_, wait.lock_id(), task);
    case Wait::Kind::quiet:
    case Wait::Kind::pushed:
      return transfers(machine_, wait, task);
    case Wait::Kind::completed:
      if (wait.sequence == 0) return transfers(machine_, wait, task);
      [[fallthrough]];
    case Wait::Kind::tagged:
      return who([&](const Flow& flow) {
        const auto* engine = std::get_if<AtsInvalidate>(&flow.body);
        return engine != nullptr && machine_.registrations[wait.index].adapter == engine->adapter;
      });
    case Wait::Kind::responded:
      return who([&](const Flow& flow) {
        const auto* server = std::get_if<ServePages>(&flow.body);
        return (server != nullptr && server->requester == task) || reads_queue(flow, task);
      });
    case Wait::Kind::requested:
      return who([&](const Flow& flow) {
        const auto* server = std::get_if<ServePages>(&flow.body);
        const auto* asks = std::get_if<AskPages>(&flow.body);
        const auto* thread = std::get_if<PrqEventThread>(&flow.body);
        return (server != nullptr && server->mr == MrId{wait.index}) ||
               (thread != nullptr &&
                machine_.registrations[wait.index].adapter == thread->adapter) ||
               (asks != nullptr && asks->mr == MrId{wait.index});
      });
    case Wait::Kind::readable:  // The epoch ends with the last invalidation, whatever its pages.
    case Wait::Kind::unwatched:
      return open_ranges(machine_, mm_of(), {}, task);
    case Wait::Kind::settled:
      return open_ranges(machine_, MmId{wait.index}, {}, task);
    case Wait::Kind::idle:
      return open_ranges(machine_, mm_of(), pages_of(), task);
    case Wait::Kind::answered:
    case Wait::Kind::recalled:
    case Wait::Kind::monitored:
      return who([&](const Flow& flow) { return works_for(machine_, flow, task); });
    case Wait::Kind::updated:
      return who([&](const Flow& flow) {
        const auto* work = std::get_if<PolicyCall>(&flow.body);
        return work != nullptr && work->hook == Hook::work && work->mr == MrId{wait.index};
      });
    case Wait::Kind::running:
      return who([&](const Flow& flow) { return restores(flow, MrId{wait.index}); });
    case Wait::Kind::alone: {
      Holders threads;
      for (std::uint32_t i = 0; i < setup().programs.size(); ++i) {
        const bool other = machine_.tasks[i].mm == MmId{wait.index};
        if (other && machine_.in_system_call(TaskId{i})) add(threads, TaskId{i}, task);
      }
      return threads;
    }
    case Wait::Kind::unpinned:
      return who([&](const Flow& flow) {
        const auto* unpins = std::get_if<Deregister>(&flow.body);
        return unpins != nullptr &&
               machine_.registrations[unpins->mr.index()].access_of == MrId{wait.index};
      });
    case Wait::Kind::unused:
    case Wait::Kind::uncalled:
      return who([&](const Flow& flow) { return uses(machine_, flow, wait); });
    case Wait::Kind::srcu: {
      Holders readers;
      for (const SlotReader& reader : machine_.vms[wait.index].readers) {
        if (reader.before) add(readers, reader.task, task);
      }
      return readers;
    }
    case Wait::Kind::uncounted: {
      const MrId vm = machine_.vms[wait.index].mr;
      Holders all = open_ranges(machine_, machine_.registrations[vm.index()].mm, {}, task);
      for (const TaskId ends : who([vm](const Flow& flow) { return ends_range(flow, vm); })) {
        add(all, ends, task);
      }
      return all;
    }
    case Wait::Kind::drained:
      return posters(machine_, wait, task);
    case Wait::Kind::recallable:
      return who([&](const Flow& flow) {
        const auto* fault = std::get_if<XpmemFault>(&flow.body);
        return fault != nullptr && fault->blocks && fault->group == wait.index;
      });
    case Wait::Kind::visible:
      return who([&](const Flow& flow) {
        const auto* path = std::get_if<PostedWrites>(&flow.body);
        return path != nullptr && path->qp == QpId{wait.index};
      });
    case Wait::Kind::unrecalled:  // Until xpmem_fork_end().
    case Wait::Kind::userfault:
    case Wait::Kind::none:
    case Wait::Kind::flushed:
    case Wait::Kind::pressure:
    case Wait::Kind::mail:
    case Wait::Kind::arrived:
    case Wait::Kind::gate:
      return {};
  }
  return {};
}

std::vector<Blocked> World::blocked() const {
  std::vector<Blocked> list;
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const TaskId task{i};
    if (!busy(task)) continue;
    const Wait wait = guard_of(task);
    if (machine_.satisfied(wait, task)) continue;
    list.push_back({.task = task, .wait = wait, .holders = holders_of(wait, task)});
  }
  return list;
}

}  // namespace model
