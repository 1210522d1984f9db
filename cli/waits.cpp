// SPDX-License-Identifier: Apache-2.0
#include "cli/waits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/names.hpp"
#include "cli/outcome.hpp"
#include "sim/replay.hpp"

namespace cli {
namespace {

using model::Blocked;
using model::TaskId;
using model::Wait;

class Describer {
 public:
  Describer(const Case& what, const model::World& world)
      : names_(what.setup()), world_(world), machine_(world.machine()) {}

  std::string who(TaskId task) const {
    const model::LineId line = machine_.tasks[task.index()].line;
    const std::string name = world_.actor_name(task);
    return line.some() ? fmt::format("{} in {}", name, names_.short_call(line)) : name;
  }
  Waiting waiting(const Blocked& blocked) const {
    Waiting waiting{.who = who(blocked.task), .what = what(blocked)};
    for (const TaskId holder : blocked.holders)
      waiting.holders.push_back(world_.actor_name(holder));
    waiting.lock = blocked.wait.kind == Wait::Kind::lock;
    waiting.line = machine_.tasks[blocked.task.index()].line;
    return waiting;
  }

 private:
  std::string registration(std::uint32_t mr) const {
    return names_.registration(machine_, model::MrId{mr}, {});
  }
  std::string vm(std::uint32_t number) const { return registration(machine_.vms[number].mr.value); }
  std::string space_of(std::uint32_t mr) const {
    return names_.process(machine_.registrations[mr].mm);
  }

  std::string lock(const Wait& wait) const {
    switch (wait.lock_kind) {
      case model::LockKind::mmap:
        return fmt::format("the mmap_lock of {}", names_.process(model::MmId{wait.index}));
      case model::LockKind::vma:
        return fmt::format("the locks of {}'s VMAs", names_.process(model::MmId{wait.index}));
      case model::LockKind::page_table:
        return fmt::format("the page table lock of {}", names_.process(model::MmId{wait.index}));
      case model::LockKind::rmap:
        return fmt::format("the lock of reverse map {}", wait.index);
      case model::LockKind::exporter:
        return "the lock of the buffer's driver";
      case model::LockKind::folio:
        return fmt::format("the folio lock of frame {}", hex(wait.index));
      case model::LockKind::driver:
        return fmt::format("the driver's lock of {}", registration(wait.index));
      case model::LockKind::rcache:
        return fmt::format("the lock of {}'s registration cache",
                           names_.process(model::MmId{wait.index}));
      case model::LockKind::slots:
        return fmt::format("the slots_lock of {}", vm(wait.index));
      case model::LockKind::segment:
        return fmt::format("seg->sema of {}",
                           names_.process(machine_.xpmem[0].segments[wait.index].owner));
      case model::LockKind::attachment:
        return fmt::format("att->mutex of {}", attachment_of_xpmem(wait.index));
      case model::LockKind::invalidate:
        return fmt::format("att->invalidate_mutex of {}", attachment_of_xpmem(wait.index));
    }
    return {};
  }

  std::string attachment_of_xpmem(std::uint32_t number) const {
    const model::XpmemAttachment& use = machine_.xpmem[0].attachments[number];
    return names_.pages(use.user, use.pages);
  }

  // Which users have not answered the revocations of the task.
  std::string users(TaskId task) const {
    std::string list;
    for (const model::Recall& recall : machine_.recalls) {
      if (recall.task != task) continue;
      if (!list.empty()) list += ", ";
      list += names_.attachment(machine_, recall.attachment, {});
    }
    return list;
  }

