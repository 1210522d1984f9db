// SPDX-License-Identifier: Apache-2.0
#include "model/flow/advise.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// Advice that only changes a VMA's flags: madvise_vma_behavior() at its end.
bool marks(Advice advice, Vma& vma) {
  switch (advice) {
    case Advice::dontfork:
    case Advice::dofork:
      vma.dontfork = advice == Advice::dontfork;
      return true;
    case Advice::wipeonfork:
    case Advice::keeponfork:
      vma.wipeonfork = advice == Advice::wipeonfork;
      return true;
    case Advice::dontdump:
    case Advice::dodump:
      vma.dontdump = advice == Advice::dontdump;
      return true;
    case Advice::hugepage:
    case Advice::nohugepage:
      vma.huge = advice == Advice::hugepage;
      vma.nohuge = !vma.huge;
      return true;
    case Advice::mergeable:
    case Advice::unmergeable:
      vma.mergeable = advice == Advice::mergeable && !vma.shared && !vma.hugetlb;
      return true;
    case Advice::normal:
    case Advice::random:
    case Advice::sequential:
      return true;  // How to read ahead.
    default:
      return false;
  }
}

}  // namespace

// ---- Madvise

Madvise::Hold Madvise::wanted(const Machine& machine, MmId mm, PageRange pages, Advice advice,
                              bool remote) {
  switch (advice) {
    case Advice::dontneed:
    case Advice::dontneed_locked:
    case Advice::free:
    case Advice::guard_install:
    case Advice::guard_remove: {
      const Vma* vma = machine.spaces[mm.index()].find_vma(pages.first);
      const bool one = vma != nullptr && pages.end() <= vma->pages.end() && !vma->uffd();
      return machine.setup->switches.vma_lock_advice && one && !remote ? Hold::vma : Hold::read;
    }
    case Advice::willneed:
    case Advice::cold:
    case Advice::pageout:
    case Advice::populate_read:
    case Advice::populate_write:
    case Advice::collapse:
    case Advice::remove:
      return Hold::read;
    case Advice::soft_offline:
    case Advice::hwpoison:
      return Hold::none;
    default:
      return Hold::write;
  }
}

Wait Madvise::guard() const {
  if (step != Step::lock && step != Step::lock_again) return {};
  switch (hold) {
    case Hold::none:
      return {};
    case Hold::vma:
      return Wait::lock(vma_lock(mm), LockMode::read);
    case Hold::read:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Hold::write:
      return step == Step::lock ? killable_write_lock_wait(mm, has_lock)
                                : write_lock_wait(mm, has_lock);
  }
  return {};
}

Next Madvise::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (hold == Hold::write && !lock_for_write(c, mm, has_lock)) return Next::again;
      if (hold == Hold::read) c.take(mmap_lock(mm), LockMode::read);
      if (hold == Hold::vma) c.take(vma_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      cursor = pages.first;
      step = Step::apply;
      return Next::again;
    case Step::apply:
      return apply(c);
    case Step::walk:
      return walk(c);
    case Step::lock_again:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::walk;
      return Next::again;
    case Step::refused:
      if (!c.task().result.ok() && result.ok()) result = c.task().result;
      step = Step::unlock;
      return Next::pass;
    case Step::ended:  // The lock was given up on the way.
      return c.give(c.task().result);
    case Step::unlock:
      return unlock(c);
  }
  return c.done();
}

Next Madvise::unlock(Context& c) {
  if (hold == Hold::write) unlock_write(c, mm);
  if (hold == Hold::read) c.release(mmap_lock(mm));
  if (hold == Hold::vma) c.release(vma_lock(mm));
  return c.done(hole && result.ok() ? Result::error(ENOMEM) : result);
}

