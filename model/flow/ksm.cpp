// SPDX-License-Identifier: Apache-2.0
#include "model/flow/ksm.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- ReplaceEntry

Wait ReplaceEntry::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange ReplaceEntry::range(const Context& c) const {
  return {.mm = mm,
          .pages = one_page(page),
          .event = NotifierEvent::clear,
          .by_entry = has_invalidate_page(c)};
}

Next ReplaceEntry::run(Context& c) {
  switch (step) {
    case Step::start:
      step = Step::lock_ptl;
      return notify ? c.call({RangeStart{.range = range(c)}}) : Next::pass;
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
    case Step::set:
      if (invalidate_page(c, mm, one_page(page), page_told) == Next::call) return Next::call;
      return set(c);
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      if (!notify) return Next::pass;
      return c.call({RangeEnd{.range = range(c)}});
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

Next ReplaceEntry::set(Context& c) {
  step = Step::end;
  if (drop) return Next::again;
  const FrameId target = fresh.some() ? fresh : expected;
  const Frame& folio = std::as_const(c.machine).frames[target];
  if (alone && folio.references > folio.maps + (folio.slot.some() ? 3U : 2U)) {
    c.mm(mm).page_table.set(page, entry);
    ++c.frame(target).maps;
    entry = Pte{};
    return Next::again;
  }
  c.frame(target).value += patch;
  if (c.setup.switches.change_pte) {
    c.emit({.kind = EventKind::change_pte, .mm = mm, .pages = one_page(page), .frame = target});
  }
  map_frame(c, mm, page, target, {.dirty = dirty, .exclusive = exclusive});
  return Next::again;
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
      drain_all_lru(c, space.host);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::protected_:
      return keep(c);
    case Step::protect:
      c.spend(Cost::compare_page, 2);
      return protect(c);
    case Step::replace: {
      if (!c.task().result.ok()) return give_up(c);
      c.spend(Cost::compare_page, 2);
      if (c.frame(old).value != c.frame(kept).value) return give_up(c);  // It was written to.
      step = Step::merged;
      c.get(kept);
      return c.call({ReplaceEntry{.mm = mm, .page = page, .expected = old, .fresh = kept}});
    }
    case Step::merged:
      if (!c.task().result.ok()) return give_up(c);
      c.release(folio_lock(old));
      free_unmapped(c, old);
      c.put(kept);
      kept = old = FrameId{};
      cursor = Page{page.value + 1};
      step = Step::next;
      return Next::pass;
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// The page goes on without being merged.
Next KsmScan::give_up(Context& c) {
  cursor = Page{std::min(page, tree).value + 1};
  if (old.some()) {
    c.release(folio_lock(old));
    free_unmapped(c, old);
  }
  free_unmapped(c, kept);
  kept = old = FrameId{};
  step = Step::next;
  return Next::pass;
}

// The first of two: it is the one that others get from now on.
Next KsmScan::keep(Context& c) {
  c.release(folio_lock(kept));
  if (!c.task().result.ok()) return give_up(c);
  c.frame(kept).ksm = true;
  lru_remove(c, kept);
  std::swap(tree, page);
  step = Step::protect;
  return Next::again;
}

// try_to_merge_one_page()
Next KsmScan::protect(Context& c) {
  const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  const bool suits = pte.present() && !pte.huge && !c.machine.is_zero(pte.frame()) &&
                     !pte.maps(kept) && !c.frame(pte.frame()).locked_by.some();
  if (!suits) return give_up(c);
  old = pte.frame();
  c.get(old);
  c.lock_folio(old);
  step = Step::replace;
  return c.call({ReplaceEntry{.alone = true, .mm = mm, .page = page, .expected = old}});
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
      const Frame& frame = frames[frames.head(pte.frame())];
      if (frame.pages() > 1) return;  // It would have to be split first.
      if (!is_anonymous(c.machine, pte.frame()) || frame.pins > 0 || frame.device) return;
      candidates.push_back({at, pte.frame()});
    });
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].page < cursor || frames[candidates[i].frame].ksm) continue;
    const Value value = frames[candidates[i].frame].value;
    for (const Candidate& other : candidates) {
      if (other.frame == candidates[i].frame || frames[other.frame].value != value) continue;
      if (frames[other.frame].ksm) {
        page = tree = candidates[i].page;
        kept = other.frame;
        c.get(kept);
        step = Step::protect;
        return Next::pass;
      }
    }
    for (std::size_t j = i + 1; j < candidates.size(); ++j) {
      const Frame& second = frames[candidates[j].frame];
      if (second.value != value || second.ksm || second.locked_by.some()) continue;
      tree = candidates[i].page;
      page = candidates[j].page;
      kept = candidates[j].frame;
      c.get(kept);
      c.lock_folio(kept);
      step = Step::protected_;
      return c.call({ReplaceEntry{.alone = true, .mm = mm, .page = page, .expected = kept}});
    }
  }
  c.spend(Cost::compare_page,
          candidates.size());  // Their checksums, in the scan that finds nothing.
  step = Step::unlock;
  return Next::pass;
}

// ---- Unmerge

std::optional<FrameId> copy_unmerged(Context& c, FrameId frame) {
  const auto copy = c.allocate(c.frame(frame).host);
  if (!copy) return copy;
  c.frame(*copy).value = c.frame(frame).value;
  c.spend(Cost::page_alloc);
  c.spend(Cost::copy_page);
  free_unmapped(c, frame);
  return copy;
}

