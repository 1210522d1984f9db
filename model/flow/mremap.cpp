// SPDX-License-Identifier: Apache-2.0
// mremap(): VMAs and what their page tables say go to other addresses.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- Mremap

Wait Mremap::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

// What is moved: the rest of the source is given up, the rest of the target is new.
PageRange Mremap::moved_part() const {
  return {.first = from.first, .count = std::min(from.count, to.count)};
}

Next Mremap::fail(int number) {
  error = number;
  step = Step::fail;
  return Next::pass;
}

Next Mremap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::decide;
      return Next::again;
    case Step::decide:
      return decide(c);
    case Step::unmap_target:
      step = Step::shrink;
      if (c.mm(mm).covered(to) == 0) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = to}});
    case Step::shrink:
      if (c.task().result.kind == Result::Kind::error) {
        return fail(static_cast<int>(c.task().result.number));
      }
      if (c.mm(mm).find_vma(from.first) == nullptr) return fail(EFAULT);  // It was the target.
      step = Step::move;
      if (from.count <= to.count) return Next::pass;
      return c.call(
          {Unmap{.mm = mm, .pages = {.first = from.at(to.count), .count = from.count - to.count}}});
    case Step::move: {  // copy_vma(), then its page tables.
      if (c.fails_alloc()) return fail(ENOMEM);
      step = Step::moved;
      Vma copy = *c.mm(mm).find_vma(from.first);
      copy.index = copy.index_of(from.first);
      copy.pages = to;
      copy.drop_uffd();
      populates = copy.locked && to.count > from.count;
      c.mm(mm).insert(copy);
      c.spend(Cost::vma);
      if (from.count == 0) return Next::pass;
      if (copy.hugetlb)
        return c.call({MoveHugetlb{.mm = mm, .from = moved_part(), .to = to.first}});
      return c.call({MovePageTables{.mm = mm, .from = moved_part(), .to = to.first}});
    }
    case Step::moved:
      if (c.task().result == Result::error(ENOMEM)) {
        // Back again, which cannot fail, as the tables are still there. Then the target goes.
        step = Step::move_back;
        return c.call({MovePageTables{
            .mm = mm, .from = {.first = to.first, .count = moved_part().count}, .to = from.first}});
      }
      step = Step::unmap_source;
      if (from.count == 0 || (flags & remap_flag::dontunmap) != 0) {
        if (from.count > 0) c.mm(mm).modify(from, [](Vma& left) { left.locked = false; });
        step = Step::unlock;
        return Next::pass;
      }
      return c.call({Unmap{.mm = mm, .pages = moved_part()}});
    case Step::unmap_source:
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      if (from.end() < end) {
        moved_some = true;
        step = Step::decide;
        return Next::again;
      }
      unlock_write(c, mm);
      step = Step::killed;
      if (ends_killed(c, mm)) return Next::call;
      if (!populates) return c.done();
      step = Step::populated;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = to}});
    case Step::populated:
      return c.give(Result::success());
    case Step::fail:
      unlock_write(c, mm);
      step = Step::killed;
      if (ends_killed(c, mm)) return Next::call;
      return c.done(Result::error(error));
    case Step::killed:
      return c.give(Result::signal(SIGKILL));
    case Step::move_back:
      error = ENOMEM;
      step = Step::fail;
      return c.call({Unmap{.mm = mm, .pages = to}});
  }
  return c.done();
}

// remap_move(): the part of the next VMA. False: there is none, or it cannot be one of several.
bool Mremap::next_part(Context& c) {
  const bool several = c.setup.switches.mremap_several && (flags & remap_flag::fixed) != 0 &&
                       from.count == to.count && from.count > 0;
  if (!moved_some) end = from.end();
  if (!several) return true;
  const Page start = moved_some ? from.end() : from.first;
  const Vma* vma = c.mm(mm).vma_from(start);
  if (vma == nullptr || vma->pages.first >= end) {
    from = {.first = end};  // Nothing is left.
    return moved_some;
  }
  if (!moved_some && start < vma->pages.first) return false;
  if (vma->uffd() && (moved_some || vma->pages.end() < end)) return false;  // vma_multi_allowed()
  const Page first = std::max(start, vma->pages.first);
  const Page last = std::min(end, vma->pages.end());
  to.first = Page{to.first.value + (first.value - from.first.value)};
  from = {.first = first, .count = last.value - first.value};
  to.count = from.count;
  return true;
}

