// SPDX-License-Identifier: Apache-2.0
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

Wait UnmapFolio::guard() const {
  switch (step) {
    case Step::lock_rmap:
      return Wait::lock(rmap_lock(mapping), LockMode::read);
    case Step::lock_ptl:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

PageRange UnmapFolio::part(Context& c) const {
  return part_at(c.machine, frame, {.mm = mm, .page = page});
}

NotifierRange UnmapFolio::range(Context& c) const {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  const PageRange pages = part(c);
  return {.mm = mm,
          .pages = c.frame(frame).hugetlb ? sharing_range(vma, pages) : pages,
          .event = NotifierEvent::clear};
}

Next UnmapFolio::run(Context& c) {
  switch (step) {
    case Step::lock_rmap:
      c.take(rmap_lock(mapping), LockMode::read);
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
      if (entry.huge) return c.call({flush_range(mm, {.first = page, .count = pmd_pages})});
      TlbFlush flush = flush_page(mm, at());
      flush.secondary = false;  // Up to 6.5 that comes when the new entry is set.
      flush.freed_tables = c.setup.switches.unmap_by_range;
      return c.call({flush});
    }
    case Step::set:
      return set(c);
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::next_mapping;
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
  const RmapPlace place = next_place(
      c.machine, mapping, target.index, {.mm = mm, .page = page},
      [](RmapPlace, const Vma&, const Pte&) { return true; }, target.pages);
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
  // split_huge_pmd_address() has its bracket also where the entries are small.
  const bool large = target.pages > 1 && !target.hugetlb && what != For::migration;
  if (!c.setup.switches.unmap_splits && large) {
    step = Step::start;
    return c.call({SplitPmd{.mm = mm, .first = page}});
  }
  step = Step::started;
  return c.call({RangeStart{.range = range(c)}});
}

Next UnmapFolio::lock(Context& c) {
  c.take(page_table_lock(mm), LockMode::write);
  step = Step::clear;
  if (splits(c)) return c.call({SplitPmd{.inner = true, .mm = mm, .first = page}});
  return Next::again;
}

// try_to_unmap_one(), under the page table lock.
Next UnmapFolio::clear(Context& c) {
  const std::uint32_t pages = part(c).count;
  for (; done < pages; ++done) {
    const FrameId wanted = page_of(c.machine, frame, mm, at());
    entry = std::as_const(c.machine).spaces[mm.index()].page_table.at(at());
    if (entry.kind == Pte::Kind::device_private && entry.target == wanted.value) {
      step = Step::set;  // No TLB can hold it.
      return Next::pass;
    }
    if (!entry.maps(wanted)) continue;
    if (entry.huge) return clear_huge(c);
    unmap_frame(c, mm, at());
    // An entry that is not accessible was flushed when it became so.
    step = entry.no_access ? Step::set : Step::flush;
    if (step == Step::flush && batch && defers(c, mm)) {
      defer_flush(c, mm, entry.dirty);
      step = Step::set;
    }
    return Next::again;
  }
  step = Step::end;
  return Next::pass;
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
  return Next::again;
}

// What stands in its place.
Next UnmapFolio::set(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  c.spend(Cost::pte_change);
  const Page here = at();
  const std::uint32_t pages = part(c).count;
  done += entry.huge ? pmd_pages : 1;
  step = done < pages ? Step::clear : Step::end;
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
      if (entry.uffd_wp && !is_anonymous(c.machine, frame)) table.set(here, wp_marker());
      break;
    case For::poison:
      if (entry.huge) --c.frame(frame).maps;
      replace(table, here, {.kind = Pte::Kind::poisoned, .huge = entry.huge});
      break;
    case For::migration: {
      Pte other = entry;
      other.kind = Pte::Kind::migration;
      other.invalid = false;
      if (entry.huge || entry.kind == Pte::Kind::device_private) --c.frame(frame).maps;
      replace(table, here, other);
      break;
    }
  }
  // Up to 6.5 reclaim says so by itself, and range_end says it again.
  const bool told = !c.setup.switches.secondary_by_flush &&
                    (what == For::swap || (what == For::drop && is_anonymous(c.machine, frame)));
  if (told) secondary_tlb(c, mm, one_page(here));
  c.put(frame);  // The reference of the map; ours is still there.
  return Next::again;
}

void UnmapFolio::replace(PageTable& table, Page here, Pte other) const {
  if (entry.huge) {
    table.set_huge(here, other);
  } else {
    table.set(here, other);
  }
}

// Private memory may be dropped only after MADV_FREE, and if nobody has written to it since.
bool UnmapFolio::stays(Context& c, Page here) {
  Frame& folio = c.frame(frame);
  const bool anonymous = is_anonymous(c.machine, frame);
  if (!anonymous || (folio.lazy_free && !entry.dirty && !folio.dirty)) return false;
  folio.lazy_free = false;
  failed = true;
  ++folio.maps;
  replace(c.mm(mm).page_table, here, entry);
  step = Step::end;
  return true;
}

}  // namespace model
