// SPDX-License-Identifier: Apache-2.0
#include "model/flow/protect.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

constexpr PageRange all_pages{.first = Page{0}, .count = 0xffffffff};

}  // namespace

NotifierRange Mprotect::range() const {
  return {.mm = mm, .pages = pages, .event = NotifierEvent::protection_vma};
}

Wait Mprotect::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::write);
  if (step == Step::modify) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

Next Mprotect::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::write);
      c.spend(Cost::syscall);
      step = Step::change_vma;
      return Next::again;
    case Step::change_vma:
      return change_vma(c);
    case Step::start:
      step = Step::modify;
      return c.call({RangeStart{.range = range()}});
    case Step::modify: {  // change_pte_range(). Permission is given back by a fault, not here.
      Small<Page, 8> present;
      c.mm(mm).page_table.for_each(pages, [&](Page page, const Pte& pte) {
        if (pte.present()) present.push_back(page);
      });
      for (const Page page : present) {
        if (!write) protect(c, mm, page);
      }
      step = Step::ended;
      return Next::again;
    }
    case Step::ended:
      step = Step::flush;
      return c.call({RangeEnd{.range = range()}});
    case Step::flush:
      step = Step::unlock;
      return c.call({TlbFlush{.mm = mm, .pages = pages}});
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// mprotect_fixup(), under mmap_lock for write. Nothing is notified if nothing changes, or if no
// table is populated.
Next Mprotect::change_vma(Context& c) {
  AddressSpace& space = c.mm(mm);
  std::uint32_t covered = 0;
  for (const Vma& vma : space.vmas) covered += vma.pages.intersect(pages).count;
  if (covered < pages.count) {
    c.release(mmap_lock(mm));
    return c.done(Result::error(ENOMEM));
  }
  const bool same = std::ranges::all_of(space.vmas, [this](const Vma& vma) {
    return !vma.pages.overlaps(pages) || (vma.read == read && vma.write == write);
  });
  if (same) {
    step = Step::unlock;
    return Next::again;
  }
  for (Vma vma : space.remove(pages)) {
    vma.read = read;
    vma.write = write;
    space.insert(vma);
  }
  if (!space.page_table.any(pages)) {
    step = Step::unlock;
    return Next::again;
  }
  step = Step::start;
  return Next::again;
}

Wait Fork::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(parent), LockMode::write);
  if (step == Step::copy) return Wait::lock(page_table_lock(parent), LockMode::write);
  return {};
}

NotifierRange Fork::range(Context& c) const {
  return {
      .mm = parent, .pages = c.mm(parent).vmas[vma].pages, .event = NotifierEvent::protection_page};
}

Next Fork::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!c.mm(child).vmas.empty()) return c.done(Result::error(EEXIST));
      c.take(mmap_lock(parent), LockMode::write);
      c.spend(Cost::syscall);
      step = Step::next_vma;
      return Next::again;
    case Step::next_vma:
      return next_vma(c);
    case Step::copy:
      return copy(c);
    case Step::end: {
      const NotifierRange closed = range(c);
      ++vma;
      cursor = 0;
      step = Step::next_vma;
      return c.call({RangeEnd{.range = closed}});
    }
    case Step::flush:  // flush_tlb_mm(), after the last range_end.
      step = Step::unlock;
      return c.call({TlbFlush{.mm = parent, .pages = all_pages}});
    case Step::unlock:
      c.release(mmap_lock(parent));
      return c.done();
    case Step::finish:
      c.release(mmap_lock(parent));
      return c.done(Result::error(ENOMEM));
  }
  return c.done();
}

// dup_mmap(): shared memory is found again by faults; private memory is copied.
Next Fork::next_vma(Context& c) {
  const auto& vmas = c.mm(parent).vmas;
  if (vma == vmas.size()) {
    step = Step::flush;
    return Next::pass;
  }
  const Vma area = vmas[vma];
  Vma copy = area;
  copy.locked = false;  // mlock() is not inherited.
  c.mm(child).insert(copy);
  c.mapping(area.mapping)
      .windows.push_back({.mm = child, .pages = area.pages, .index = area.index});
  if (area.shared || !c.mm(parent).page_table.any(area.pages)) {
    ++vma;
    return Next::pass;
  }
  step = Step::copy;
  return c.call({RangeStart{.range = range(c)}});
}

