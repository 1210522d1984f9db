// SPDX-License-Identifier: Apache-2.0
#include "model/observed.hpp"

#include <tuple>

#include "model/event.hpp"
#include "model/machine.hpp"

namespace model {
namespace {

constexpr PropertySet needs_notes = bit(Property::missed_use) | bit(Property::reordered_read);

// The lists have an order of their own, that worlds which have seen the same may be equal.
bool before(const Use& a, const Use& b) { return std::tie(a.mr, a.page) < std::tie(b.mr, b.page); }
bool before(const Written& a, const Written& b) {
  return std::tie(a.mm, a.page) < std::tie(b.mm, b.page);
}
bool before(const SeenUpTo& a, const SeenUpTo& b) {
  return std::tie(a.reader, a.writer) < std::tie(b.reader, b.writer);
}
bool before(const LatePages& a, const LatePages& b) {
  return std::tie(a.task, a.mm, a.pages.first, a.mr) < std::tie(b.task, b.mm, b.pages.first, b.mr);
}
template <class List, class Item>
void insert_sorted(List& list, const Item& fresh) {
  const auto later = [&](const Item& item) { return before(fresh, item); };
  list.insert(std::ranges::find_if(list, later), fresh);
}

// ---- Uses, for S7

bool ages(const Machine& machine, MrId mr) {
  return machine.registrations[mr.index()].adapter.some() &&
         std::visit([](const auto& policy) { return policy.ages; }, machine.policy_of(mr));
}

void forget_uses(Observed& seen, MrId mr, PageRange pages) {
  drop_if(seen.used, [&](const Use& use) { return use.mr == mr && pages.contains(use.page); });
}

// A translation counts as used when it is made: the device has asked for it. One that the driver
// has taken back already leaves no trace, though it may still be in the adapter's TLB.
void note_use(Machine& machine, const Event& event) {
  const Registration& region = std::as_const(machine).registrations[event.mr.index()];
  if (!ages(machine, event.mr) || !region.table.at(event.pages.first).populated()) return;
  Observed& seen = machine.observed;
  const bool known = std::ranges::any_of(seen.used, [&](const Use& use) {
    return use.mr == event.mr && use.page == event.pages.first;
  });
  if (!known) insert_sorted(seen.used, Use{.mr = event.mr, .page = event.pages.first});
}

// The drivers were asked. What an adapter still has in its TLB, it may use unseen from here on.
void note_question(Machine& machine, const Event& event) {
  Observed& seen = machine.observed;
  const auto asked = [&](const Use& use) {
    return machine.registrations[use.mr.index()].mm == event.mm && event.pages.contains(use.page);
  };
  const auto cached = [&](const Use& use) {
    const AdapterId adapter = machine.registrations[use.mr.index()].adapter;
    return std::as_const(machine).adapters[adapter.index()].tlb.find(use.mr, use.page) != nullptr;
  };
  drop_if(seen.used, [&](const Use& use) { return asked(use) && !cached(use); });
  for (Use& use : seen.used) use.blurred = use.blurred || asked(use);
}

void observe_uses(Machine& machine, const Event& event) {
  switch (event.kind) {
    case EventKind::pfn_installed:
      forget_uses(machine.observed, event.mr, event.pages);
      return note_use(machine, event);
    case EventKind::dma_start:
      return note_use(machine, event);
    case EventKind::clear_flush_young:
    case EventKind::clear_young:
      return note_question(machine, event);
    case EventKind::pfn_cleared:
      return forget_uses(machine.observed, event.mr, event.pages);
    default:
      return;
  }
}

// ---- Writes and who has seen them, for S10

void forget_writes(Observed& seen, MmId mm, PageRange pages) {
  drop_if(seen.written,
          [&](const Written& written) { return written.mm == mm && pages.contains(written.page); });
}

std::uint32_t next_place(const Observed& seen, TaskId writer) {
  std::uint32_t last = 0;
  for (const Written& written : seen.written) {
    if (written.writer == writer) last = std::max(last, written.place);
  }
  for (const SeenUpTo& entry : seen.seen) {
    if (entry.writer == writer) last = std::max(last, entry.place);
  }
  return last + 1;
}

void note_write(Machine& machine, const Event& event) {
  Observed& seen = machine.observed;
  forget_writes(seen, event.mm, event.pages);
  const TaskId writer = program_of(*machine.setup, event.line);
  if (!writer.some()) return;
  insert_sorted(seen.written, Written{.mm = event.mm,
                                      .page = event.pages.first,
                                      .writer = writer,
                                      .place = next_place(seen, writer),
                                      .value = event.value});
}

void note_read(Machine& machine, const Event& event) {
  Observed& seen = machine.observed;
  const Written* written = seen.last_write(event.mm, event.pages.first);
  const TaskId reader = program_of(*machine.setup, event.line);
  if (written == nullptr || written->value != event.value || !reader.some()) return;
  if (written->writer == reader) return;
  for (SeenUpTo& entry : seen.seen) {
    if (entry.reader != reader || entry.writer != written->writer) continue;
    entry.place = std::max(entry.place, written->place);
    return;
  }
  insert_sorted(seen.seen, SeenUpTo{reader, written->writer, written->place});
}

void observe_writes(Machine& machine, const Event& event) {
  switch (event.kind) {
    case EventKind::cpu_write:
      return note_write(machine, event);
    case EventKind::dma_read:
      return note_read(machine, event);
    case EventKind::dma_write:
    case EventKind::pte_cleared:  // What is written into the next page, will be told.
      return forget_writes(machine.observed, event.mm, event.pages);
    default:
      return;
  }
}

// ---- Entries that a device may still have, for S2, S3 and S9

void note_late(Machine& machine, const Event& event, TaskId task) {
  auto& list = machine.observed.unflushed;
  const auto& bonds = std::as_const(machine).registrations;
  for (std::uint32_t i = 0; i < bonds.size(); ++i) {
    const Registration& bond = bonds[i];
    const bool bound =
        bond.mm == event.mm && !bond.gone && machine.is(bond.adapter, AdapterSetup::Kind::sva);
    if (!bound) continue;
    const auto* policy = std::get_if<SvaPolicy>(&machine.policy_of(MrId{i}));
    const bool by_user = policy != nullptr && policy->flush_at == SvaPolicy::FlushAt::user;
    const LatePages fresh{.task = by_user ? TaskId{} : task,
                          .mm = event.mm,
                          .pages = event.pages,
                          .mr = by_user ? MrId{i} : MrId{}};
    if (std::ranges::find(list, fresh) == list.end()) insert_sorted(list, fresh);
  }
}

}  // namespace

bool Observed::asks_for_late() const {
  return shared && (asks(Property::stale_translation) || asks(Property::write_without_permission) ||
                    asks(Property::fork_leak) || asks(Property::unmarked_write));
}

bool Observed::late(MrId bond, MmId mm, Page page) const {
  return std::ranges::any_of(unflushed, [&](const LatePages& entry) {
    return entry.mm == mm && entry.pages.contains(page) && (!entry.mr.some() || entry.mr == bond);
  });
}

void observe_flush(Machine& machine, TaskId task, MmId mm, PageRange pages) {
  if (std::as_const(machine).observed.unflushed.empty()) return;
  drop_if(machine.observed.unflushed, [&](const LatePages& entry) {
    return entry.task == task && entry.mm == mm && entry.pages.overlaps(pages);
  });
}

void observe_end(Machine& machine, TaskId task) {
  if (std::as_const(machine).observed.unflushed.empty()) return;
  drop_if(machine.observed.unflushed,
          [task](const LatePages& entry) { return entry.task == task; });
}

void observe_user_flush(Machine& machine, MrId bond, PageRange pages) {
  if (std::as_const(machine).observed.unflushed.empty()) return;
  auto& list = machine.observed.unflushed;
  const auto told = [&](const LatePages& entry) {
    return entry.mr == bond && entry.pages.overlaps(pages);
  };
  std::vector<LatePages> rest;
  for (const LatePages& entry : list) {
    if (!told(entry)) continue;
    const PageRange cut = entry.pages.intersect(pages);
    const std::uint32_t before_it = cut.first.value - entry.pages.first.value;
    const std::uint32_t behind_it = entry.pages.count - before_it - cut.count;
    LatePages part = entry;
    part.pages.count = before_it;
    if (before_it > 0) rest.push_back(part);
    part.pages = {.first = cut.end(), .count = behind_it};
    if (behind_it > 0) rest.push_back(part);
  }
  drop_if(list, told);
  for (const LatePages& part : rest) {
    if (std::ranges::find(list, part) == list.end()) insert_sorted(list, part);
  }
}

void Observed::encode(sim::Encoder& out) const {
  if (asks(Property::lock_cycle)) sim::encode(out, locks);
  if (asks_for_late()) {
    Names* renamed = names_of(out);
    encode_sorted(out, unflushed, [renamed](const LatePages& entry) {
      const auto id = [&](Kind kind, std::uint32_t own) {
        return renamed == nullptr ? own : renamed->of(kind, own);
      };
      return std::tuple(id(task_kind, entry.task.value), id(mm_kind, entry.mm.value),
                        entry.pages.first, entry.mr.value);
    });
  }
  if ((asked & needs_notes) == 0) return;
  Names* names = names_of(out);
  const auto of = [names](Kind kind, std::uint32_t id) {
    return names == nullptr ? id : names->of(kind, id);
  };
  encode_sorted(out, used, [](const Use& use) { return std::pair(use.mr, use.page); });
  encode_sorted(out, written, [&](const Written& entry) {
    return std::pair(of(mm_kind, entry.mm.value), entry.page);
  });
  encode_sorted(out, seen, [&](const SeenUpTo& entry) {
    return std::pair(of(task_kind, entry.reader.value), of(task_kind, entry.writer.value));
  });
}

const Written* Observed::last_write(MmId mm, Page page) const {
  for (const Written& entry : written) {
    if (entry.mm == mm && entry.page == page) return &entry;
  }
  return nullptr;
}

std::uint32_t Observed::seen_up_to(TaskId reader, TaskId writer) const {
  for (const SeenUpTo& entry : seen) {
    if (entry.reader == reader && entry.writer == writer) return entry.place;
  }
  return 0;
}

Observed observed_of(const Setup& setup) {
  Observed observed{.locks = order_of_reclaim()};
  for (const Claim& claim : setup.claims) {
    if (claim.kind == Claim::Kind::never) observed.asked |= bit(claim.property);
  }
  observed.shared = std::ranges::any_of(setup.adapters, [](const AdapterSetup& adapter) {
    return adapter.kind == AdapterSetup::Kind::sva;
  });
  return observed;
}

void observe(Machine& machine, const Event& event, TaskId task) {
  const bool changes = event.kind == EventKind::pte_cleared ||
                       event.kind == EventKind::pte_protected ||
                       (event.kind == EventKind::page_cleaned && event.mm.some());
  if (changes && machine.observed.asks_for_late()) note_late(machine, event, task);
  if ((machine.observed.asked & needs_notes) == 0) return;
  if (machine.observed.asks(Property::missed_use)) observe_uses(machine, event);
  if (machine.observed.asks(Property::reordered_read)) observe_writes(machine, event);
}

TaskId program_of(const Setup& setup, LineId line) {
  for (std::uint32_t i = 0; i < setup.programs.size(); ++i) {
    const auto& lines = setup.programs[i].lines;
    if (std::ranges::find(lines, line) != lines.end()) return TaskId{i};
  }
  return {};
}

}  // namespace model
