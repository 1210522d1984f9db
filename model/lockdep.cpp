// SPDX-License-Identifier: Apache-2.0
#include "model/lockdep.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

constexpr LockClass class_of(LockKind kind) { return static_cast<LockClass>(kind); }
static_assert(class_of(LockKind::mmap) == LockClass::mmap);
static_assert(class_of(LockKind::driver) == LockClass::driver);
static_assert(class_of(LockKind::rcache) == LockClass::rcache);
static_assert(class_of(LockKind::slots) == LockClass::slots);
static_assert(class_of(LockKind::exporter) == LockClass::exporter);

LockClasses locks_of_spaces(const Machine& machine, TaskId task) {
  LockClasses held = 0;
  for (const AddressSpace& space : machine.spaces) {
    if (space.mmap_lock.held_by(task)) held |= bit(LockClass::mmap);
    if (space.vma_lock.held_by(task)) held |= bit(LockClass::vma);
    if (space.page_table_lock.held_by(task)) held |= bit(LockClass::page_table);
  }
  return held;
}

LockClasses locks_of_xpmem(const Machine& machine, TaskId task) {
  LockClasses held = 0;
  for (const Xpmem& module : machine.xpmem) {
    for (const XpmemSegment& segment : module.segments) {
      if (segment.sema.held_by(task)) held |= bit(LockClass::segment);
    }
    for (const XpmemAttachment& attachment : module.attachments) {
      if (attachment.mutex.held_by(task)) held |= bit(LockClass::attachment);
      if (attachment.invalidate_mutex.held_by(task)) held |= bit(LockClass::invalidate);
    }
  }
  return held;
}

LockClasses ranges_of(const Machine& machine, TaskId task) {
  LockClasses held = 0;
  for (const Subscriptions& notifier : machine.notifiers) {
    for (const OpenRange& open : notifier.open) {
      if (open.task != task) continue;
      held |= bit(LockClass::range);
      if (!open.returned) held |= bit(LockClass::callback);
    }
  }
  return held;
}

bool has_transfer(const Machine& machine, TaskId task) {
  return std::ranges::any_of(machine.adapters, [task](const Adapter& adapter) {
    return std::ranges::find(adapter.transfers, task, &Transfer::task) != adapter.transfers.end();
  });
}

// Who waits for this flow to end.
LockClasses owed_by(const Flow& flow) {
  if (const auto* serve = std::get_if<Serve>(&flow.body)) {  // A queue pair's nobody waits for.
    return serve->request.attachment.some() ? bit(LockClass::transfer) : LockClasses{0};
  }
  if (std::holds_alternative<RcacheMonitor>(flow.body)) return bit(LockClass::monitor);
  const bool reclaims = std::holds_alternative<ReclaimPage>(flow.body) ||
                        std::holds_alternative<ReclaimSome>(flow.body) ||
                        std::holds_alternative<Kswapd>(flow.body);
  if (reclaims) return bit(LockClass::reclaim);
  const auto* call = std::get_if<PolicyCall>(&flow.body);
  if (call == nullptr) return 0;
  if (call->hook == Hook::activate) return bit(LockClass::activation);
  return call->hook == Hook::shootdown ? bit(LockClass::recall) : LockClasses{0};
}

// The driver of that registration has a spinlock, and waits for its adapter without sleeping.
bool spins(const Machine& machine, MrId mr) {
  return std::visit([](const auto& policy) { return policy.spins; }, machine.policy_of(mr));
}

}  // namespace

bool LockOrder::add(LockClass held, LockClass wanted) {
  if (held == wanted || has(held, wanted)) return false;
  after_[static_cast<std::size_t>(held)] |= bit(wanted);
  return true;
}

bool LockOrder::leads(LockClass from, LockClass to) const {
  LockClasses reached = bit(from);
  for (LockClasses before = 0; before != reached;) {
    before = reached;
    for (std::size_t i = 0; i < after_.size(); ++i) {
      if ((before & bit(static_cast<LockClass>(i))) != 0) reached |= after_[i];
    }
  }
  return (reached & bit(to)) != 0;
}

