// SPDX-License-Identifier: Apache-2.0
// Pages that a device has for itself.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- MakeExclusive

Wait MakeExclusive::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::awaited) return what;
  if (step == Step::next) return Wait::lock(page_table_lock(mm), LockMode::read);
  if (step == Step::lock_folio) return Wait::lock(folio_lock(folio), LockMode::write);
  if (step == Step::map && mr.some()) return Wait::lock(driver_lock(mr), LockMode::write);
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange MakeExclusive::range() const {
  return {.mm = mm,
          .pages = one_page(pages.at(cursor)),
          .event = NotifierEvent::exclusive,
          .owner = owner};
}

Next MakeExclusive::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::got:
      what = c.task().awaited;
      step = Step::next;
      if (c.task().result.ok()) return Next::pass;
      if (c.task().result == Result::error(EBUSY) && what.kind != Wait::Kind::userfault) {
        step = Step::awaited;
        return Next::pass;
      }
      error = static_cast<int>(gup_error(c, mm, pages.at(cursor), c.task().result).number);
      return Next::pass;
    case Step::awaited:  // migration_entry_wait(), with the lock held.
      step = Step::next;
      return Next::again;
    case Step::lock_folio:
      c.lock_folio(folio);
      step = Step::start;
      return Next::again;
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range()}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      entry = c.mm(mm).page_table.at(pages.at(cursor));
      lost = !entry.maps(frame) || entry.huge;
      step = Step::end;
      if (lost) return Next::again;
      unmap_frame(c, mm, pages.at(cursor));
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::set;
      return c.call({flush_page(mm, pages.at(cursor))});
    case Step::set:
      entry.kind = Pte::Kind::device_exclusive;
      entry.write = entry.young = false;
      c.spend(Cost::pte_change);
      c.mm(mm).page_table.set(pages.at(cursor), entry);
      ++c.frame(folio).maps;
      c.frame(folio).dirty = true;
      step = Step::end;
      return Next::again;
    case Step::end:
      c.release(page_table_lock(mm));
      step = mr.some() && !lost ? Step::map : Step::finish;
      return c.call({RangeEnd{.range = range()}});
    case Step::map:  // dmirror_atomic_map(), while the folio is locked.
      map(c);
      step = Step::finish;
      return Next::again;
    case Step::finish:
      c.release(folio_lock(folio));
      free_unmapped(c, frame);
      frame = folio = FrameId{};
      if (!again && (!lost || !c.setup.switches.exclusive_waits)) ++cursor;
      again = false;
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

void MakeExclusive::map(Context& c) {
  c.take(driver_lock(mr), LockMode::write);
  const Page page = pages.at(cursor);
  again = checked && c.notifier(mm).intervals.read_retry(mr, begun);
  if (again) {  // nouveau_atomic_range_fault()
    const bool last = ++tries > 8;
    if (last) error = EBUSY;
    c.emit({.kind = last ? EventKind::dma_refused : EventKind::dev_retry,
            .detail = 1,
            .mm = mm,
            .pages = one_page(page),
            .mr = mr,
            .value = TaskId::none});
    c.release(driver_lock(mr));
    return;
  }
  install(c, mr, page,
          {.frame = frame, .generation = c.frame(frame).generation, .write = true, .atomic = true});
  c.release(driver_lock(mr));
}

// A page that may be written, with a reference and with the lock of its folio.
Next MakeExclusive::next(Context& c) {
  if (cursor == pages.count || error != 0) {
    c.release(mmap_lock(mm));
    return c.done(error == 0 ? Result::success() : Result::error(error));
  }
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Pte pte = space.page_table.at(pages.at(cursor));
  const Vma* vma = space.find_vma(pages.at(cursor));
  if (vma != nullptr && vma->hugetlb) {  // FOLL_SPLIT_PMD is not for it.
    error = EOPNOTSUPP;
    return Next::pass;
  }
  if (vma == nullptr || !vma->write || !pte.allows(true)) {
    step = Step::got;
    return c.call({HandleFault{.write = true, .mm = mm, .page = pages.at(cursor)}});
  }
  if (pte.huge) {  // FOLL_SPLIT_PMD
    return c.call({SplitPmd{.mm = mm, .first = span_of(pages.at(cursor), pmd_pages).first}});
  }
  const bool locked = c.frame(c.machine.frames.head(pte.frame())).locked_by.some();
  const bool anonymous = is_anonymous(c.machine, pte.frame());
  if (!anonymous && c.setup.switches.exclusive_refuses) error = EOPNOTSUPP;
  if (!anonymous || (locked && !c.setup.switches.exclusive_waits)) {
    ++cursor;
    return Next::again;
  }
  frame = pte.frame();
  folio = c.machine.frames.head(frame);
  if (checked) begun = c.notifier(mm).intervals.read_begin(mr);
  c.get(folio);
  step = Step::lock_folio;
  return Next::again;
}

// ---- RestoreExclusive

Wait RestoreExclusive::guard() const {
  if (step == Step::lock_folio) return Wait::lock(folio_lock(folio), LockMode::write);
  return step == Step::restore ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next RestoreExclusive::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = one_page(page), .event = NotifierEvent::clear};
  switch (step) {
    case Step::hold:
      c.get(folio);
      step = Step::lock_folio;
      return Next::pass;
    case Step::lock_folio:
      c.lock_folio(folio);
      step = Step::start;
      return Next::again;
    case Step::start:
      step = Step::restore;
      return c.call({RangeStart{.range = range}});
    case Step::restore: {
      Pte pte = c.mm(mm).page_table.at(page);
      step = Step::finish;
      if (pte.kind == Pte::Kind::device_exclusive) {
        const Vma& vma = *c.mm(mm).find_vma(page);
        pte.kind = Pte::Kind::present;
        pte.write = vma.write && pte.exclusive && !pte.uffd_wp;
        pte.dirty = true;
        pte.young = false;
        c.mm(mm).page_table.set(page, pte);
        c.spend(Cost::pte_change);
      }
      return c.call({RangeEnd{.range = range}});
    }
    case Step::finish:
      c.release(folio_lock(folio));
      free_unmapped(c, folio);
      return c.done();
  }
  return c.done();
}

}  // namespace model