  std::string what(const Blocked& blocked) const {
    const Wait& wait = blocked.wait;
    switch (wait.kind) {
      case Wait::Kind::none:
        return "nothing";
      case Wait::Kind::lock:
        return lock(wait);
      case Wait::Kind::quiet:
        return fmt::format("the end of transfers in flight on {}", registration(wait.index));
      case Wait::Kind::alone:
        return fmt::format("calls of other threads of {}", names_.process(model::MmId{wait.index}));
      case Wait::Kind::unused:
        return fmt::format("who keeps {} alive", names_.process(model::MmId{wait.index}));
      case Wait::Kind::uncalled:
        return fmt::format("commands to {}", registration(wait.index));
      case Wait::Kind::unpinned:
        return fmt::format("users of {} to unpin its pages", registration(wait.index));
      case Wait::Kind::completed:
        return fmt::format("the adapter of {} to answer an invalidation", registration(wait.index));
      case Wait::Kind::tagged:
        return fmt::format("a free ITag of the adapter of {}", registration(wait.index));
      case Wait::Kind::pushed:
        return fmt::format("writes of the adapter of {}", registration(wait.index));
      case Wait::Kind::responded:
        return "the response to its page requests";
      case Wait::Kind::requested:
        return fmt::format("the responses to page requests for {}", registration(wait.index));
      case Wait::Kind::updated:
        return fmt::format("posted changes of {} to be made", registration(wait.index));
      case Wait::Kind::readable:
        return fmt::format("range_end of the last invalidation of {}", space_of(wait.index));
      case Wait::Kind::settled:
        return fmt::format("range_end of all ranges of {}",
                           names_.process(model::MmId{wait.index}));
      case Wait::Kind::unwatched:
        return fmt::format("the end of the subscription of {}", registration(wait.index));
      case Wait::Kind::idle:
        return fmt::format("range_end of the ranges that {} counts", registration(wait.index));
      case Wait::Kind::running:
        return fmt::format("the queues of {} to run again", registration(wait.index));
      case Wait::Kind::answered:
        return "an answer from the owner's side";
      case Wait::Kind::flushed:
        return "other CPUs to flush their TLBs";
      case Wait::Kind::recalled:
        return fmt::format("the answer of {} to its revocation", users(blocked.task));
      case Wait::Kind::monitored:
        return "a monitor to read its event";
      case Wait::Kind::drained:
        return fmt::format("the end of transfers posted through {}",
                           names_.attachment(machine_, model::AttachmentId{wait.index}, {}));
      case Wait::Kind::pressure:
        return "a shortage of memory";
      case Wait::Kind::srcu:
        return fmt::format("who reads memslots of {}", vm(wait.index));
      case Wait::Kind::uncounted:
        return fmt::format("range_end of the ranges that {} counts", vm(wait.index));
      case Wait::Kind::mail:
        return fmt::format("a message from {}", names_.process(model::MmId{wait.sequence}));
      case Wait::Kind::arrived:
        return "a send to its queue pair";
      case Wait::Kind::visible:
        return "writes on their way to memory";
      case Wait::Kind::userfault:
        return fmt::format("userfaultfd of {}", names_.process(model::MmId{wait.index}));
      case Wait::Kind::recallable:
        return "the end of faults into a segment";
      case Wait::Kind::unrecalled:
        return "xpmem_fork_end()";
      case Wait::Kind::gate:
        return "its turn";
    }
    return {};
  }

  Names names_;
  const model::World& world_;
  const model::Machine& machine_;
};

const Blocked* find(const std::vector<Blocked>& all, TaskId task) {
  const auto found = std::ranges::find(all, task, &Blocked::task);
  return found == all.end() ? nullptr : &*found;
}

// Follows the first one whom each waits for.
struct Chain {
  std::vector<Blocked> order;
  bool ring = false;
};

Chain chain_of(const std::vector<Blocked>& all) {
  Chain chain;
  for (const Blocked& first : all) {
    const Blocked* next = &first;
    std::size_t begin = chain.order.size();
    while (next != nullptr && find(chain.order, next->task) == nullptr) {
      chain.order.push_back(*next);
      const Blocked* holder = nullptr;
      for (const TaskId task : next->holders)
        if (holder == nullptr) holder = find(all, task);
      next = holder;
    }
    if (next == nullptr) continue;
    for (; begin < chain.order.size(); ++begin)
      chain.ring = chain.ring || chain.order[begin].task == next->task;
  }
  return chain;
}

std::string conclusion_of(const Chain& chain) {
  if (chain.order.empty()) return {};
  return chain.ring ? "they wait for each other in a ring: none of them can go on"
                    : "nobody is left who could end the wait";
}

// Steps on the way of the example.
class Replayed {
 public:
  Replayed(const Case& what, const model::ClaimResult& result)
      : world_(what.setup(), order_of(*what.cell)), chooser_(result.path) {}