Wait Unmerge::guard() const {
  if (step == Step::awaited) return what;
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next Unmerge::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::broken: {  // Once more, until it is no merged page, or there is no memory.
      const Result fault = c.task().result;
      what = fault == Result::error(EBUSY) ? c.task().awaited : Wait{};
      step = Step::awaited;
      if (fault == Result::error(ENOMEM)) {
        result = fault;
        step = Step::unlock;
      } else if (what.kind == Wait::Kind::userfault || (!fault.ok() && fault.number != EBUSY)) {
        cursor = Page{cursor.value + 1};
        step = Step::next;
      }
      return Next::pass;
    }
    case Step::awaited:  // migration_entry_wait(), with the lock held.
      step = Step::next;
      return Next::pass;
    case Step::unlock:
      if (!locks) return c.give(result);
      c.release(mmap_lock(mm));
      return c.done(result);
  }
  return c.done();
}

// unmerge_ksm_pages(), break_ksm(). A page that is being moved stays what it is.
Next Unmerge::next(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  if (cursor < pages.first) cursor = pages.first;
  while (cursor < pages.end()) {
    const auto found =
        space.page_table.first({.first = cursor, .count = pages.end().value - cursor.value});
    if (!found) break;
    cursor = *found;
    const Pte pte = space.page_table.at(*found);
    c.spend(Cost::pte_walk);
    const bool there = pte.present() || pte.migrating();
    if (there && std::as_const(c.machine).frames[pte.frame()].ksm) {
      const bool unshare = c.setup.switches.unmerge_unshares;
      step = Step::broken;
      return c.call({HandleFault{
          .write = !unshare, .force = !unshare, .unshare = unshare, .mm = mm, .page = *found}});
    }
    cursor = Page{found->value + 1};
  }
  step = Step::unlock;
  return Next::pass;
}

// ---- UnmergeAll

Next UnmergeAll::run(Context& c) {
  if (cursor > 0 && !c.task().result.ok()) return c.give(c.task().result);
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

namespace {

// pages_identical(): whether the page cache has the page as it would be without a uprobe.
bool as_in_file(Context& c, const Vma& vma, Page page, Value value) {
  const Pte cached = c.machine.mappings[vma.file.index()].cached(vma.index_of(page));
  return cached.present() && c.frame(cached.frame()).value == value;
}

}  // namespace

Wait Uprobe::guard() const {
  if (step == Step::wait) return what;
  return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{};
}

Next Uprobe::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      step = Step::get;
      return Next::again;
    case Step::get:
      return get(c);
    case Step::got:
      result = c.task().result;
      what = c.task().awaited;
      step = result.ok() ? Step::get : result == Result::error(EBUSY) ? Step::wait : Step::unlock;
      // Without FAULT_FLAG_ALLOW_RETRY nobody waits for userfaultfd.
      if (step != Step::wait || what.kind != Wait::Kind::userfault) return Next::pass;
      result = Result::error(EFAULT);
      step = Step::unlock;
      return Next::pass;
    case Step::wait:
      step = Step::get;
      return Next::pass;
    case Step::patch:
      return patch(c);
    case Step::patched:  // Or the entry has changed meanwhile.
      c.spend(Cost::memory_access);
      step = c.task().result.ok() ? Step::unlock : Step::get;
      return Next::pass;
    case Step::unlock:
      unlock_write(c, mm);
      return c.done(result);
  }
  return c.done();
}

// get_user_pages_remote(): what is patched where it is must be the process's own page. Only private
// mappings of files have uprobes: valid_vma().
Next Uprobe::get(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = space.find_vma(page);
  result = Result::success();
  step = Step::unlock;
  if (vma == nullptr || !vma->file.some() || vma->shared || vma->hugetlb) return Next::pass;
  const Pte pte = space.page_table.at(page);
  const bool own = pte.present() && is_anonymous(c.machine, pte.frame());
  if (!enable && pte.present() && !own) return Next::pass;  // There is none.
  const bool write = c.setup.switches.uprobe_in_place && (enable || own);
  if (pte.present() && (pte.exclusive || !write)) {
    step = Step::patch;
    return Next::pass;
  }
  step = Step::got;
  return c.call({HandleFault{.write = write, .force = write, .mm = mm, .page = page}});
}

// uprobe_write_opcode()
Next Uprobe::patch(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Pte pte = space.page_table.at(page);
  const Vma& vma = *space.find_vma(page);
  const bool in_place = c.setup.switches.uprobe_in_place;
  const Value value = c.frame(pte.frame()).value + (enable ? Value{1} : static_cast<Value>(-1));
  const Frame& folio = c.frame(pte.frame());
  const bool kept = folio.references > folio.maps + (folio.slot.some() ? 1U : 0U);
  step = Step::patched;
  // The page of the file is as good now, unless somebody still holds the copy.
  if (!enable && as_in_file(c, vma, page, value) && !(in_place && kept)) {
    return c.call({ReplaceEntry{
        .tells = true, .drop = true, .mm = mm, .page = page, .expected = pte.frame()}});
  }
  if (in_place) {
    return c.call({ReplaceEntry{.notify = !enable,
                                .dirty = true,
                                .exclusive = true,
                                .mm = mm,
                                .page = page,
                                .expected = pte.frame(),
                                .patch = enable ? Value{1} : static_cast<Value>(-1)}});
  }
  const auto copy = c.allocate(space.host);
  if (!copy) {
    result = Result::error(ENOMEM);
    step = Step::unlock;
    return Next::pass;
  }
  Vma& changed = *c.mm(mm).find_vma(page);
  changed.prepared = true;
  c.frame(*copy).value = value;
  belongs(c, *copy, changed, page);
  lru_add(c, *copy);
  return c.call({ReplaceEntry{.tells = true,
                              .exclusive = true,
                              .mm = mm,
                              .page = page,
                              .expected = pte.frame(),
                              .fresh = *copy}});
}

}  // namespace model
