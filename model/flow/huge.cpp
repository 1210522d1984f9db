// SPDX-License-Identifier: Apache-2.0
#include "model/flow/huge.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

NotifierRange clear_of(MmId mm, Page first) {
  return {.mm = mm, .pages = {.first = first, .count = pmd_pages}, .event = NotifierEvent::clear};
}

std::optional<FrameId> allocate_huge(Context& c, HostId host) {
  const std::optional<FrameId> head = c.machine.frames.allocate(host, pmd_pages);
  c.changed(Wait::Kind::pressure, host.value);
  if (head) c.emit({.kind = EventKind::frame_allocated, .frame = *head, .value = 9});
  return head;
}

}  // namespace

bool mapped_only_by(const Machine& machine, FrameId head, MmId mm) {
  const Frame& folio = machine.frames[head];
  std::uint32_t maps = 0;
  for (const Vma& vma : machine.spaces[mm.index()].vmas) {
    if (!vma.belongs_to(folio.mapping)) continue;
    bool counted = false;
    machine.spaces[mm.index()].page_table.for_each(vma.pages, [&](Page, const Pte& pte) {
      if (!pte.present() || machine.frames.head(pte.frame()) != head) return;
      maps += pte.huge && counted ? 0 : 1;
      counted = counted || pte.huge;
    });
  }
  return maps == folio.maps;
}

std::optional<Page> place_of(const Machine& machine, MmId mm, FrameId head) {
  const Frame& folio = machine.frames[head];
  for (const Vma& vma : machine.spaces[mm.index()].vmas) {
    if (!vma.belongs_to(folio.mapping)) continue;
    if (const auto page = vma.page_at(folio.index)) return page;
  }
  return std::nullopt;
}

// ---- HugeFault

Wait HugeFault::guard() const { return Wait::lock(page_table_lock(mm), LockMode::write); }

Next HugeFault::run(Context& c) {
  const HostId host = c.mm(mm).host;
  PageTable& table = c.mm(mm).page_table;
  if (table.has_table(pmd_pages, first) || table.at(first).populated()) return c.done();
  if (!write) {
    Host& owner = c.host(host);
    if (!owner.huge_zero.some()) {
      const auto zero = c.machine.frames.allocate(host, pmd_pages);
      if (zero) owner.huge_zero = *zero;
    }
    if (owner.huge_zero.some()) {
      map_huge(c, mm, first, owner.huge_zero, {});
      return c.done();
    }
  } else if (const auto head = allocate_huge(c, host)) {
    Vma& vma = *c.mm(mm).find_vma(first);
    vma.prepared = true;
    belongs(c, *head, vma, first);
    lru_add(c, *head);
    map_huge(c, mm, first, *head, {.write = vma.write, .dirty = true, .exclusive = true});
    return c.done();
  }
  table.add_table(pmd_pages, first);  // Small pages, then.
  return c.done();
}

// ---- HugeWrite

