// SPDX-License-Identifier: Apache-2.0
#include "model/flow/zap.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

Wait Zap::guard() const {
  if (step != Step::clear) return {};
  return Wait::lock(page_table_lock(range.mm), LockMode::write);
}

Next Zap::run(Context& c) {
  switch (step) {
    case Step::start:
      step = Step::started;
      if (!notify) return Next::pass;
      return c.call({RangeStart{.range = range}});
    case Step::started:
      if (notify && !c.task().result.ok()) {
        if (c.setup.switches.heed_refusal) return c.give(Result::error(EAGAIN));
        notify = false;  // The bracket was undone when it was refused.
      }
      step = Step::clear;
      return Next::pass;
    case Step::clear:
      return clear(c);
    case Step::end:
      step = c.setup.switches.flush_before_free ? Step::flush : Step::free;
      if (!notify) return Next::pass;
      return c.call({RangeEnd{.range = range}});
    case Step::flush:
      step = c.setup.switches.flush_before_free ? Step::free : Step::finish;
      return c.call({TlbFlush{.mm = range.mm, .pages = range.pages}});
    case Step::free:
      return free(c);
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// zap_pte_range(): one page table at a time under its lock.
Next Zap::clear(Context& c) {
  AddressSpace& space = c.mm(range.mm);
  Small<Page, 8> present;
  Small<Page, 8> swapped;
  space.page_table.for_each(range.pages, [&](Page page, const Pte& pte) {
    (pte.present() ? present : swapped).push_back(page);
  });
  for (const Page page : present) {
    const FrameId frame = unmap_frame(c, range.mm, page);
    if (!c.machine.is_zero(frame)) gathered.push_back(frame);
  }
  for (const Page page : swapped) drop_swap_entry(c, range.mm, page);
  step = Step::end;
  return Next::again;
}

// tlb_finish_mmu().
Next Zap::free(Context& c) {
  for (const FrameId frame : gathered) free_unmapped(c, frame);
  gathered.clear();
  if (c.setup.switches.flush_before_free) return c.done();
  step = Step::flush;
  return Next::again;
}

Wait Mmap::guard() const { return Wait::lock(mmap_lock(mm), LockMode::write); }

Next Mmap::run(Context& c) {
  for (const RegionSetup& region : c.setup.regions) {
    if (region.mm != mm || region.pages != pages) continue;
    for (std::uint32_t i = 0; i < pages.count; ++i) {
      if (c.mm(mm).find_vma(pages.at(i)) != nullptr) return c.done(Result::error(EEXIST));
    }
    insert_region(c.machine, region);
  }
  c.spend(Cost::syscall);
  return c.done();
}

Wait Munmap::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::write) : Wait{};
}

Next Munmap::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::write);
      c.spend(Cost::syscall);
      step = Step::detach;
      return Next::again;
    case Step::detach: {  // vms_gather_munmap_vmas(), then downgrade_write().
      const auto removed = c.mm(mm).remove(pages);
      c.downgrade(mmap_lock(mm));
      step = removed.empty() ? Step::unlock : Step::zap;
      return Next::again;
    }
    case Step::zap:
      step = Step::unlock;
      return c.call({Zap{.range = {.mm = mm, .pages = pages, .event = NotifierEvent::unmap}}});
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

Wait Madvise::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next Madvise::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::zap;
      return Next::again;
    case Step::zap: {
      std::uint32_t covered = 0;
      for (const Vma& vma : c.mm(mm).vmas) covered += vma.pages.intersect(pages).count;
      hole = covered < pages.count;
      step = Step::unlock;
      return c.call({Zap{.range = {.mm = mm, .pages = pages, .event = NotifierEvent::clear}}});
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done(hole ? Result::error(ENOMEM) : Result::success());
  }
  return c.done();
}

Wait OomReap::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next OomReap::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::zap;
      return Next::again;
    case Step::zap: {
      if (cursor > 0 && !c.task().result.ok()) result = c.task().result;
      const auto& vmas = c.mm(mm).vmas;
      while (cursor < vmas.size() && vmas[cursor].shared) ++cursor;
      if (cursor == vmas.size()) {
        step = Step::unlock;
        return Next::pass;
      }
      const Vma& vma = vmas[cursor++];
      return c.call({Zap{
          .range = {
              .mm = mm, .pages = vma.pages, .event = NotifierEvent::clear, .blockable = false}}});
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done(result);
  }
  return c.done();
}

}  // namespace model