// madvise_dontneed_free_valid_vma(), can_madv_lru_vma() and others; of what changes flags, whether
// the VMA could be split for it.
bool Madvise::refuses(const AddressSpace& space, const Vma& vma, PageRange part) const {
  const bool cut = part.first.value % vma.pagesize() != 0;
  switch (advice) {
    case Advice::dontneed:
      return vma.locked || cut || vma.xpmem;
    case Advice::dontneed_locked:
      return cut || vma.xpmem;
    case Advice::free:
      return vma.locked || vma.hugetlb || vma.file.some() || vma.xpmem;
    case Advice::cold:
    case Advice::pageout:
    case Advice::guard_install:
      return vma.locked || vma.hugetlb || vma.xpmem;
    case Advice::guard_remove:
      return vma.hugetlb || vma.xpmem;
    case Advice::dofork:  // VM_IO
    case Advice::dodump:
    case Advice::remove:
      return vma.xpmem;
    case Advice::wipeonfork:
      if (vma.shared || vma.hugetlb || vma.file.some()) return true;
      break;
    default:
      break;
  }
  Vma changed = vma;
  marks(advice, changed);
  return changed != vma && cuts_hugetlb(space, part);
}

// madvise_walk_vmas(): what comes before the first VMA that refuses.
PageRange Madvise::accepted(const AddressSpace& space) {
  for (const Vma& vma : space.vmas) {
    const PageRange part = vma.pages.intersect(pages);
    if (part.count == 0 || !refuses(space, vma, part)) continue;
    result = Result::error(EINVAL);
    return {.first = pages.first, .count = part.first.value - pages.first.value};
  }
  return pages;
}

// Of the last huge page of hugetlb, a part is not enough.
Next Madvise::zap(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  PageRange part = accepted(space);
  if (part.count > 0 && cuts_hugetlb(space, {.first = part.end()})) {
    const std::uint32_t size = space.find_vma(part.end())->pagesize();
    part.count -= std::min(part.count, part.end().value % size);
  }
  if (part.count == 0) {
    step = Step::unlock;
    return Next::pass;
  }
  return c.call({Zap{.per_vma = true,
                     .free_empty = true,
                     .range = {.mm = mm, .pages = part, .event = NotifierEvent::clear}}});
}

Next Madvise::apply(Context& c) {
  hole = c.mm(mm).covered(pages) < pages.count;
  step = Step::refused;
  switch (advice) {
    case Advice::dontneed:
    case Advice::dontneed_locked:
      return zap(c);
    case Advice::populate_read:
    case Advice::populate_write:
      c.release(mmap_lock(mm));  // faultin_page_range() takes it itself.
      step = Step::ended;
      return c.call(
          {Populate{.write = advice == Advice::populate_write, .mm = mm, .pages = pages}});
    case Advice::collapse:
      c.release(mmap_lock(mm));
      step = Step::ended;
      return c.call({Collapse{.asked = true, .mm = mm, .pages = pages}});
    case Advice::soft_offline:
    case Advice::hwpoison:
      step = Step::ended;
      return c.call(
          {MemoryFailure{.soft = advice == Advice::soft_offline, .mm = mm, .pages = pages}});
    case Advice::willneed:
      return c.call({SwapAhead{.mm = mm, .pages = pages}});
    case Advice::free:
    case Advice::cold:
    case Advice::pageout:
    case Advice::remove:
    case Advice::guard_install:
    case Advice::guard_remove:
    case Advice::unmergeable:
      step = Step::walk;
      return Next::pass;
    default:
      return mark(c);
  }
}

