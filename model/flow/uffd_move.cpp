// SPDX-License-Identifier: Apache-2.0
// UFFDIO_MOVE: move_pages() of mm/userfaultfd.c.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// validate_move_areas(): private and anonymous both, alike, each of one VMA; the target registered.
int may_move(const AddressSpace& space, PageRange from, PageRange to) {
  const Vma* source = space.find_vma(from.first);
  const Vma* target = space.find_vma(to.first);
  if (source == nullptr || target == nullptr) return ENOENT;
  const bool inside = from.end() <= source->pages.end() && to.end() <= target->pages.end();
  const auto movable = [](const Vma& vma) {
    return !vma.shared && !vma.file.some() && !vma.hugetlb && vma.write;
  };
  const bool alike = source->read == target->read && source->exec == target->exec &&
                     source->pkey == target->pkey && source->locked == target->locked;
  const bool fits = inside && movable(*source) && movable(*target) && alike && target->uffd();
  return fits ? 0 : EINVAL;
}

std::uint32_t to_table_end(Page page) { return pmd_pages - page.value % pmd_pages; }

bool pinned(const Machine& machine, const Pte& pte) {
  return pte.present() && machine.frames[machine.frames.head(pte.frame())].pins > 0;
}

// What the process does not have for itself alone stays where it is.
int may_leave(const Machine& machine, const Pte& pte) {
  if (!pte.populated()) return ENOENT;
  if (pte.present() && machine.is_zero(pte.frame())) return 0;
  if (!pte.present() && !pte.swapped()) return EFAULT;
  return pte.exclusive && !pinned(machine, pte) ? 0 : EBUSY;
}

}  // namespace