void LockOrder::encode(sim::Encoder& out) const {
  for (const LockClasses after : after_) out.add(after);
}

LockOrder order_of_reclaim() {
  LockOrder order;
  for (const LockClass wanted : {LockClass::callback, LockClass::rmap, LockClass::page_table}) {
    order.add(LockClass::reclaim, wanted);
  }
  return order;
}

LockClasses held_by(const Machine& machine, TaskId task, const FlowStack& stack) {
  LockClasses held =
      locks_of_spaces(machine, task) | ranges_of(machine, task) | locks_of_xpmem(machine, task);
  for (const Mapping& mapping : machine.mappings) {
    if (mapping.lock.held_by(task)) held |= bit(LockClass::rmap);
    if (mapping.exporter.held_by(task)) held |= bit(LockClass::exporter);
  }
  for (const Registration& region : machine.registrations) {
    if (region.lock.held_by(task)) held |= bit(LockClass::driver);
  }
  for (const Rcache& cache : machine.caches) {
    if (cache.lock.held_by(task)) held |= bit(LockClass::rcache);
  }
  for (const Vm& vm : machine.vms) {
    if (vm.slots_lock.held_by(task)) held |= bit(LockClass::slots);
    const bool reads = std::ranges::find(vm.readers, task, &SlotReader::task) != vm.readers.end();
    if (reads) held |= bit(LockClass::srcu);
  }
  machine.frames.for_each([&](FrameId, const Frame& frame) {
    if (frame.locked_by == task) held |= bit(LockClass::folio);
  });
  if (has_transfer(machine, task)) held |= bit(LockClass::device);
  for (const Flow& flow : stack.frames) held |= owed_by(flow);
  return held;
}

LockClass class_of(const Machine& machine, const Wait& wait, TaskId task) {
  switch (wait.kind) {
    case Wait::Kind::lock:
      return class_of(wait.lock_kind);
    case Wait::Kind::quiet:
    case Wait::Kind::completed:
    case Wait::Kind::tagged:
    case Wait::Kind::pushed:
    case Wait::Kind::updated:
      return LockClass::device;
    case Wait::Kind::readable:
    case Wait::Kind::settled:
    case Wait::Kind::unwatched:
    case Wait::Kind::idle:
    case Wait::Kind::uncounted:
      return LockClass::range;
    case Wait::Kind::srcu:
      return LockClass::srcu;
    case Wait::Kind::answered: {
      const auto& asked = machine.asked;
      const bool asks = std::ranges::find(asked, task, &Asked::task) != asked.end();
      return asks ? LockClass::activation : LockClass::transfer;
    }
    case Wait::Kind::drained:
      return LockClass::transfer;
    case Wait::Kind::recalled:
      return LockClass::recall;
    case Wait::Kind::monitored:
      return LockClass::monitor;
    default:
      return LockClass::count;
  }
}

bool in_atomic(const Machine& machine, TaskId task) {
  for (const AddressSpace& space : machine.spaces) {
    if (space.page_table_lock.held_by(task)) return true;
  }
  for (std::uint32_t mr = 0; mr < machine.registrations.size(); ++mr) {
    if (machine.registrations[mr].lock.held_by(task) && spins(machine, MrId{mr})) return true;
  }
  for (const Subscriptions& notifier : machine.notifiers) {
    for (const OpenRange& open : notifier.open) {
      if (open.task == task && !open.returned && !open.range.blockable) return true;
    }
  }
  return false;
}

bool sleeps(const Machine& machine, const Wait& wait) {
  switch (wait.kind) {
    case Wait::Kind::none:
    case Wait::Kind::flushed:
    case Wait::Kind::completed:
    case Wait::Kind::tagged:
    case Wait::Kind::gate:
      return false;
    case Wait::Kind::lock:
      if (wait.lock_kind == LockKind::driver) return !spins(machine, MrId{wait.index});
      return wait.lock_kind != LockKind::page_table;
    case Wait::Kind::quiet:
      return !spins(machine, MrId{wait.index});
    default:
      return true;
  }
}

}  // namespace model