// copy_pte_range(): one page a step, under the page table locks of both.
Next Fork::copy(Context& c) {
  const Vma area = c.mm(parent).vmas[vma];
  const PageTable& table = c.mm(parent).page_table;
  while (cursor < area.pages.count && !table.at(area.pages.at(cursor)).populated()) ++cursor;
  if (cursor < area.pages.count && !copy_page(c, area, area.pages.at(cursor))) {
    step = Step::finish;
    return c.call({RangeEnd{.range = range(c)}});
  }
  if (++cursor >= area.pages.count) step = Step::end;
  return Next::again;
}

bool Fork::copy_page(Context& c, const Vma& area, Page page) {
  const Pte pte = c.mm(parent).page_table.at(page);
  if (pte.swapped()) {
    ++c.host(c.mm(parent).host).swap[pte.slot()].users;
    c.mm(child).page_table.set(page, pte);
    return true;
  }
  const FrameId frame = pte.frame();
  if (c.machine.is_zero(frame)) {
    map_frame(c, child, page, frame, {});
    return true;
  }
  if (c.frame(frame).pins > 0 && c.setup.switches.fork_copies_pinned) {
    const std::optional<FrameId> copy = c.allocate(c.mm(child).host);
    if (!copy) return false;
    c.frame(*copy).value = c.frame(frame).value;
    c.frame(*copy).mapping = area.mapping;
    c.frame(*copy).index = area.index_of(page);
    lru_add(c, *copy);
    c.spend(Cost::copy_page);
    map_frame(c, child, page, *copy, {.write = area.write, .dirty = true});
    return true;
  }
  protect(c, parent, page);
  c.get(frame);
  map_frame(c, child, page, frame, {.write = false, .dirty = pte.dirty});
  return true;
}

Wait Exit::guard() const {
  return step == Step::zap ? Wait::lock(mmap_lock(mm), LockMode::write) : Wait{};
}

Next Exit::run(Context& c) {
  Subscriptions& notifier = c.notifier(mm);
  const NotifierRange release{.mm = mm, .pages = all_pages, .event = NotifierEvent::release};
  switch (step) {
    case Step::begin:  // mm_users is zero: mmget_not_zero() fails from here on.
      if (!c.mm(mm).alive) return c.done(Result::error(ESRCH));
      c.mm(mm).alive = false;
      c.spend(Cost::syscall);
      open_range(c, release);
      notifier.intervals.start(all_pages);  // mn_itree_release().
      step = Step::interval;
      return Next::again;
    case Step::interval: {
      const auto hits = notifier.intervals.hits(all_pages);
      if (cursor == hits.size()) {
        end_intervals(c, mm);
        close_range(c, release);
        step = Step::listener;
        return Next::pass;
      }
      const MrId mr = hits[cursor++];
      return c.call({PolicyCall{.hook = Hook::range_start,
                                .mr = mr,
                                .range = release,
                                .pages = c.registration(mr).pages,
                                .sequence = notifier.intervals.sequence()}});
    }
    case Step::listener: {
      const MrId mr = notifier.next_listener(listener);
      if (!mr.some()) {
        step = Step::released;
        return Next::pass;
      }
      listener = mr;
      return c.call({PolicyCall{
          .hook = Hook::release, .mr = mr, .range = release, .pages = c.registration(mr).pages}});
    }
    case Step::released:
      return released(c);
    case Step::zap: {  // Interval notifiers are still there: they get an UNMAP as well.
      c.mm(mm).vmas.clear();
      step = Step::finish;
      return c.call({Zap{.range = {.mm = mm, .pages = all_pages, .event = NotifierEvent::unmap}}});
    }
    case Step::finish:
      for (Mapping& mapping : c.machine.mappings) {
        drop_if(mapping.windows, [&](const MappingWindow& window) { return window.mm == mm; });
        if (!mapping.windows.empty()) continue;
        for (const auto& [index, entry] : mapping.cache) {  // The last user of shared memory.
          if (entry.present()) {
            c.put(entry.frame());
          } else {
            c.host(c.mm(mm).host).swap.put(entry.slot());
          }
        }
        mapping.cache.clear();
      }
      return c.done();
  }
  return c.done();
}

Next Exit::released(Context& c) {
  Subscriptions& notifier = c.notifier(mm);
  notifier.released = true;
  for (const MrId mr : notifier.list) c.changed(Wait::Kind::idle, mr.value);
  notifier.list.clear();  // Unhashed; synchronize_srcu().
  c.emit({.kind = EventKind::released, .mm = mm});
  step = Step::zap;
  return Next::again;
}

}  // namespace model