Wait UffdMove::guard() const {
  if (step == Step::lock) return Wait::lock(by_vma ? vma_lock(mm) : mmap_lock(mm), LockMode::read);
  if (step == Step::wait) return Wait::lock(folio_lock(entry.frame()), LockMode::write);
  if (step == Step::lock_ptl) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

NotifierRange UffdMove::range() const {
  return {.mm = mm, .pages = part, .event = NotifierEvent::clear};
}

Next UffdMove::run(Context& c) {
  const LockId lock = by_vma ? vma_lock(mm) : mmap_lock(mm);
  switch (step) {
    case Step::lock:
      if (!c.mm(mm).alive) return c.done(Result::error(ESRCH));  // mmget_not_zero()
      c.take(lock, LockMode::read);
      c.spend(Cost::syscall);
      error = may_move(c.mm(mm), from, {.first = to, .count = from.count});
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::split:
      step = Step::next;
      return c.task().result.ok() ? Next::pass : fail(EBUSY);
    case Step::wait:  // migration_entry_wait()
      step = Step::next;
      return Next::again;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      return take(c);
    case Step::flush: {
      step = Step::set;
      const bool whole = huge || !entry.populated();  // All of them are set already.
      const PageRange gone{.first = part.first, .count = moved};
      return c.call({whole ? flush_range(mm, gone) : flush_page(mm, part.first)});
    }
    case Step::set:
      if (entry.populated()) set(c, Page{to.value + cursor});
      step = Step::end;
      return Next::again;
    case Step::end: {
      c.release(page_table_lock(mm));
      const NotifierRange closed = range();
      cursor += moved;
      c.changed(Wait::Kind::userfault, mm.value);
      step = Step::next;
      return c.call({RangeEnd{.range = closed}});
    }
    case Step::unlock:
      c.release(lock);
      if (error == 0) return c.done();
      return c.done(Result::error(cursor == 0 ? error : EAGAIN));
  }
  return c.done();
}

Next UffdMove::fail(int number) {
  error = number;
  step = Step::unlock;
  return Next::pass;
}

Next UffdMove::open(Context& c, std::uint32_t count) {
  part = {.first = from.at(cursor), .count = count};
  step = Step::lock_ptl;
  return c.call({RangeStart{.range = range()}});
}

// move_pages_ptes(): a page, or what one page table of the source and one of the target span. A
// page of a large folio is moved only once that is split.
Next UffdMove::next(Context& c) {
  const PageTable& table = c.mm(mm).page_table;
  if (cursor == from.count || error != 0) return fail(error);
  const Page source = from.at(cursor);
  const Page target{to.value + cursor};
  const std::uint32_t left = from.count - cursor;
  const Pte pte = table.at(source);
  if (table.at(target).huge) return fail(EEXIST);
  if (pte.huge) return next_huge(c, pte);
  if (!table.has_table(pmd_pages, source)) {
    if (!holes) return fail(ENOENT);
    cursor += std::min(left, to_table_end(source));
    return Next::pass;
  }
  const FrameId head = pte.has_frame() ? c.machine.frames.head(pte.frame()) : FrameId{};
  if (pte.migrating()) {
    entry = pte;
    entry.target = head.value;
    step = Step::wait;
    return Next::pass;
  }
  if (pte.present() && c.frame(head).pages() > 1 && !c.machine.is_zero(pte.frame())) {
    if (const int number = obstacle(c, source, target)) return fail(number);
    step = Step::split;
    return c.call({SplitFolio{.frame = head}});
  }
  huge = false;
  if (!c.setup.switches.move_by_range) return open(c, 1);
  return open(c, std::min({left, to_table_end(source), to_table_end(target)}));
}

// move_pages_huge_pmd(), if the entry fits as a whole: move_splits_huge_pmd().
Next UffdMove::next_huge(Context& c, Pte pte) {
  const PageTable& table = c.mm(mm).page_table;
  const Page source = from.at(cursor);
  const Page target{to.value + cursor};
  const bool aligned = source.value % pmd_pages == 0 && target.value % pmd_pages == 0;
  const bool whole = aligned && cursor + pmd_pages <= from.count &&
                     !table.has_table(pmd_pages, target) && !table.at(target).populated();
  if (pte.present() && !c.machine.is_zero(pte.frame()) && !pte.exclusive) return fail(EBUSY);
  if (!whole) return c.call({SplitPmd{.mm = mm, .first = span_of(source, pmd_pages).first}});
  if (pte.migrating()) {
    entry = pte;
    step = Step::wait;
    return Next::pass;
  }
  huge = true;
  return open(c, pmd_pages);
}

int UffdMove::obstacle(Context& c, Page source, Page target) const {
  const PageTable& table = c.mm(mm).page_table;
  return table.at(target).populated() ? EEXIST : may_leave(c.machine, table.at(source));
}

// Under the page table locks of both: one entry, or all in a row that are alike.
Next UffdMove::take(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  const Page source = from.at(cursor);
  const Page target{to.value + cursor};
  entry = table.at(source);
  moved = 0;
  step = Step::end;
  const bool same = !entry.migrating() && entry.huge == huge;
  if (same) error = obstacle(c, source, target);
  const bool hole = holes && error == ENOENT;  // UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES
  if (hole) {
    error = 0;
    moved = 1;
  }
  if (!same || hole || error != 0) {
    entry = Pte{};
    return Next::again;
  }
  moved = huge ? pmd_pages : 1;
  if (entry.swapped()) {  // move_swap_pte()
    table.clear(source);
    table.set(target, entry);
    c.spend(Cost::pte_change);
    return Next::again;
  }
  step = Step::flush;
  huge ? unmap_huge(c, mm, source) : unmap_frame(c, mm, source);
  const bool zero = c.machine.is_zero(entry.frame());
  if (c.setup.switches.move_by_range && !huge && !zero) take_more(c);
  return Next::again;
}

// move_present_ptes(): one flush for all of them, once they are at their new places.
void UffdMove::take_more(Context& c) {
  const PageTable& table = c.mm(mm).page_table;
  set(c, Page{to.value + cursor});
  for (; moved < part.count; ++moved) {
    const Page source = from.at(cursor + moved);
    const Page target{to.value + cursor + moved};
    entry = table.at(source);
    if (!entry.present() || c.machine.is_zero(entry.frame())) break;
    const bool large = c.frame(c.machine.frames.head(entry.frame())).pages() > 1;
    if (large || obstacle(c, source, target) != 0) break;
    unmap_frame(c, mm, source);
    set(c, target);
  }
  entry = Pte{};
}

void UffdMove::set(Context& c, Page target) {
  const FrameId frame = entry.frame();
  Vma& vma = *c.mm(mm).find_vma(target);
  PteBits bits{};
  if (!c.machine.is_zero(frame)) {
    vma.prepared = true;
    belongs(c, frame, vma, target);
    bits = {.write = vma.write, .dirty = true, .exclusive = true};
  }
  entry.huge ? map_huge(c, mm, target, frame, bits) : map_frame(c, mm, target, frame, bits);
}

}  // namespace model
