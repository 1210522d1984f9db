// SPDX-License-Identifier: Apache-2.0
#include "model/flow/tlb.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

constexpr std::uint32_t single_page_flushes_max = 33;  // tlb_single_page_flush_ceiling

Page floor_to(Page page, std::uint32_t span) { return Page{page.value - page.value % span}; }

// Whether [floor, ceiling) leaves the whole span to us.
bool only_ours(Page start, std::uint32_t span, Page floor, Page ceiling) {
  const Page first = floor_to(start, span);
  if (first < floor) return false;
  return ceiling.value == 0 || std::uint64_t{first.value} + span <= ceiling.value;
}

// By entry, or all of them at once.
sim::Nanoseconds flush_price(Context& c, std::uint64_t entries, Cost each) {
  return entries > single_page_flushes_max ? c.price(Cost::tlb_flush_all) : c.price(each, entries);
}

// Sends each CPU that caches such entries the request to drop them: true if there are others. The
// requests leave one after the other; what is asked for is done by all CPUs at the same time, and
// by this one too (smp_call_function_many_cond()), or (before 5.13) by this one first.
template <class Wanted>
bool send(Context& c, std::uint64_t entries, Wanted wanted) {
  const CpuId own = c.task().cpu;
  const auto caches = [&](std::uint32_t i) {
    bool any = false;
    wanted([&](MmId mm, PageRange pages) {
      any = any || std::as_const(c.machine).cpus[i].caches(mm, pages);
    });
    return any;
  };
  const bool local = own.some() && caches(own.value);
  const sim::Nanoseconds own_flush = local ? flush_price(c, entries, Cost::tlb_flush_local) : 0;
  if (!c.setup.switches.flush_at_once) c.pause(own_flush);
  sim::Nanoseconds sent = 0;
  bool remote = false;
  for (std::uint32_t i = 0; i < c.machine.cpus.size(); ++i) {
    if (!caches(i)) continue;
    const bool is_own = CpuId{i} == own;
    if (!is_own && remote) sent += c.price(Cost::ipi_more);
    const sim::Nanoseconds answered =
        is_own ? 0 : sent + c.price(Cost::ipi) + flush_price(c, entries, Cost::tlb_flush_remote);
    remote = remote || !is_own;
    wanted([&](MmId mm, PageRange pages) {
      Cpu& cpu = c.machine.cpus[i];
      if (!cpu.caches(mm, pages)) return;
      if (!is_own) return c.interrupt(CpuId{i}, mm, pages, answered);
      cpu.flush(mm, pages);
      c.emit({.kind = EventKind::cpu_flush, .mm = mm, .pages = pages, .value = i});
    });
  }
  if (c.setup.switches.flush_at_once) c.pause(own_flush);
  return remote;
}

// A device is bound to the address space.
bool shares_table(const Machine& machine, const Registration& bond, MmId mm) {
  return bond.mm == mm && !bond.gone && machine.is(bond.adapter, AdapterSetup::Kind::sva);
}

// An ordinary subscriber with invalidate_page(), of whose pages it is.
bool told_by_page(const Machine& machine, MrId mr, MmId mm, PageRange entry) {
  const Registration& region = machine.registrations[mr.index()];
  return region.mm == mm && region.pages.overlaps(entry) &&
         machine.notifiers[mm.index()].listens(mr) && machine.page_told(mr);
}

}  // namespace

void free_tables(Context& c, MmId mm, PageRange pages, Page floor, Page ceiling) {
  MmuGather& gather = c.task().gather;
  PageTable& table = c.mm(mm).page_table;
  const Page start = floor_to(pages.first, pmd_pages);
  for (const std::uint32_t span : {pmd_pages, pud_pages, pgd_pages}) {
    for (const Page first : table.tables_over(span, pages)) {
      if (!only_ours(first, span, floor, ceiling)) continue;
      table.drop_table(span, first);
      c.spend(Cost::page_alloc);
      gather.add_table(std::max(first, start), span);
    }
  }
  // Four levels: the fifth is folded, and always looks as if there were something to be freed.
  if (only_ours(start, pgd_pages, floor, ceiling)) gather.add_table(start, 0);
}

Next SecondaryFlush::run(Context& c) {
  for (; cursor < c.machine.registrations.size(); ++cursor) {
    const MrId mr{cursor};
    const Registration& region = std::as_const(c.machine).registrations[cursor];
    const bool told =
        entry ? told_by_page(c.machine, mr, mm, pages) : shares_table(c.machine, region, mm);
    if (!told) continue;
    ++cursor;
    return c.call({PolicyCall{.hook = Hook::secondary,
                              .mr = mr,
                              .range = {.mm = mm, .pages = pages, .event = NotifierEvent::clear},
                              .pages = entry ? region.pages.intersect(pages) : pages}});
  }
  if (entry) c.notifier(mm).spoil(pages, &Lookup::spoiled);
  if (!entry) observe_flush(c.machine, c.self, mm, pages);
  return c.give();
}

bool has_invalidate_page(const Context& c) {
  return std::ranges::any_of(c.setup.adapters, [](const AdapterSetup& adapter) {
    return std::visit([](const auto& policy) { return policy.page_told; }, adapter.policy);
  });
}