// One VMA after the other.
Next Madvise::walk(Context& c) {
  if (advice == Advice::unmergeable && cursor > pages.first && !c.task().result.ok()) {
    result = Result::error(EAGAIN);  // madvise() says so for want of memory.
    step = Step::unlock;
    return Next::pass;
  }
  const Vma* vma = cursor < pages.end() ? c.mm(mm).vma_from(cursor) : nullptr;
  const PageRange part =
      vma == nullptr
          ? PageRange{}
          : vma->pages.intersect({.first = cursor, .count = pages.end().value - cursor.value});
  if (part.count == 0) {
    step = Step::unlock;
    if (advice == Advice::unmergeable) return mark(c);
    // madvise_batch_tlb_flush()
    const bool gathers = advice == Advice::free && c.setup.switches.gather_advice;
    return gathers ? c.call({TlbFinish{.mm = mm}}) : Next::pass;
  }
  if (refuses(c.mm(mm), *vma, part)) {
    result = Result::error(EINVAL);
    step = Step::unlock;
    return Next::pass;
  }
  cursor = part.end();
  switch (advice) {
    case Advice::free:
      return c.call({AgeRange{
          .lazy_free = true, .shoot = !c.setup.switches.gather_advice, .mm = mm, .pages = part}});
    case Advice::cold:
      return c.call({AgeRange{.mm = mm, .pages = part}});
    case Advice::pageout:
      return c.call({ReclaimRange{
          .ages = c.setup.switches.pageout_ages, .alone = true, .mm = mm, .pages = part}});
    case Advice::remove:
      return remove(c, *vma, part);
    case Advice::guard_install:
    case Advice::guard_remove:
      return c.call({Guard{.on = advice == Advice::guard_install, .mm = mm, .pages = part}});
    case Advice::unmergeable:
      return c.call({Unmerge{.mm = mm, .pages = part}});
    default:
      break;
  }
  return Next::pass;
}

// madvise_remove(): without the lock, which is taken again for the next VMA.
Next Madvise::remove(Context& c, const Vma& vma, PageRange part) {
  const bool writes = vma.write || c.setup.switches.remove_read_only;
  const int error = vma.locked || !vma.file.some() ? EINVAL : !vma.shared || !writes ? EACCES : 0;
  if (error != 0) {
    result = Result::error(error);
    step = Step::unlock;
    return Next::pass;
  }
  const PunchHole punch{.file = vma.file, .first = vma.index_of(part.first), .count = part.count};
  c.release(mmap_lock(mm));
  step = Step::lock_again;
  return c.call({punch});
}

Next Madvise::mark(Context& c) {
  if (const auto cut = cut_by(c, mm, pages, [this](Vma& vma) { marks(advice, vma); })) {
    step = advice == Advice::unmergeable ? Step::walk : Step::apply;
    return c.call({SplitPmd{.mm = mm, .first = *cut}});
  }
  const PageRange part = accepted(c.mm(mm));
  while (const auto table = unshared_by_change(c.mm(mm), part, unshared)) {
    const Vma& cut = *std::as_const(c.machine).spaces[mm.index()].find_vma(unshared);
    Vma changed = cut;
    if (!marks(advice, changed) || changed == cut) continue;  // It stays in one.
    step = Step::apply;                                       // hugetlb_split()
    return c.call({UnsharePmds{.mm = mm, .pages = *table}});
  }
  c.mm(mm).modify(part, [&](Vma& vma) {
    marks(advice, vma);
    c.spend(Cost::vma);
  });
  step = Step::unlock;
  return Next::pass;
}

// ---- AgeRange

Wait AgeRange::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange AgeRange::range() const {
  return {.mm = mm, .pages = pages, .event = NotifierEvent::clear};
}

