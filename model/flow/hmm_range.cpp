// SPDX-License-Identifier: Apache-2.0
// A driver's mirror of a range.
#include "model/flow/all.hpp"

namespace model {

// ---- HmmRange

Wait HmmRange::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::walk) return Wait::lock(page_table_lock(mm), LockMode::read);
  return {};
}

Next HmmRange::run(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  switch (step) {
    case Step::watch:  // The driver's own interval: what changes is looked up again.
      mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
      c.machine.registrations.push_back({.mm = mm, .pages = pages});
      c.notifier(mm).intervals.insert(mr, pages);
      step = Step::lock;
      return Next::again;
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::lock);
      begun = c.notifier(mm).intervals.read_begin(mr);
      cursor = 0;
      step = Step::walk;
      return Next::again;
    case Step::walk:  // hmm_vma_walk_test(), hmm_vma_handle_pte()
      for (; cursor < pages.count; ++cursor) {
        const Page page = pages.at(cursor);
        const Vma* vma = space.find_vma(page);
        c.spend(Cost::pte_walk);
        const Pte pte = space.page_table.at(page);
        if (!fault) continue;
        if (vma == nullptr || !vma->allows(false)) {
          error = EFAULT;
          break;
        }
        const bool own = pte.kind == Pte::Kind::device_private && owner;
        const bool there = own ? pte.write || !write : pte.allows(write);
        if (there) continue;
        if (write && !vma->write) {
          error = EPERM;
          break;
        }
        step = Step::faulted;
        return c.call({HandleFault{.write = write, .mm = mm, .page = page}});
      }
      step = Step::unlock;
      return Next::again;
    case Step::faulted: {
      const Result result = c.task().result;
      retry = result == Result::error(EBUSY);
      if (!result.ok() && !retry) error = static_cast<int>(result.number);
      step = result.ok() ? Step::walk : Step::unlock;
      return Next::pass;
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      retry = retry || (error == 0 && c.notifier(mm).intervals.read_retry(mr, begun));
      step = Step::finish;
      return Next::pass;
    case Step::finish:
      if (retry) {
        retry = false;
        step = Step::lock;
        return Next::again;
      }
      step = Step::unwatched;
      return c.call({Unwatch{.mr = mr}});
    case Step::unwatched:
      return c.give(error == 0 ? Result::success() : Result::error(error));
  }
  return c.done();
}

}  // namespace model
