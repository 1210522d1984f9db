// SPDX-License-Identifier: Apache-2.0
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

Wait UnmapFolio::guard() const {
  switch (step) {
    case Step::lock_rmap:
      return Wait::lock(rmap_lock(mapping), mode);
    case Step::lock_ptl:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

// The end of PMD sharing unmaps more than one entry.
NotifierRange UnmapFolio::range(const Context& c) const {
  const bool pool = c.machine.frames[frame].hugetlb;
  return {.mm = mm,
          .pages = told,
          .event = NotifierEvent::clear,
          .by_entry = !pool && has_invalidate_page(c)};
}

// What the walk finds in this VMA; the VMA may be another one when the bracket ends.
void UnmapFolio::find_part(Context& c) {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  part = part_at(c.machine, frame, {.mm = mm, .page = page});
  told = c.frame(frame).hugetlb ? sharing_range(c, vma, part) : part;
}

Next UnmapFolio::run(Context& c) {
  switch (step) {
    case Step::lock_rmap:
      c.take(rmap_lock(mapping), mode);
      c.spend(Cost::lock);
      step = Step::next_mapping;
      return Next::again;
    case Step::next_mapping:
      return next_mapping(c);
    case Step::start:
      step = Step::started;
      return c.call({RangeStart{.range = range(c)}});
    case Step::started:
      step = Step::lock_ptl;
      return Next::pass;
    case Step::lock_ptl:
      return lock(c);
    case Step::clear:
      return clear(c);
    case Step::flush: {
      step = Step::set;
      const bool pool = c.frame(frame).hugetlb;  // huge_ptep_clear_flush() names its first page.
      if (entry.huge && !pool) return c.call({flush_range(mm, entry_range(page, entry))});
      TlbFlush flush = flush_page(mm, at());
      flush.secondary = false;  // Up to 6.5 that comes when the new entry is set.
      flush.freed_tables = c.setup.switches.unmap_by_range && !pool;
      return c.call({flush});
    }
    case Step::set:
      if (c.setup.switches.unmap_notifies &&
          invalidate_page(c, mm, entry_range(entry_at(), entry), page_told) == Next::call) {
        return Next::call;
      }
      return set(c);
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::next_mapping;
      if (!c.setup.switches.unmap_notifies) return Next::again;
      return c.call({RangeEnd{.range = range(c)}});
    case Step::unlock_rmap:
      c.release(rmap_lock(mapping));
      return c.done(failed ? Result::error(EBUSY) : Result::success());
  }
  return c.done();
}

// TTU_SPLIT_HUGE_PMD: only a migration, and hugetlb, replace a huge entry by a huge one.
bool UnmapFolio::splits(Context& c) const {
  const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  const bool drops = what == For::drop && c.frame(frame).lazy_free;
  return pte.maps(frame) && pte.huge && what != For::migration && !c.frame(frame).hugetlb &&
         !(drops && c.setup.switches.unmap_splits);  // unmap_huge_pmd_locked()
}

// rmap_walk(): the next VMA that may map the folio, until none does any more.
Next UnmapFolio::next_mapping(Context& c) {
  const Frame& target = std::as_const(c.machine).frames[frame];
  const RmapPlace last{.mm = mm, .page = page};
  const auto any = [](RmapPlace, const Vma&, const Pte&) { return true; };
  RmapPlace place = target.ksm
                        ? next_map(c.machine, frame, last, any)
                        : next_place(c.machine, mapping, target.index, last, any, target.pages());
  if (!place.mm.some()) {  // What mremap() has moved backwards: it holds off walks meanwhile.
    place = next_map(c.machine, frame, {},
                     [this](RmapPlace, const Vma&, const Pte& pte) { return pte.maps(frame); });
  }
  mm = place.mm;
  page = place.page;
  done = 0;
  if (!mm.some() || failed || target.maps == 0) {
    mm = MmId{};
    page = Page{};
    step = Step::unlock_rmap;
    return Next::pass;
  }
  c.spend(Cost::rmap_walk);
  find_part(c);
  // split_huge_pmd_address() has its bracket also where the entries are small.
  const bool large = target.pages() > 1 && !target.hugetlb && what != For::migration;
  if (!c.setup.switches.unmap_splits && large) {
    step = Step::start;
    return c.call({SplitPmd{.mm = mm, .first = page}});
  }
  step = Step::started;
  if (!c.setup.switches.unmap_notifies) return Next::pass;
  return c.call({RangeStart{.range = range(c)}});
}

Next UnmapFolio::lock(Context& c) {
  c.take(page_table_lock(mm), LockMode::write);
  step = Step::clear;
  seen = std::as_const(c.machine).spaces[mm.index()].page_table.at(page).maps(frame);
  if (splits(c)) return c.call({SplitPmd{.inner = true, .mm = mm, .first = page}});
  return Next::again;
}

// try_to_unmap_one(), under the page table lock.
Next UnmapFolio::clear(Context& c) {
  for (; done < part.count; ++done) {
    const FrameId wanted = page_of(c.machine, frame, mm, at());
    entry = std::as_const(c.machine).spaces[mm.index()].page_table.at(at());
    const bool lent =
        entry.kind == Pte::Kind::device_private ||
        (entry.kind == Pte::Kind::device_exclusive && c.setup.switches.unmap_exclusive);
    if (lent && entry.target == wanted.value) {
      --c.frame(frame).maps;
      step = Step::set;  // No TLB can hold it.
      return Next::pass;
    }
    if (!entry.maps(wanted)) follow(c, wanted);
    if (!entry.maps(wanted)) continue;
    if (entry.huge && unshare_pmds(c, mm, page)) {  // The others have it mapped still.
      step = Step::end;
      return c.call({flush_range(mm, span_of(page, pud_pages))});
    }
    if (entry.huge) return clear_huge(c);
    unmap_frame(c, mm, entry_at());
    // An entry that is not accessible was flushed when it became so.
    step = entry.no_access ? Step::set : Step::flush;
    if (step == Step::flush && batch && defers(c, mm)) {
      step = Step::set;
      return defer_flush(c, mm, entry.dirty);
    }
    return Next::again;
  }
  step = Step::end;
  return Next::pass;
}

// mremap() has moved the table below the walk, which holds the table's lock.
void UnmapFolio::follow(Context& c, FrameId wanted) {
  if (c.setup.switches.move_locks_rmap || !seen) return;
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  for (const Vma& vma : space.vmas) {
    space.page_table.for_each(vma.pages, [&](Page there, const Pte& pte) {
      if (!pte.maps(wanted)) return;
      moved = there;
      entry = pte;
    });
  }
}

Next UnmapFolio::clear_huge(Context& c) {
  step = Step::flush;
  if (what == For::drop) {
    unmap_huge(c, mm, page);
    return Next::again;
  }
  Pte off = entry;
  off.invalid = true;
  c.mm(mm).page_table.set_huge(page, off);
  c.emit({.kind = EventKind::pte_cleared,
          .mm = mm,
          .pages = entry_range(page, entry),
          .frame = entry.frame()});
  return Next::again;
}

// What stands in its place.
Next UnmapFolio::set(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  c.spend(Cost::pte_change);
  const Page here = entry_at();
  moved = Page{};
  done += entry.pages();
  step = done < part.count ? Step::clear : Step::end;
  if (pinned(c)) {
    put_back(c, here);
    return Next::again;
  }
  switch (what) {
    case For::swap: {
      const SlotId slot{c.frame(frame).slot.value + (entry.target - frame.value)};
      ++c.host(c.frame(frame).host).swap[slot].users;
      Pte swapped{.target = slot.value, .kind = Pte::Kind::swapped};
      swapped.exclusive = entry.exclusive;
      swapped.uffd_wp = entry.uffd_wp;
      table.set(here, swapped);
      break;
    }
    case For::drop:
      if (stays(c, here)) return Next::again;
      // pte_install_uffd_wp_if_needed()
      if (entry.uffd_wp && !is_anonymous(c.machine, frame)) {
        replace(table, here, wp_marker(entry.pages()));
      }
      break;
    case For::poison:
      if (entry.huge) --c.frame(frame).maps;
      replace(table, here, {.kind = Pte::Kind::poisoned, .huge = entry.huge});
      break;
    case For::migration: {
      Pte other = entry;
      other.kind = Pte::Kind::migration;
      other.invalid = false;
      if (entry.huge) --c.frame(frame).maps;
      replace(table, here, other);
      break;
    }
  }
  // Up to 6.5 reclaim says so by itself, and range_end says it again.
  const bool announces =
      !c.setup.switches.secondary_by_flush &&
      (what == For::swap || (what == For::drop && is_anonymous(c.machine, frame)));
  c.put(frame);  // The reference of the map; ours is still there.
  return announces ? secondary_tlb(c, mm, one_page(here), Next::again) : Next::again;
}

void UnmapFolio::replace(PageTable& table, Page here, Pte other) const {
  if (entry.huge) {
    table.set_huge(here, other);
  } else {
    table.set(here, other);
  }
}

// folio_try_share_anon_rmap_pte(): who has pinned the page meanwhile keeps it.
bool UnmapFolio::pinned(Context& c) const {
  const bool asks = what == For::swap || what == For::migration;
  return asks && entry.exclusive && c.frame(frame).pins > 0 &&
         c.setup.switches.reclaim_skips_pinned;
}

// The entry that was cleared is there again, and the walk is over.
void UnmapFolio::put_back(Context& c, Page here) {
  failed = true;
  if (!entry.huge || what == For::drop) ++c.frame(frame).maps;
  replace(c.mm(mm).page_table, here, entry);
  step = Step::end;
}

// Private memory may be dropped only after MADV_FREE, and if nobody has written to it since, or
// has a reference by which he could.
bool UnmapFolio::stays(Context& c, Page here) {
  Frame& folio = c.frame(frame);
  if (!is_anonymous(c.machine, frame)) return false;
  const bool written = !folio.lazy_free || entry.dirty || folio.dirty;
  // That of the entry, and of reclaim.
  const unsigned own = folio.slot.some() ? 3 : 2;
  if (!written && folio.references == folio.maps + own) return false;
  if (written) folio.lazy_free = false;
  put_back(c, here);
  return true;
}

}  // namespace model
