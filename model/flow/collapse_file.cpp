// SPDX-License-Identifier: Apache-2.0
#include "model/flow/collapse_file.hpp"

#include "model/flow/all.hpp"
#include "model/flow/huge_page.hpp"
#include "model/flow/paging.hpp"
#include "model/flow/shmem.hpp"

namespace model {

Wait CollapseFile::guard() const {
  switch (step) {
    case Step::hide:
      return Wait::lock(page_table_lock(other), LockMode::write);
    case Step::lock_own:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::clear_own:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next CollapseFile::run(Context& c) {
  switch (step) {
    case Step::page:
      return page(c);
    case Step::read:
      step = Step::page;
      return c.task().result.ok() ? Next::pass : fail(c, EINVAL);
    case Step::unmapped:
      return unmapped(c);
    case Step::flush:
      step = Step::replace;
      return c.call({BatchFlush{}});
    case Step::replace:
      return replace(c);
    case Step::retract:
      return retract(c);
    case Step::start:
      step = Step::hide;
      if (!c.setup.switches.collapse_notifies) return Next::pass;
      return c.call({RangeStart{.range = clear_of(other, place)}});
    case Step::hide:
      return hide(c);
    case Step::retracted:
      c.release(page_table_lock(other));
      step = Step::retract;
      if (!c.setup.switches.collapse_notifies) return Next::again;
      return c.call({RangeEnd{.range = clear_of(other, place)}});
    case Step::free:
      return free(c);
    case Step::lock_own:
      return lock_own(c);
    case Step::start_own:
      step = Step::clear_own;
      if (!c.setup.switches.collapse_notifies) return Next::pass;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::clear_own:
      return clear_own(c);
    case Step::end_own:
      c.release(page_table_lock(mm));
      step = Step::unlock_own;
      if (!c.setup.switches.collapse_notifies) return Next::again;
      return c.call({RangeEnd{.range = clear_of(mm, first)}});
    case Step::unlock_own:
      install(c);
      c.release(folio_lock(head));
      c.put(head);
      c.release(mmap_lock(mm));
      return c.done(error == 0 ? Result::success() : Result::error(error));
  }
  return c.done();
}

// collapse_file(): each page is locked, taken off the list of candidates, and unmapped.
Next CollapseFile::page(Context& c) {
  if (!head.some()) {
    const Pte there = std::as_const(c.machine).mappings[file.index()].cached(index);
    cached = there.present() && there.huge;
    if (cached) {  // SCAN_PTE_MAPPED_HUGEPAGE
      if (!asked) return c.done(Result::error(EINVAL));
      step = Step::lock_own;
      return Next::pass;
    }
    const auto huge = allocate_huge(c, std::as_const(c.machine).mappings[file.index()].host);
    if (!huge) return c.done(Result::error(ENOMEM));
    head = *huge;
    c.task().collected.emplace_back();
  }
  for (; cursor < pmd_pages; ++cursor) {
    const Pte there = std::as_const(c.machine).mappings[file.index()].cached(index + cursor);
    if (there.swapped()) {
      step = Step::read;
      return c.call({FileAccess{.file = file, .index = index + cursor}});
    }
    if (!there.present()) continue;
    c.spend(Cost::page_cache);
    frame = there.frame();
    if (there.huge || c.frame(frame).poisoned) return fail(c, EINVAL);  // SCAN_COPY_MC
    if (c.frame(frame).locked_by.some()) return fail(c, EAGAIN);
    c.get(frame);
    c.lock_folio(frame);
    step = Step::unmapped;
    if (c.frame(frame).maps == 0) return Next::pass;
    return c.call({UnmapFolio{.what = UnmapFolio::For::drop, .frame = frame, .mapping = file}});
  }
  step = Step::flush;
  return Next::pass;
}

// Nobody may have it but the page cache and us.
Next CollapseFile::unmapped(Context& c) {
  c.collected().folios.push_back(frame);
  if (c.frame(frame).maps > 0 || c.frame(frame).references != 2) return fail(c, EAGAIN);
  ++cursor;
  step = Step::page;
  return Next::again;
}

// What was collected stays where it is.
Next CollapseFile::fail(Context& c, int number) {
  error = number;
  cursor = pmd_pages;
  step = Step::free;
  return c.call({BatchFlush{}});
}

Next CollapseFile::replace(Context& c) {
  const Collected& old = c.collected();
  const Machine& machine = c.machine;
  const bool holes = old.folios.size() < pmd_pages;
  bool watched = false;
  for (const AddressSpace& space : machine.spaces) {
    for (const Vma& vma : space.vmas) watched = watched || (vma.file == file && vma.uffd_missing);
  }
  // Nothing is there, or userfaultfd would have to be told of what is not.
  if (old.folios.empty() || (holes && watched)) return fail(c, EINVAL);
  for (const FrameId one : old.folios) {
    const std::uint32_t at = c.frame(one).index;
    const Pte there = machine.mappings[file.index()].cached(at);
    if (!there.maps(one) || c.frame(one).references != 2) return fail(c, EAGAIN);
  }
  if (machine.mappings[file.index()].file && index >= machine.mappings[file.index()].size) {
    return fail(c, EINVAL);
  }
  for (std::uint32_t i = 0; i < pmd_pages; ++i) {
    const Pte there = machine.mappings[file.index()].cached(index + i);
    const bool ours = there.present() && c.frame(there.frame()).locked_by == c.self;
    if (there.populated() && !ours) return fail(c, EAGAIN);  // A hole that was filled.
  }
  for (const FrameId one : old.folios) {
    const std::uint32_t at = c.frame(one).index;
    c.frame(FrameId{head.value + (at - index)}).value = c.frame(one).value;
    c.spend(Cost::copy_page);
    c.mapping(file).set_cached(at, {});
    c.frame(one).mapping = MappingId{};
    c.frame(one).dirty = false;
    c.put(one);
  }
  c.spend(Cost::clear_page, pmd_pages - old.folios.size());
  add_to_page_cache(c, file, index, head);
  c.frame(head).dirty = true;
  lru_add(c, head);
  c.lock_folio(head);  // Nobody maps it before the page tables are gone.
  cached = true;
  step = c.setup.switches.retract_unlocked ? Step::retract : Step::free;
  return Next::again;
}

// retract_page_tables(): of whoever has mapped all of it, and has no pages of its own there. Up to
// 6.4 this needs mmap_lock: khugepaged tries for it, MADV_COLLAPSE sees to its own process alone.
Next CollapseFile::retract(Context& c) {
  const bool unlocked = c.setup.switches.retract_unlocked;
  const RmapPlace next = next_place(
      c.machine, file, index, {.mm = other, .page = place},
      [&](RmapPlace at, const Vma& vma, const Pte&) {
        const PageRange span{.first = at.page, .count = pmd_pages};
        const AddressSpace& space = std::as_const(c.machine).spaces[at.mm.index()];
        const bool whole = vma.pages.intersect(span) == span && at.page.value % pmd_pages == 0;
        const bool may = unlocked || (asked ? at.mm == mm : !space.mmap_lock.held());
        return whole && may && !vma.prepared && !vma.uffd_wp &&
               space.page_table.has_table(pmd_pages, at.page);
      });
  c.spend(Cost::rmap_walk);
  other = next.mm;
  place = next.page;
  if (other.some()) {
    step = Step::start;
    return Next::pass;
  }
  c.release(folio_lock(head));
  step = unlocked ? Step::free : Step::lock_own;
  if (!unlocked && !asked) {
    c.put(head);
    return c.done();
  }
  return Next::pass;
}

// pmdp_collapse_flush()
Next CollapseFile::hide(Context& c) {
  c.take(page_table_lock(other), LockMode::write);
  step = Step::retracted;
  PageTable& table = c.mm(other).page_table;
  const PageRange span{.first = place, .count = pmd_pages};
  if (!table.has_table(pmd_pages, place) || table.any(span)) return Next::pass;
  table.drop_table(pmd_pages, place);
  c.spend(Cost::page_alloc);
  return c.call({flush_range(other, span)});
}

Next CollapseFile::free(Context& c) {
  const Collected old = c.collected();
  c.task().collected.pop_back();
  for (const FrameId one : old.folios) {
    c.release(folio_lock(one));
    if (!c.frame(one).mapping.some()) lru_remove(c, one);
    free_unmapped(c, one);
  }
  if (!cached) {
    c.put(head);
    return c.done(Result::error(error));
  }
  if (!c.setup.switches.retract_unlocked) {
    step = Step::retract;
    return Next::again;
  }
  if (!asked) {
    c.put(head);
    return c.done();
  }
  step = Step::lock_own;
  return Next::again;
}

// collapse_pte_mapped_thp(): small entries that have come back are taken out first.
Next CollapseFile::lock_own(Context& c) {
  c.take(mmap_lock(mm), LockMode::read);
  const Pte there = std::as_const(c.machine).mappings[file.index()].cached(index);
  const FrameId now = there.present() && there.huge ? there.frame() : FrameId{};
  const bool locked = now.some() && c.frame(now).locked_by.some();
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const bool mapped = now.some() && space.page_table.at(first).maps(now);
  if (head.some()) c.put(head);
  head = now;
  if (!now.some() || locked || mapped) {
    head = FrameId{};
    c.release(mmap_lock(mm));
    if (mapped) return c.done();
    return c.done(Result::error(locked ? EAGAIN : EINVAL));
  }
  c.get(head);
  c.lock_folio(head);
  step = space.page_table.has_table(pmd_pages, first) ? Step::start_own : Step::unlock_own;
  return Next::again;
}

Next CollapseFile::clear_own(Context& c) {
  c.take(page_table_lock(mm), LockMode::write);
  step = Step::end_own;
  const PageRange span{.first = first, .count = pmd_pages};
  PageTable& table = c.mm(mm).page_table;
  Small<Page, 8> entries;
  bool fits = true;
  std::as_const(table).for_each(span, [&](Page page, const Pte& pte) {
    fits = fits && pte.maps(FrameId{head.value + (page.value - first.value)});
    entries.push_back(page);
  });
  if (!fits) {
    error = EINVAL;
    return Next::pass;
  }
  for (const Page page : entries) {
    unmap_frame(c, mm, page);
    c.put(head);
  }
  table.drop_table(pmd_pages, first);
  c.spend(Cost::page_alloc);
  return c.call({flush_range(mm, span)});
}

// set_huge_pmd()
void CollapseFile::install(Context& c) {
  if (!may_map_huge(c.machine, mm, first, head)) {
    if (error == 0) error = EINVAL;
    return;
  }
  const Vma& vma = *std::as_const(c.machine).spaces[mm.index()].find_vma(first);
  c.get(head);
  map_huge(c, mm, first, head, {.write = vma.shared && vma.write});
}

}  // namespace model
