// SPDX-License-Identifier: Apache-2.0
// Pages that are faulted in before they are used, and those that stay.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- Populate

// populate_vma_page_range(): what a VMA allows. False: there is none any more.
bool Populate::find_vma(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = space.vma_from(pages.at(cursor));
  while (vma != nullptr && vma->xpmem) vma = space.vma_from(vma->pages.end());  // __mm_populate()
  if (vma == nullptr || vma->pages.first >= pages.end()) return false;
  if (pages.at(cursor) < vma->pages.first) {
    cursor = vma->pages.first.value - pages.first.value;
  }
  write = vma->write && !vma->shared;
  return true;
}

// What madvise(MADV_POPULATE_READ) says of a page that cannot be had.
int Populate::reason(Context& c, Result error) const {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.at(cursor - 1));
  if (vma == nullptr) return ENOMEM;
  if (!vma->allows(write) || vma->xpmem) return EINVAL;
  if (error == Result::error(EHWPOISON)) return EHWPOISON;
  const bool file = vma->file.some() && c.mapping(vma->file).file;
  const bool beyond = file && vma->index_of(pages.at(cursor - 1)) >= c.mapping(vma->file).size;
  return beyond || error == Result::error(EFAULT) ? EFAULT : ENOMEM;  // A guard refuses, too.
}

Next Populate::run(Context& c) {
  switch (step) {
    case Step::next: {
      if (cursor >= pages.count || (by_vma && !find_vma(c))) return c.done();
      step = Step::got;
      return c.call({GetPage{
          .mode = GetPage::Mode::populate, .write = write, .mm = mm, .page = pages.at(cursor++)}});
    }
    case Step::got:
      step = Step::next;
      if (c.task().result.ok()) return Next::pass;
      if (!by_vma) return c.done(Result::error(reason(c, c.task().result)));
      if (stops) return c.done(c.task().result);
      if (const Vma* vma = c.mm(mm).find_vma(pages.at(cursor - 1))) {
        cursor = vma->pages.end().value - pages.first.value;
      }
      return Next::pass;
  }
  return c.done();
}

// ---- Mlock

Wait Mlock::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

Next Mlock::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::mark;
      return Next::pass;
    case Step::mark: {
      if (const auto cut = cut_by(c, mm, pages, [this](Vma& vma) { change(vma); })) {
        return c.call({SplitPmd{.mm = mm, .first = *cut}});
      }
      const bool hole = mark(c);
      unlock_write(c, mm);
      if (hole) return c.done(Result::error(ENOMEM));
      if (!on || on_fault) return c.done();
      step = Step::populated;
      return c.call({Populate{.by_vma = true, .stops = !all, .mm = mm, .pages = pages}});
    }
    case Step::populated:  // __mlock_posix_error_return()
      if (all || c.task().result.ok()) return c.give(Result::success());
      return c.give(Result::error(c.task().result == Result::error(EFAULT) ? ENOMEM : EAGAIN));
  }
  return c.done();
}

// mlock_fixup(): pages of hugetlb stay anyway, and what XPMEM has attached as well.
void Mlock::change(Vma& vma) const { vma.locked = on && !vma.hugetlb && !vma.xpmem; }

// apply_vma_lock_flags(), apply_mlockall_flags(): up to a hole. Whether there is one.
bool Mlock::mark(Context& c) {
  AddressSpace& space = c.mm(mm);
  if (all) space.lock_future = future;
  Page end = pages.first;
  for (const Vma& part : space.parts(pages)) {
    if (!all && part.pages.first > end) break;
    end = part.pages.end();
  }
  const PageRange marked{.first = pages.first, .count = end.value - pages.first.value};
  space.modify(marked, [&](Vma& vma) {
    change(vma);
    c.spend(Cost::vma);
  });
  return !all && marked.count < pages.count;
}

}  // namespace model