Next Mremap::decide(Context& c) {
  const bool leaves = (flags & remap_flag::dontunmap) != 0;
  const bool needs_move = (flags & (remap_flag::fixed | remap_flag::dontunmap)) != 0;
  if (needs_move && (flags & remap_flag::maymove) == 0) return fail(EINVAL);
  if (leaves && from.count != to.count) return fail(EINVAL);
  const bool overlaps = from.end() > to.first && to.end() > from.first;
  if ((flags & remap_flag::fixed) != 0 && overlaps && !moved_some) return fail(EINVAL);
  if (!next_part(c)) return fail(EFAULT);
  if (moved_some && from.count == 0) {
    step = Step::unlock;
    return Next::pass;
  }
  const Vma* vma = c.mm(mm).find_vma(from.first);
  if (vma == nullptr) return fail(EFAULT);
  if (vma->hugetlb && !fits_hugetlb(vma->pagesize())) return fail(EINVAL);
  if (from.count == 0 && !vma->shared) return fail(EINVAL);
  if (vma->xpmem && (from.count == 0 || leaves)) return fail(EINVAL);  // VM_DONTEXPAND, VM_PFNMAP
  if (vma->xpmem && to.count > from.count) return fail(EFAULT);
  if (from.count > 0 && from.end() > vma->pages.end()) return fail(EFAULT);
  if (from.first == to.first && from.count > 0) return in_place(c);
  if ((flags & remap_flag::maymove) == 0) return fail(EINVAL);
  if ((flags & remap_flag::fixed) == 0 && c.mm(mm).covered(to) > 0) return fail(EEXIST);
  step = Step::unmap_target;
  return Next::pass;
}

// align_hugetlb(): sizes are rounded, addresses are not; it cannot grow, nor leave anything behind.
bool Mremap::fits_hugetlb(std::uint32_t size) {
  from.count = huge_aligned(from.count, size);
  to.count = huge_aligned(to.count, size);
  const bool aligned = (from.first.value | to.first.value) % size == 0;
  return aligned && to.count <= from.count && (flags & remap_flag::dontunmap) == 0;
}

// vma_expandable(), or the end is unmapped.
Next Mremap::in_place(Context& c) {
  step = Step::unlock;
  if (to.count < from.count) {
    return c.call({Unmap{.downgrade = true,
                         .mm = mm,
                         .pages = {.first = from.at(to.count), .count = from.count - to.count}}});
  }
  const PageRange grown{.first = from.end(), .count = to.count - from.count};
  if (c.mm(mm).covered(grown) > 0) return fail(ENOMEM);
  if (grown.count == 0) return Next::pass;
  Vma more = *c.mm(mm).find_vma(from.first);
  more.index = more.index_of(from.end());
  more.pages = grown;
  populates = more.locked;
  c.mm(mm).insert(more);
  c.spend(Cost::vma);
  return Next::pass;
}

// ---- MovePageTables