Next AgeRange::run(Context& c) {
  switch (step) {
    case Step::start:
      cursor = pages.first;
      step = Step::lock_ptl;
      if (!lazy_free) return Next::pass;
      return c.call({RangeStart{.range = range()}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::modify;
      return flush_pending(c, mm) ? c.call({flush_mm(mm)}) : Next::again;
    case Step::modify:
      return modify(c);
    case Step::flush:  // pmdp_invalidate(), between reading a huge entry and setting it again.
      step = Step::set;
      return c.call({flush_range(mm, span_of(cursor, pmd_pages))});
    case Step::set: {
      entry.invalid = false;
      set_bits(c, mm, cursor, entry);
      c.task().gather.add_huge({.first = cursor, .count = pmd_pages});
      cursor = Page{cursor.value + pmd_pages};
      step = Step::modify;
      return Next::again;
    }
    case Step::end:
      step = Step::finish;
      if (!lazy_free) return Next::pass;
      return c.call({RangeEnd{.range = range()}});
    case Step::finish:
      if (!shoot) return c.give();
      shoot = false;
      return c.call({TlbFinish{.mm = mm}});
  }
  return c.done();
}

// madvise_free_pte_range(), madvise_free_huge_pmd(): what others have is not theirs to lose.
bool may_free_lazily(const Machine& machine, Pte pte) {
  if (!is_anonymous(machine, pte.frame())) return false;
  const Frame& folio = machine.frames[machine.frames.head(pte.frame())];
  const bool once = folio.maps == 1 || (!pte.huge && folio.maps == folio.pages());
  const bool alone = once && !folio.locked_by.some();
  return alone || !(pte.huge || folio.dirty || folio.slot.some());
}

// A large folio that small entries map, whole or in part. What cannot be split is passed over.
bool AgeRange::splits(Context& c, Pte pte) {
  const std::uint32_t size = c.frame(c.machine.frames.head(pte.frame())).pages();
  if (pte.huge || size == 1 || cursor < whole) return false;
  if (takes_whole(c, mm, cursor, pages)) {
    whole = Page{cursor.value + size};
    return false;
  }
  if (cursor == tried) return false;
  tried = cursor;
  return true;
}

// madvise_free_pte_range(), madvise_cold_or_pageout_pte_range().
Next AgeRange::modify(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  while (cursor < pages.end()) {
    const auto found = table.first({.first = cursor, .count = pages.end().value - cursor.value});
    if (!found) break;
    cursor = *found;
    Pte pte = table.at(cursor);
    const PageRange span = span_of(cursor, pmd_pages);
    if (!lazy_free && pte.present() && mapped_shared(c.machine, mm, pte)) {
      cursor = pte.huge ? span.end() : Page{cursor.value + 1};
      continue;
    }
    if (pte.huge && span.intersect(pages).count < pmd_pages) {
      c.release(page_table_lock(mm));
      step = Step::lock_ptl;
      const FrameId head = c.machine.frames.head(pte.frame());
      // Or it was tried: it cannot be split.
      if (!pte.present() || c.machine.is_zero(head) || entry == pte) {
        cursor = span.end();
        return Next::again;
      }
      entry = pte;
      return c.call({SplitFolio{.frame = head}});
    }
    const std::uint32_t count = pte.huge ? pmd_pages : 1;
    const bool swap = pte.swapped();
    if (lazy_free && swap) {
      drop_special(c, mm, cursor);
      cursor = Page{cursor.value + 1};
      continue;
    }
    const FrameId head = pte.present() ? c.machine.frames.head(pte.frame()) : FrameId{};
    if (head.some() && splits(c, pte)) {
      c.release(page_table_lock(mm));
      step = Step::lock_ptl;
      return c.call({SplitFolio{.frame = head}});
    }
    const bool unsplit = pte.present() && !pte.huge && c.frame(head).pages() > 1 && cursor >= whole;
    const bool ours =
        pte.present() && !c.machine.is_zero(head) && !unsplit &&
        (lazy_free ? may_free_lazily(c.machine, pte) : mapped_once(c.machine, head, mm));
    if (!ours) {
      cursor = Page{cursor.value + count};
      continue;
    }
    if (lazy_free) {
      Frame& folio = c.frame(c.machine.frames.head(pte.frame()));
      folio.dirty = false;
      folio.lazy_free = true;
      c.emit({.kind = EventKind::page_cleaned,
              .mm = mm,
              .pages = {.first = cursor, .count = count},
              .frame = c.machine.frames.head(pte.frame())});
      if (folio.slot.some()) remove_from_swap_cache(c, c.machine.frames.head(pte.frame()));
    }
    if (!pte.young && !(lazy_free && pte.dirty)) {
      cursor = Page{cursor.value + count};
      continue;
    }
    pte.young = false;
    if (lazy_free) pte.dirty = false;
    c.spend(Cost::pte_change);
    if (pte.huge) {
      entry = pte;
      Pte off = table.at(cursor);
      off.invalid = true;
      table.set_huge(cursor, off);
      step = Step::flush;
      return Next::again;
    }
    table.set(cursor, pte);
    c.task().gather.add_pte(cursor);
    cursor = Page{cursor.value + 1};
  }
  c.release(page_table_lock(mm));
  step = Step::end;
  return Next::again;
}

}  // namespace model