Wait HugeWrite::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next HugeWrite::run(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  switch (step) {
    case Step::decide:
      return decide(c);
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::set;
      unmap_huge(c, mm, first);
      return c.call({flush_range(mm, {.first = first, .count = pmd_pages})});
    case Step::set: {
      Vma& vma = *c.mm(mm).find_vma(page);
      vma.prepared = true;
      belongs(c, fresh, vma, first);
      lru_add(c, fresh);
      map_huge(c, mm, first, fresh, {.write = vma.write, .dirty = true, .exclusive = true});
      c.release(page_table_lock(mm));
      step = Step::end;
      return Next::again;
    }
    case Step::end:
      step = Step::finish;
      return c.call({RangeEnd{.only_end = true, .range = clear_of(mm, first)}});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

Next HugeWrite::decide(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  Pte pte = c.mm(mm).page_table.at(first);
  if (!pte.present() || !pte.huge) return c.give();
  const FrameId head = pte.frame();
  step = Step::finish;
  if (c.machine.is_zero(head)) {
    if (c.setup.switches.zero_huge_at_once) {
      if (const auto huge = allocate_huge(c, c.mm(mm).host)) {
        fresh = *huge;
        step = Step::start;
        return Next::again;
      }
    }
    return c.call({SplitPmd{.mm = mm, .first = first}});
  }
  const Frame& folio = c.frame(head);
  if (pte.exclusive || (folio.maps == 1 && folio.references == 1)) {
    pte.write = pte.dirty = pte.young = pte.exclusive = true;
    pte.soft_clean = false;
    c.mm(mm).page_table.set_huge(first, pte);
    c.emit({.kind = EventKind::pte_set,
            .detail = 1,
            .mm = mm,
            .pages = {.first = first, .count = pmd_pages},
            .frame = head});
    return c.done();
  }
  return c.call({SplitPmd{.mm = mm, .first = first}});
}

// ---- SplitFolio

Wait SplitFolio::guard() const {
  return step == Step::lock ? Wait::lock(folio_lock(frame), LockMode::write) : Wait{};
}

Next SplitFolio::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!can_split(c)) return c.done(Result::error(EBUSY));
      c.lock_folio(frame);
      c.get(frame);
      step = Step::unmap;
      return Next::pass;
    case Step::unmap:
      return unmap(c);
    case Step::again:  // Up to 6.15 the walk has a bracket of its own, in which nothing is left.
      step = Step::ended;
      if (c.setup.switches.split_in_walk) return Next::pass;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::ended:
      step = Step::unmap;
      if (c.setup.switches.split_in_walk) return Next::pass;
      return c.call({RangeEnd{.range = clear_of(mm, first)}});
    case Step::split: {
      const std::uint32_t pages = c.frame(frame).pages;
      lru_remove(c, frame);
      c.machine.frames.split(frame);
      c.get(frame);
      for (std::uint32_t i = 1; i < pages; ++i) c.get(FrameId{frame.value + i});
      step = Step::remap;
      return Next::again;
    }
    case Step::remap: {  // remap_page()
      for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
        const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
        Small<std::pair<Page, Pte>, 8> entries;
        for (const Vma& vma : looked_at.vmas) {
          if (!vma.belongs_to(c.frame(frame).mapping)) continue;
          looked_at.page_table.for_each(vma.pages, [&](Page page, const Pte& pte) {
            const bool ours = pte.migrating() && pte.target >= frame.value &&
                              pte.target < frame.value + pmd_pages;
            if (ours) entries.push_back({page, pte});
          });
        }
        for (auto [page, pte] : entries) {
          pte.kind = Pte::Kind::present;
          c.mm(MmId{space}).page_table.set(page, pte);
          ++c.frame(pte.frame()).maps;
          c.get(pte.frame());
        }
      }
      for (std::uint32_t i = 0; i < pmd_pages; ++i) {
        const FrameId page{frame.value + i};
        lru_add(c, page);
        if (i > 0) free_unmapped(c, page);
      }
      step = Step::unlock;
      return Next::again;
    }
    case Step::unlock:
      c.release(folio_lock(frame));
      free_unmapped(c, frame);
      return c.done();
  }
  return c.done();
}

// can_split_folio(): all references are those of huge entries.
bool SplitFolio::can_split(Context& c) const {
  const Machine& machine = c.machine;
  const Frame& folio = machine.frames[frame];
  std::uint32_t maps = 0;
  for (std::uint32_t space = 0; space < machine.spaces.size(); ++space) {
    const auto place = place_of(machine, MmId{space}, frame);
    if (!place) continue;
    const Pte pte = machine.spaces[space].page_table.at(*place);
    maps += pte.maps(frame) && pte.huge ? 1 : 0;
  }
  return folio.pages > 1 && maps == folio.maps && folio.references == folio.maps;
}

Next SplitFolio::unmap(Context& c) {
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    const auto place = place_of(c.machine, MmId{space}, frame);
    if (!place) continue;
    const Pte pte = std::as_const(c.machine).spaces[space].page_table.at(*place);
    if (!pte.maps(frame) || !pte.huge) continue;
    mm = MmId{space};
    first = *place;
    step = Step::again;
    return c.call({SplitPmd{.freeze = true, .mm = mm, .first = first}});
  }
  step = Step::split;
  return Next::pass;
}

// ---- Collapse