Next invalidate_page(Context& c, MmId mm, PageRange entry, bool& told) {
  if (told || !has_invalidate_page(c)) {
    told = false;
    return Next::pass;
  }
  told = true;
  c.emit({.kind = EventKind::invalidate_page, .mm = mm, .pages = entry});
  return c.call({SecondaryFlush{.entry = true, .mm = mm, .pages = entry}});
}

Next secondary_tlb(Context& c, MmId mm, PageRange pages, Next next) {
  if (!std::as_const(c.machine).notifiers[mm.index()].list.empty()) c.spend(Cost::lock);
  c.emit({.kind = EventKind::secondary_tlb, .mm = mm, .pages = pages});
  const bool shared = std::ranges::any_of(
      std::as_const(c.machine).registrations,
      [&](const Registration& region) { return shares_table(c.machine, region, mm); });
  return shared ? c.call({SecondaryFlush{.mm = mm, .pages = pages}}) : next;
}

TlbFlush flush_of(MmId mm, const MmuGather& gather, bool full) {
  return {.mm = mm,
          .pages = full ? all_pages : gather.range,
          .shift = gather.shift(),
          .freed_tables = gather.freed_tables,
          .secondary = !full && gather.range.count != all_pages.count};
}

TlbFlush flush_page(MmId mm, Page page) { return {.mm = mm, .pages = one_page(page)}; }

TlbFlush flush_range(MmId mm, PageRange pages) {
  return {.mm = mm, .pages = pages, .freed_tables = true, .secondary = false};
}

TlbFlush flush_mm(MmId mm) {
  return {.mm = mm, .pages = all_pages, .shift = 0, .freed_tables = true, .secondary = false};
}

Wait TlbFlush::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::flushed} : Wait{};
}

Next TlbFlush::run(Context& c) {
  const KernelSwitches& kernel = c.setup.switches;
  const std::uint64_t entries = (std::uint64_t{pages.count} << 12) >> shift;
  if (step == Step::told) return c.done();
  if (step == Step::send) {
    c.emit({.kind = EventKind::tlb_flush,
            .context = {.freed_tables = freed_tables},
            .mm = mm,
            .pages = pages,
            .value = shift});
    if (send(c, entries, [this](auto visit) { visit(mm, pages); })) {
      step = Step::wait;
      return Next::again;
    }
  }
  const bool many = entries > single_page_flushes_max;
  const bool waited = step == Step::wait;
  const PageRange told = kernel.secondary_above && many ? all_pages : pages;
  step = Step::told;
  if ((kernel.secondary_by_flush || secondary) &&
      secondary_tlb(c, mm, told, Next::pass) == Next::call) {
    return Next::call;
  }
  return waited ? c.give() : c.done();
}

Next TlbFinish::run(Context& c) {
  MmuGather& gather = c.task().gather;
  switch (step) {
    case Step::flush: {
      step = Step::free;
      if (!gather.flushes()) return Next::pass;
      if (!c.setup.switches.flush_before_free && !gather.frames.empty()) return Next::pass;
      const TlbFlush flush = flush_of(mm, gather, full);
      gather.reset();
      return c.call({flush});
    }
    case Step::free: {
      if (gather.frames.empty()) return c.give();
      free_gathered(c);
      if (!gather.flushes()) return c.done();
      step = Step::flush;  // Too late: what flush_before_free is for.
      return Next::again;
    }
  }
  return c.done();
}

void free_gathered(Context& c) {
  auto frames = c.task().gather.frames;
  c.task().gather.frames.clear();
  if (!c.setup.switches.free_in_order) std::reverse(frames.begin(), frames.end());
  for (const FrameId frame : frames) free_unmapped(c, frame);
}

// ---- Deferred flushes.

bool defers(Context& c, MmId mm) {
  if (c.setup.switches.defer_locally) return true;
  return std::ranges::any_of(c.setup.programs, [&](const Program& program) {  // mm_cpumask().
    return program.mm == mm && program.cpu != c.task().cpu;
  });
}

Next defer_flush(Context& c, MmId mm, bool dirty) {
  Task& task = c.task();
  if (std::ranges::find(task.unflushed, mm) == task.unflushed.end()) task.unflushed.push_back(mm);
  task.unflushed_dirty = task.unflushed_dirty || dirty;
  c.mm(mm).unflushed = true;
  // arch_tlbbatch_add_pending() does not say which pages: the secondary TLBs lose all.
  if (!c.setup.switches.secondary_by_flush) return Next::again;
  return secondary_tlb(c, mm, all_pages, Next::again);
}

Wait BatchFlush::guard() const {
  return step == Step::wait ? Wait{.kind = Wait::Kind::flushed} : Wait{};
}

Next BatchFlush::run(Context& c) {
  Task& task = c.task();
  switch (step) {
    case Step::send: {
      if (task.unflushed.empty()) return c.give();
      c.emit({.kind = EventKind::tlb_flush_batch});
      const auto spaces = task.unflushed;
      task.unflushed.clear();
      task.unflushed_dirty = false;
      const bool remote = send(c, all_pages.count, [&](auto visit) {
        for (const MmId mm : spaces) visit(mm, all_pages);
      });
      if (!remote) return c.done();
      step = Step::wait;
      return Next::again;
    }
    case Step::wait:
      return c.give();
  }
  return c.done();
}

bool flush_pending(Context& c, MmId mm) {
  if (!c.mm(mm).unflushed || !c.setup.switches.heed_pending_flush) return false;
  c.mm(mm).unflushed = false;
  return true;
}

}  // namespace model
