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

NotifierRange UnmapFolio::range(Context& c) const {
  const std::uint32_t pages = c.machine.frames[frame].pages;
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  PageRange part{.first = page, .count = pages};
  if (vma != nullptr) part = part.intersect(vma->pages);
  return {.mm = mm, .pages = part, .event = NotifierEvent::clear};
}

Next UnmapFolio::run(Context& c) {
  switch (step) {
    case Step::lock_rmap:
      c.take(rmap_lock(mapping), LockMode::read);
      step = Step::next_mapping;
      return Next::again;
    case Step::next_mapping:
      return next_mapping(c);
    case Step::started:
      step = Step::lock_ptl;
      return Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::clear;
      return Next::again;
    case Step::clear:
      return clear(c);
    case Step::flush: {
      step = Step::set;
      if (entry.huge) return c.call({flush_range(mm, {.first = page, .count = pmd_pages})});
      TlbFlush flush = flush_page(mm, page);
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

// rmap_walk(): the next VMA that may map the folio, until none does any more.
Next UnmapFolio::next_mapping(Context& c) {
  const Frame& target = std::as_const(c.machine).frames[frame];
  const RmapPlace place = next_place(c.machine, mapping, target.index, {.mm = mm, .page = page},
                                     [](RmapPlace, const Vma&, const Pte&) { return true; });
  mm = place.mm;
  page = place.page;
  if (!mm.some() || failed || target.maps == 0) {
    mm = MmId{};
    page = Page{};
    step = Step::unlock_rmap;
    return Next::pass;
  }
  step = Step::started;
  return c.call({RangeStart{.range = range(c)}});
}

// try_to_unmap_one(), under the page table lock.
Next UnmapFolio::clear(Context& c) {
  entry = c.mm(mm).page_table.at(page);
  step = Step::end;
  if (entry.kind == Pte::Kind::device_private &&
      entry.target == frame.value) {  // No TLB can hold it.
    step = Step::set;
    return Next::pass;
  }
  if (!entry.maps(frame)) return Next::pass;
  if (entry.huge) {
    Pte off = entry;
    off.invalid = true;
    c.mm(mm).page_table.set_huge(page, off);
    step = Step::flush;
    return Next::again;
  }
  unmap_frame(c, mm, page);
  // An entry that is not accessible was flushed when it became so.
  step = entry.no_access ? Step::set : Step::flush;
  if (step == Step::flush && batch && defers(c, mm)) {
    defer_flush(c, mm, entry.dirty);
    step = Step::set;
  }
  return Next::again;
}

// What stands in its place.
Next UnmapFolio::set(Context& c) {
  AddressSpace& space = c.mm(mm);
  step = Step::end;
  switch (what) {
    case For::swap: {
      const SlotId slot = c.frame(frame).slot;
      ++c.host(c.frame(frame).host).swap[slot].users;
      Pte swapped{.target = slot.value, .kind = Pte::Kind::swapped};
      swapped.exclusive = entry.exclusive;
      swapped.uffd_wp = entry.uffd_wp;
      space.page_table.set(page, swapped);
      break;
    }
    case For::drop: {
      Frame& folio = c.frame(frame);
      const bool anonymous = is_anonymous(c.machine, frame);
      if (!anonymous || (folio.lazy_free && !entry.dirty && !folio.dirty)) break;
      folio.lazy_free = false;  // It was written to after MADV_FREE: it stays.
      failed = true;
      ++folio.maps;
      space.page_table.set(page, entry);
      return Next::again;
    }
    case For::poison:
      space.page_table.set(page, {.kind = Pte::Kind::poisoned});
      break;
    case For::migration: {
      Pte other = entry;
      other.kind = Pte::Kind::migration;
      other.invalid = false;
      if (entry.huge) {
        --c.frame(frame).maps;
        space.page_table.set_huge(page, other);
      } else {
        if (entry.kind == Pte::Kind::device_private) --c.frame(frame).maps;
        space.page_table.set(page, other);
      }
      break;
    }
  }
  // Up to 6.5 reclaim says so by itself, and range_end says it again.
  const bool told = !c.setup.switches.secondary_by_flush &&
                    (what == For::swap || (what == For::drop && is_anonymous(c.machine, frame)));
  if (told) secondary_tlb(c, mm, one_page(page));
  c.put(frame);  // The reference of the map; ours is still there.
  return Next::again;
}

}  // namespace model
