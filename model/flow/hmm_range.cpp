// SPDX-License-Identifier: Apache-2.0
// A driver's mirror of a range.
#include "model/flow/all.hpp"

namespace model {

// ---- HmmRange

Wait HmmRange::guard() const {
  switch (step) {
    case Step::begun:
      return {.kind = Wait::Kind::readable, .index = mr.value, .sequence = begun};
    case Step::lock:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::walk:
      return Wait::lock(page_table_lock(mm), LockMode::read);
    case Step::awaited:
      return what;
    default:
      return {};
  }
}

Next HmmRange::run(Context& c) {
  switch (step) {
    case Step::watch:  // The driver's own interval: what changes is looked up again.
      mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
      c.machine.registrations.push_back({.mm = mm, .pages = pages});
      c.notifier(mm).intervals.insert(mr, pages);
      step = Step::begin;
      return Next::again;
    case Step::begin:
      begun = c.notifier(mm).intervals.read_begin(mr);
      step = Step::begun;
      return Next::again;
    case Step::begun:
      if (!c.notifier(mm).intervals.contains(mr)) {  // The address space is another one.
        error = EINVAL;
        step = Step::finish;
        return Next::pass;
      }
      step = Step::lock;
      return Next::pass;
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::lock);
      cursor = 0;
      step = Step::walk;
      return Next::again;
    case Step::walk:
      return walk(c);
    case Step::faulted:
      return faulted(c);
    case Step::awaited:  // migration_entry_wait(), with the lock held.
      step = Step::walk;
      return Next::again;
    case Step::unlock:
      c.release(mmap_lock(mm));
      retry = retry || (error == 0 && c.notifier(mm).intervals.read_retry(mr, begun));
      step = Step::finish;
      return Next::pass;
    case Step::finish:
      if (retry) {
        retry = false;
        step = Step::begin;
        return Next::again;
      }
      step = Step::unwatched;
      return c.call({Unwatch{.mr = mr}});
    case Step::unwatched:
      if (snapshot && error == 0) c.count_pages(pages.count);
      return c.give(error == 0 ? Result::value(seen) : Result::error(error));
  }
  return c.done();
}

// hmm_vma_walk_test(), hmm_vma_handle_pte(). What a device of the same owner has is only reported.
Next HmmRange::walk(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  for (; cursor < pages.count; ++cursor) {
    const Page page = pages.at(cursor);
    const Vma* vma = space.find_vma(page);
    c.spend(Cost::pte_walk);
    const Pte pte = space.page_table.at(page);
    if (snapshot) seen = code(c, vma, pte);
    if (!fault) continue;
    if (vma == nullptr || !vma->allows(false)) {
      error = EFAULT;
      break;
    }
    if (c.machine.private_of(owner, pte) || pte.allows(write)) continue;
    if (write && !vma->write) {
      error = EPERM;
      break;
    }
    step = Step::faulted;
    return c.call({HandleFault{.write = write, .mm = mm, .page = page}});
  }
  step = Step::unlock;
  return Next::again;
}

// dmirror_mkentry() of what hmm_range_fault() reports when it is not asked to fault.
std::uint32_t HmmRange::code(Context& c, const Vma* vma, Pte pte) const {
  if (vma == nullptr || !vma->allows(false)) return mirror_prot::error;
  const bool is_owned_private = c.machine.private_of(owner, pte);
  if (!pte.allows(false) && !is_owned_private) return mirror_prot::none;
  const Frame& frame = std::as_const(c.machine).frames[pte.frame()];
  std::uint32_t bits = pte.write ? mirror_prot::write : mirror_prot::read;
  if (is_owned_private) {
    bits |= mirror_prot::private_local;
  } else if (frame.device) {
    bits |= frame.node == owner ? mirror_prot::coherent_local : mirror_prot::coherent_remote;
  } else if (c.host(frame.host).zero == pte.frame()) {  // is_zero_pfn(): not the huge one.
    bits |= mirror_prot::zero;
  }
  if (pte.huge) bits |= pte.gigantic ? mirror_prot::pud : mirror_prot::pmd;
  return bits;
}

// hmm_vma_fault(): every error is EFAULT. Without FAULT_FLAG_ALLOW_RETRY userfaultfd gives one.
Next HmmRange::faulted(Context& c) {
  const Result result = c.task().result;
  step = Step::unlock;
  if (!result.ok() && result != Result::error(EBUSY)) {
    error = EFAULT;
    return Next::pass;
  }
  what = result.ok() ? Wait{} : c.task().awaited;
  if (what.kind == Wait::Kind::userfault) {
    error = EFAULT;
    return Next::pass;
  }
  retry = c.notifier(mm).intervals.read_retry(mr, begun);
  if (!retry) step = Step::awaited;
  return Next::pass;
}

}  // namespace model