  const model::World& after(std::uint64_t steps) {
    sim::NoTrace quiet;
    for (; steps_ < steps; ++steps_) world_.step({.chooser = chooser_, .trace = quiet});
    return world_;
  }

 private:
  model::World world_;
  sim::ReplayChooser chooser_;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::string text_of(const Waiting& waiting) {
  std::string text = fmt::format("{} waits for {}", waiting.who, waiting.what);
  for (const std::string& holder : waiting.holders) {
    const std::string_view first = waiting.lock ? ", held by " : ", which depends on ";
    text += holder == waiting.holders.front() ? first : std::string_view(", ");
    text += holder;
  }
  if (waiting.holders.empty()) text += ", which no task owes it";
  if (waiting.passed_over) text += "; it is free at times, and others are served first";
  return text;
}

std::string waited_for(const Case& what, const model::World& world, const model::Blocked& blocked) {
  return Describer(what, world).waiting(blocked).what;
}

Waits waits_at_rest(const Case& what, const model::ClaimResult& result) {
  Replayed replayed(what, result);
  const model::World& world = replayed.after(result.steps);
  model::World next = world;
  sim::FirstChooser first;
  sim::NoTrace quiet;
  if (next.step({.chooser = first, .trace = quiet})) return {};  // Not at rest.
  const Describer describer(what, world);
  const Chain chain = chain_of(world.blocked());
  Waits waits{.conclusion = conclusion_of(chain), .ring = chain.ring};
  for (const Blocked& blocked : chain.order) waits.list.push_back(describer.waiting(blocked));
  return waits;
}

Waits waits_in(const Case& what, const model::ClaimResult& result, const model::Cycle& cycle) {
  Replayed replayed(what, result);
  Waits waits;
  std::vector<Blocked> seen;
  std::vector<TaskId> free;
  for (std::uint64_t steps = result.stem_steps; steps < result.steps; ++steps) {
    const model::World& world = replayed.after(steps);
    const Describer describer(what, world);
    const std::vector<Blocked> blocked = world.blocked();
    for (const TaskId task : cycle.waiting) {
      const Blocked* here = find(blocked, task);
      if (here == nullptr) free.push_back(task);
      if (here == nullptr || find(seen, task) != nullptr) continue;
      seen.push_back(*here);
      waits.list.push_back(describer.waiting(*here));
    }
    if (steps != result.stem_steps) continue;
    for (const TaskId task : cycle.moving) {
      const model::LineId line = world.machine().tasks[task.index()].line;
      waits.going.push_back({.who = describer.who(task), .line = line});
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i)
    waits.list[i].passed_over = std::ranges::count(free, seen[i].task) > 0;
  if (cycle.property == model::Property::deadlock) {
    const Chain chain = chain_of(seen);
    waits.conclusion = conclusion_of(chain);
    waits.ring = chain.ring;
  }
  return waits;
}

std::string_view fairness_text(const model::Cycle& cycle) {
  return cycle.fair_locks_help
             ? "weak fairness does not end it: each gets its turn that could go on all the time; "
               "strong fairness does: locks that serve in order of arrival"
             : "neither weak nor strong fairness ends it: it does not depend on who is served "
               "first";
}

}  // namespace cli
