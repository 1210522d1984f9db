// SPDX-License-Identifier: Apache-2.0
#include "model/flow/advise.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

std::uint32_t covered(const AddressSpace& space, PageRange pages) {
  std::uint32_t count = 0;
  for (const Vma& vma : space.vmas) count += vma.pages.intersect(pages).count;
  return count;
}

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
      vma.mergeable = advice == Advice::mergeable;
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
  if (step != Step::lock) return {};
  switch (hold) {
    case Hold::none:
      return {};
    case Hold::vma:
      return Wait::lock(vma_lock(mm), LockMode::read);
    case Hold::read:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Hold::write:
      return write_lock_wait(mm, has_lock);
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
  if (hole) return c.done(Result::error(ENOMEM));
  return c.done(result);
}

Next Madvise::apply(Context& c) {
  hole = covered(c.mm(mm), pages) < pages.count;
  step = Step::refused;
  switch (advice) {
    case Advice::dontneed:
    case Advice::dontneed_locked:
      return c.call({Zap{.per_vma = true,
                         .free_empty = true,
                         .range = {.mm = mm, .pages = pages, .event = NotifierEvent::clear}}});
    case Advice::populate_read:
    case Advice::populate_write:
      c.release(mmap_lock(mm));  // faultin_page_range() takes it itself.
      step = Step::ended;
      return c.call(
          {Populate{.write = advice == Advice::populate_write, .mm = mm, .pages = pages}});
    case Advice::remove: {
      const Vma* vma = c.mm(mm).find_vma(pages.first);
      const bool ours = vma != nullptr && vma->file.some() && vma->shared && vma->write;
      if (!ours) {
        result = Result::error(vma == nullptr || !vma->file.some() ? EINVAL : EACCES);
        step = Step::unlock;
        return Next::pass;
      }
      const PunchHole punch{.file = vma->file,
                            .first = vma->index_of(pages.first),
                            .count = vma->pages.intersect(pages).count};
      c.release(mmap_lock(mm));
      step = Step::ended;
      return c.call({punch});
    }
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
  const Vma* vma = cursor < pages.end() ? c.mm(mm).vma_from(cursor) : nullptr;
  const PageRange part =
      vma == nullptr
          ? PageRange{}
          : vma->pages.intersect({.first = cursor, .count = pages.end().value - cursor.value});
  if (part.count == 0) {
    step = Step::unlock;
    if (advice == Advice::unmergeable) return mark(c);
    return Next::pass;
  }
  cursor = part.end();
  switch (advice) {
    case Advice::free:
      if (vma->file.some() && vma->shared) break;
      if (vma->file.some()) break;  // vma_is_anonymous()
      return c.call({AgeRange{.lazy_free = true, .mm = mm, .pages = part}});
    case Advice::cold:
      if (vma->locked) break;
      return c.call({AgeRange{.mm = mm, .pages = part}});
    case Advice::pageout:
      if (vma->locked) break;
      return c.call({ReclaimRange{.ages = c.setup.switches.pageout_ages, .mm = mm, .pages = part}});
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

Next Madvise::mark(Context& c) {
  c.mm(mm).modify(pages, [this](Vma& vma) { marks(advice, vma); });
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
      c.task().gather.add_pmd(cursor);
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
  const bool alone = folio.maps == 1 && !folio.locked_by.some();
  return alone || !(pte.huge || folio.dirty || folio.slot.some());
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
    if (pte.huge && span.intersect(pages).count < pmd_pages) {
      c.release(page_table_lock(mm));
      step = Step::lock_ptl;
      const FrameId head = c.machine.frames.head(pte.frame());
      if (c.machine.is_zero(head) || entry == pte) {  // Or it was tried: it cannot be split.
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
    const bool ours = pte.present() && !c.machine.is_zero(pte.frame()) &&
                      (!lazy_free || may_free_lazily(c.machine, pte));
    if (!ours) {
      cursor = Page{cursor.value + count};
      continue;
    }
    if (lazy_free) {
      Frame& folio = c.frame(c.machine.frames.head(pte.frame()));
      folio.dirty = false;
      folio.lazy_free = true;
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

// ---- Populate

Next Populate::run(Context& c) {
  switch (step) {
    case Step::next: {
      if (cursor == pages.count) return c.done();
      step = Step::got;
      return c.call({GetPage{
          .mode = GetPage::Mode::populate, .write = write, .mm = mm, .page = pages.at(cursor++)}});
    }
    case Step::got:
      if (!c.task().result.ok()) return c.done(c.task().result);
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

// ---- Mlock

Wait Mlock::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

Next Mlock::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::mark;
      return Next::pass;
    case Step::mark: {
      const bool hole = covered(c.mm(mm), pages) < pages.count;
      c.mm(mm).modify(pages, [this](Vma& vma) { vma.locked = on; });
      const Vma* vma = c.mm(mm).find_vma(pages.first);
      const bool write = vma != nullptr && vma->write && !vma->shared;
      unlock_write(c, mm);
      if (hole) return c.done(Result::error(ENOMEM));
      if (!on) return c.done();
      step = Step::populated;
      return c.call({Populate{.write = write, .mm = mm, .pages = pages}});
    }
    case Step::populated:
      return c.give();
  }
  return c.done();
}

}  // namespace model
