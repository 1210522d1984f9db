// SPDX-License-Identifier: Apache-2.0
#include "model/flow/ksm.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- ReplaceEntry

Wait ReplaceEntry::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange ReplaceEntry::range() const {
  return {.mm = mm, .pages = one_page(page), .event = NotifierEvent::clear};
}

Next ReplaceEntry::run(Context& c) {
  switch (step) {
    case Step::start:
      step = Step::lock_ptl;
      return notify ? c.call({RangeStart{.range = range()}}) : Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      entry = c.mm(mm).page_table.at(page);
      step = Step::end;
      if (!entry.maps(expected)) {
        entry = Pte{};
        return Next::again;
      }
      unmap_frame(c, mm, page);
      step = Step::flush;
      return Next::again;
    case Step::flush: {
      step = Step::set;
      TlbFlush flush = flush_page(mm, page);
      flush.secondary = tells;
      return c.call({flush});
    }
    case Step::set: {
      step = Step::end;
      if (drop) return Next::again;
      const FrameId target = fresh.some() ? fresh : expected;
      if (c.setup.switches.change_pte) {
        c.emit({.kind = EventKind::change_pte, .mm = mm, .pages = one_page(page), .frame = target});
      }
      map_frame(c, mm, page, target, {.dirty = dirty, .exclusive = exclusive});
      return Next::again;
    }
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      if (!notify) return Next::pass;
      return c.call({RangeEnd{.range = range()}});
    case Step::finish:
      if (!entry.present()) {
        if (fresh.some()) free_unmapped(c, fresh);
        return c.give(Result::error(EFAULT));
      }
      if (fresh.some() || drop) free_unmapped(c, expected);
      return c.done();
  }
  return c.done();
}

// ---- KsmScan