Wait Collapse::guard() const {
  if (step == Step::lock) return write_lock_wait(mm, has_lock);
  if (step == Step::lock_ptl) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

Next Collapse::run(Context& c) {
  switch (step) {
    case Step::next:
      return next(c);
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      has_lock = false;
      step = suits(c, {.first = first, .count = pmd_pages}) ? Step::start : Step::unlock;
      return Next::pass;
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      copy(c);  // Nobody can write any more: from here on there is no entry.
      step = Step::flush;
      return c.call({flush_range(mm, {.first = first, .count = pmd_pages})});
    case Step::flush:
      c.release(page_table_lock(mm));
      step = Step::end;
      return c.call({RangeEnd{.range = clear_of(mm, first)}});
    case Step::end: {
      for (const FrameId frame : c.task().gather.frames) {
        c.spend(Cost::copy_page);
        if (!c.machine.is_zero(frame)) {
          c.frame(FrameId{head.value + c.frame(frame).index - c.frame(head).index}).value =
              c.frame(frame).value;
        }
      }
      step = Step::copy;
      return Next::again;
    }
    case Step::copy: {
      const Vma& vma = *c.mm(mm).find_vma(first);
      lru_add(c, head);
      map_huge(c, mm, first, head, {.write = vma.write, .dirty = true, .exclusive = true});
      auto frames = c.task().gather.frames;
      c.task().gather.frames.clear();
      for (const FrameId frame : frames) free_unmapped(c, frame);
      ++collapsed;
      head = FrameId{};
      step = Step::unlock;
      return Next::again;
    }
    case Step::unlock:
      unlock_write(c, mm);
      if (head.some()) c.put(head);
      head = FrameId{};
      step = Step::next;
      return Next::again;
    case Step::finish:
      break;
  }
  return c.done(Result::value(asked ? 0 : collapsed));
}

bool Collapse::suits(Context& c, PageRange span) const {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = space.find_vma(span.first);
  if (vma == nullptr || vma->file.some() || vma->nohuge || (!vma->huge && !asked)) return false;
  if (vma->pages.first > span.first || span.end() > vma->pages.end()) return false;
  if (space.page_table.at(span.first).huge) return false;
  bool found = false;
  bool fits = true;
  space.page_table.for_each(span, [&](Page, const Pte& pte) {
    found = true;
    fits = fits && pte.present() && c.machine.frames[c.machine.frames.head(pte.frame())].pins == 0;
  });
  return found && fits;
}

Next Collapse::next(Context& c) {
  if (cursor < pages.first) cursor = pages.first;
  for (;;) {
    const auto found = std::as_const(c.machine).spaces[mm.index()].page_table.first(
        {.first = cursor, .count = pages.end().value - cursor.value});
    if (!found) break;
    const PageRange span = span_of(*found, pmd_pages);
    cursor = span.end();
    if (span.first < pages.first || span.end() > pages.end()) continue;
    if (!suits(c, span)) continue;
    const auto huge = allocate_huge(c, c.mm(mm).host);
    if (!huge) return c.done(Result::error(ENOMEM));
    head = *huge;
    first = span.first;
    step = Step::lock;
    return Next::again;
  }
  step = Step::finish;
  return Next::pass;
}

// pmdp_collapse_flush(): the table is taken out as a whole; its pages wait to be copied.
void Collapse::copy(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Vma& vma = *std::as_const(space).find_vma(first);
  belongs(c, head, vma, first);
  Small<Page, 8> present;
  space.page_table.for_each({.first = first, .count = pmd_pages},
                            [&](Page page, const Pte&) { present.push_back(page); });
  for (const Page page : present) {
    const FrameId frame = unmap_frame(c, mm, page);
    if (!c.machine.is_zero(frame)) c.task().gather.frames.push_back(frame);
  }
  space.page_table.drop_table(pmd_pages, first);
}

// ---- SplitHugePages

Wait SplitHugePages::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next SplitHugePages::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      cursor = pages.first;
      step = Step::next;
      return Next::again;
    case Step::next:
      while (cursor < pages.end()) {
        const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(cursor);
        cursor = span_of(cursor, pmd_pages).end();
        if (!pte.present() || !pte.huge || c.machine.is_zero(pte.frame())) continue;
        return c.call({SplitFolio{.frame = c.machine.frames.head(pte.frame())}});
      }
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

}  // namespace model