Wait MovePageTables::guard() const {
  const bool locks = step == Step::lock_ptl && !unlocked;
  return locks ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next MovePageTables::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = from, .event = NotifierEvent::unmap};
  switch (step) {
    case Step::start:
      step = Step::next;
      return c.call({RangeStart{.range = range}});
    case Step::next:
      return next(c);
    case Step::lock_ptl:
      if (!unlocked) c.take(page_table_lock(mm), LockMode::write);
      step = Step::move;
      return flush_pending(c, mm) ? c.call({flush_mm(mm)}) : Next::again;
    case Step::move:
      step = Step::unlock;
      if (move_entries(c)) {
        const bool locked = c.setup.switches.move_flushes_locked;
        late = late || !locked;
        if (locked) step = Step::flush;
      }
      return Next::again;
    case Step::flush:  // Before the lock is dropped: nobody may write by the old address any more.
      step = late ? Step::next : Step::unlock;
      if (late) {
        late = false;
        return c.call({flush_range(mm, from)});
      }
      return c.call({flush_range(mm, part)});
    case Step::unlock:
      if (!unlocked) c.release(page_table_lock(mm));
      cursor += part.count;
      step = Step::next;
      return Next::again;
    case Step::end:
      return c.give(failed ? Result::error(ENOMEM) : Result::success());
  }
  return c.done();
}

// An extent within one table of the source and one of the target.
Next MovePageTables::next(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  const auto extent = [](Page page) { return pmd_pages - page.value % pmd_pages; };
  while (cursor < from.count) {
    const Page source = from.at(cursor);
    const Page target{to.value + cursor};
    const std::uint32_t left = from.count - cursor;
    if (!table.has_table(pud_pages, source)) {
      // The tables above the target are made first, whether there is anything to move or not.
      table.add_table(pgd_pages, target);
      cursor += std::min(left, extent(source));
      continue;
    }
    table.add_table(pud_pages, target);
    const Pte pte = table.at(source);
    const bool whole = left >= pmd_pages && source.value % pmd_pages == 0;
    if (pte.huge && whole && target.value % pmd_pages == 0) {
      part = {.first = source, .count = pmd_pages};
      unlocked = false;
      step = Step::lock_ptl;
      return Next::pass;
    }
    if (pte.huge) return c.call({SplitPmd{.mm = mm, .first = span_of(source, pmd_pages).first}});
    const std::uint32_t count = std::min({left, extent(source), extent(target)});
    if (!table.has_table(pmd_pages, source)) {
      cursor += std::min(left, extent(source));
      continue;
    }
    // alloc_new_pmd(), pte_alloc(): what was moved by then is the caller's to move back.
    if (!table.has_table(pmd_pages, target) && c.fails_alloc()) {
      failed = true;
      break;
    }
    part = {.first = source, .count = count};
    unlocked = !c.setup.switches.move_locks_rmap && count == pmd_pages;
    step = Step::lock_ptl;
    return Next::pass;
  }
  if (late) {
    step = Step::flush;
    return Next::pass;
  }
  step = Step::end;
  return c.call({RangeEnd{.range = {.mm = mm, .pages = from, .event = NotifierEvent::unmap}}});
}

// move_ptes(), move_huge_pmd(). Whether a TLB may hold what was moved.
bool MovePageTables::move_entries(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  const Page target{to.value + cursor};
  if (table.at(part.first).huge) {
    const Pte entry = table.at(part.first);
    table.set_huge(part.first, {});
    table.set_huge(target, without_uffd_wp(entry));
    c.spend(Cost::pte_change, 2);
    return true;
  }
  table.add_table(pmd_pages, target);
  bool flush = false;
  Small<std::pair<Page, Pte>, 8> entries;
  table.for_each(part, [&](Page page, const Pte& pte) { entries.push_back({page, pte}); });
  for (const auto& [page, pte] : entries) {
    flush = flush || pte.present();
    table.clear(page);
    table.set(Page{target.value + (page.value - part.first.value)}, without_uffd_wp(pte));
    c.spend(Cost::pte_change, 2);
    if (!pte.present()) continue;
    const Page moved{target.value + (page.value - part.first.value)};
    c.emit(
        {.kind = EventKind::pte_cleared, .mm = mm, .pages = one_page(page), .frame = pte.frame()});
    c.emit({.kind = EventKind::pte_set,
            .detail = pte.write,
            .mm = mm,
            .pages = one_page(moved),
            .frame = pte.frame()});
  }
  return flush;
}

}  // namespace model