Wait KsmScan::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next KsmScan::run(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::protected_: {  // It is the one that the others get from now on.
      const Pte pte = space.page_table.at(page);
      if (pte.maps(kept)) {
        Frame& frame = c.frame(kept);
        frame.ksm = true;
        lru_remove(c, kept);
        std::swap(tree, page);
      }
      step = Step::protect;
      return Next::again;
    }
    case Step::protect: {
      const Pte pte = space.page_table.at(page);
      step = Step::replace;
      if (!pte.present()) return Next::pass;
      return c.call({ReplaceEntry{.mm = mm, .page = page, .expected = pte.frame()}});
    }
    case Step::replace: {
      const Pte pte = space.page_table.at(page);
      step = Step::next;
      const bool equal = pte.present() && c.frame(pte.frame()).value == c.frame(kept).value;
      if (!equal) return Next::pass;  // It was written to meanwhile.
      c.get(kept);
      return c.call({ReplaceEntry{.mm = mm, .page = page, .expected = pte.frame(), .fresh = kept}});
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// cmp_and_merge_page(): a page that is like a merged one, or else like one before it.
Next KsmScan::next(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const FrameTable& frames = std::as_const(c.machine).frames;
  struct Candidate {
    Page page;
    FrameId frame;
  };
  std::vector<Candidate> candidates;
  for (const Vma& vma : space.vmas) {
    if (!vma.mergeable || vma.shared) continue;
    space.page_table.for_each(vma.pages, [&](Page at, const Pte& pte) {
      if (!pte.present() || pte.huge || c.machine.is_zero(pte.frame())) return;
      const Frame& frame = frames[pte.frame()];
      if (!is_anonymous(c.machine, pte.frame()) || frame.pins > 0 || frame.device) return;
      candidates.push_back({at, pte.frame()});
    });
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (frames[candidates[i].frame].ksm) continue;
    const Value value = frames[candidates[i].frame].value;
    for (const Candidate& other : candidates) {
      if (other.frame == candidates[i].frame || frames[other.frame].value != value) continue;
      if (frames[other.frame].ksm) {
        page = candidates[i].page;
        kept = other.frame;
        step = Step::protect;
        return Next::pass;
      }
    }
    for (std::size_t j = i + 1; j < candidates.size(); ++j) {
      if (frames[candidates[j].frame].value != value || frames[candidates[j].frame].ksm) continue;
      tree = candidates[i].page;
      page = candidates[j].page;
      kept = candidates[j].frame;
      step = Step::protected_;
      return c.call({ReplaceEntry{.mm = mm, .page = page, .expected = kept}});
    }
  }
  step = Step::unlock;
  return Next::pass;
}

// ---- Unmerge

Wait Unmerge::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next Unmerge::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::next;
      return Next::again;
    case Step::next: {
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      if (cursor < pages.first) cursor = pages.first;
      while (cursor < pages.end()) {
        const auto found =
            space.page_table.first({.first = cursor, .count = pages.end().value - cursor.value});
        if (!found) break;
        cursor = Page{found->value + 1};
        const Pte pte = space.page_table.at(*found);
        if (!pte.present() || !std::as_const(c.machine).frames[pte.frame()].ksm) continue;
        const bool unshare = c.setup.switches.unmerge_unshares;
        return c.call(
            {HandleFault{.write = !unshare, .unshare = unshare, .mm = mm, .page = *found}});
      }
      step = Step::unlock;
      return Next::pass;
    }
    case Step::unlock:
      if (!locks) return c.give();
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// ---- UnmergeAll

Next UnmergeAll::run(Context& c) {
  while (cursor < c.machine.spaces.size()) {
    const MmId mm{cursor++};
    const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
    if (space.host != host || !space.alive || space.vmas.empty()) continue;
    return c.call(
        {Unmerge{.step = Unmerge::Step::lock, .locks = true, .mm = mm, .pages = all_pages}});
  }
  return c.give();
}

// ---- Uprobe

Wait Uprobe::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

Next Uprobe::run(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      step = Step::get;
      return Next::again;
    case Step::get:
      step = Step::got;
      if (space.page_table.at(page).present()) return Next::pass;
      return c.call({HandleFault{.mm = mm, .page = page}});
    case Step::got: {
      const Pte pte = space.page_table.at(page);
      const Vma* vma = space.find_vma(page);
      step = Step::patch;
      if (!pte.present() || vma == nullptr || vma->shared) {
        step = Step::unlock;
        return Next::pass;
      }
      if (c.setup.switches.uprobe_in_place && pte.exclusive) return Next::pass;
      if (!enable && pte.exclusive) {  // The page of the file is as good now.
        return c.call({ReplaceEntry{
            .tells = true, .drop = true, .mm = mm, .page = page, .expected = pte.frame()}});
      }
      const auto copy = c.allocate(space.host);
      if (!copy) return Next::pass;
      Vma& changed = *c.mm(mm).find_vma(page);
      changed.prepared = true;
      c.frame(*copy).value = c.frame(pte.frame()).value;
      belongs(c, *copy, changed, page);
      lru_add(c, *copy);
      return c.call({ReplaceEntry{.tells = true,
                                  .dirty = c.setup.switches.uprobe_in_place,
                                  .exclusive = true,
                                  .mm = mm,
                                  .page = page,
                                  .expected = pte.frame(),
                                  .fresh = *copy}});
    }
    case Step::patch: {
      const Pte pte = space.page_table.at(page);
      step = Step::patched;
      if (!c.setup.switches.uprobe_in_place || !pte.present()) return Next::pass;
      return c.call({ReplaceEntry{.notify = !enable,
                                  .dirty = true,
                                  .exclusive = true,
                                  .mm = mm,
                                  .page = page,
                                  .expected = pte.frame()}});
    }
    case Step::patched: {
      const Pte pte = space.page_table.at(page);
      if (pte.present()) {
        c.frame(pte.frame()).value =
            enable ? c.frame(pte.frame()).value + 1 : c.frame(pte.frame()).value - 1;
      }
      step = Step::unlock;
      return Next::again;
    }
    case Step::unlock:
      unlock_write(c, mm);
      return c.done();
  }
  return c.done();
}

}  // namespace model
