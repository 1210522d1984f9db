// SPDX-License-Identifier: Apache-2.0
#include "model/flow/fork.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- Fork

namespace {

// Nobody has that address space, and whoever had it has left altogether.
bool is_free(Context& c, MmId mm) {
  const Subscriptions& notifier = std::as_const(c.machine).notifiers[mm.index()];
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  return space.vmas.empty() && space.page_table.populated() == 0 && !space.mmap_lock.held() &&
         !space.leaving && !space.lender.some() && space.pinned.empty() && notifier.open.empty() &&
         notifier.intervals.idle();
}

// The name of a process that has ended is given anew.
void revive(Context& c, MmId mm) {
  if (std::as_const(c.machine).spaces[mm.index()].alive) return;
  c.mm(mm).alive = true;
  c.mm(mm).ends = TaskId{};
  c.notifier(mm) = {};
}

}  // namespace

Wait Fork::guard() const {
  if (step == Step::lock) return killable_write_lock_wait(parent, has_lock);
  if (step == Step::copy) return Wait::lock(page_table_lock(parent), LockMode::write);
  return {};
}

NotifierRange Fork::range() const {
  return {.mm = parent, .pages = pages, .event = NotifierEvent::protection_page};
}

Next Fork::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!has_lock && c.fails_alloc()) return c.done(Result::error(ENOMEM));  // allocate_mm()
      if (!lock_for_write(c, parent, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      if (!is_free(c, child)) {
        unlock_write(c, parent);
        return c.done(Result::error(EEXIST));
      }
      revive(c, child);
      c.take(mmap_lock(child), LockMode::write);  // dup_mmap(): the child's is nested.
      c.mm(child).parent = MmId{};
      c.mm(child).brk = c.mm(parent).brk;
      cursor = Page{0};
      step = Step::next_vma;
      return Next::again;
    case Step::next_vma:
      return next_vma(c);
    case Step::copied:
      failed = !c.task().result.ok();
      step = failed ? Step::flush : Step::next_vma;
      return Next::pass;
    case Step::copy:
      return copy(c);
    case Step::end:
      cursor = pages.end();
      done = 0;
      step = Step::next_vma;
      return c.call({RangeEnd{.range = range()}});
    case Step::fail:
      failed = true;
      step = Step::flush;
      if (!c.setup.switches.failed_fork_ends) return Next::pass;
      return c.call({RangeEnd{.range = range()}});
    case Step::flush:  // After the last range_end; whether anything was copied or not.
      step = Step::unlock;
      return c.call({flush_mm(parent)});
    case Step::unlock:
      c.release(mmap_lock(child));
      unlock_write(c, parent);
      failed = failed || c.fatal_signal_pending();  // Also at the end of copy_process().
      if (!failed) c.mm(child).parent = parent;
      if (!failed) return c.done();
      step = Step::undone;
      return c.call({Exit{.renew = true, .mm = child}});  // mmput() of what was copied.
    case Step::undone:
      return c.give(Result::error(ENOMEM));
  }
  return c.done();
}

// dup_mmap(): what can be found again by faults is not copied.
Next Fork::next_vma(Context& c) {
  const Vma* next = c.mm(parent).vma_from(cursor);
  if (next == nullptr) {
    step = Step::flush;
    return Next::pass;
  }
  const Vma area = *next;
  pages = area.pages;
  cursor = pages.end();
  if (area.dontfork) return Next::pass;
  // vm_area_dup(), before anybody is told of anything; or nobody wants the child any more.
  if (c.fails_alloc() || c.fatal_signal_pending()) {
    failed = true;
    step = Step::flush;
    return Next::pass;
  }
  Vma copy = area;
  copy.locked = false;  // mlock() is not inherited.
  copy.drop_uffd();
  if (area.wipeonfork) copy.prepared = false;
  c.mm(child).insert(copy);
  c.spend(Cost::vma);
  const bool needed = area.prepared || area.uffd_wp || area.guarded;  // vma_needs_copy()
  if (area.wipeonfork || !needed || !c.mm(parent).page_table.any(pages)) return Next::pass;
  if (area.hugetlb) {
    step = Step::copied;
    return c.call({CopyHugetlb{.parent = parent, .child = child, .pages = pages}});
  }
  if (area.shared) {
    if (area.guarded) copy_guards(c);
    return Next::pass;
  }
  step = Step::copy;
  return c.call({RangeStart{.range = range()}});
}

// copy_pte_range(): one page a step, under the page table locks of both.
Next Fork::copy(Context& c) {
  const PageTable& table = c.mm(parent).page_table;
  const auto found = table.first({.first = pages.at(done), .count = pages.count - done});
  if (!found) {
    step = Step::end;
    return Next::again;
  }
  const Vma area = *c.mm(parent).find_vma(pages.first);
  const bool needs_table = !c.mm(child).page_table.has_table(pmd_pages, *found);
  if (needs_table && c.fails_alloc()) {  // pte_alloc_map_lock()
    step = Step::fail;
    return Next::pass;
  }
  const bool huge = table.at(*found).huge;
  if (huge && c.frame(c.machine.frames.head(table.at(*found).frame())).pins > 0 &&
      c.setup.switches.fork_copies_pinned) {  // Then it is copied page by page.
    return c.call({SplitPmd{.mm = parent, .first = *found}});
  }
  if (huge) {
    copy_huge(c, *found);
  } else if (!copy_page(c, area, *found)) {  // page_copy_prealloc()
    if (c.reclaims(reclaims)) return c.call({ReclaimSome{.host = c.mm(child).host}});
    step = Step::fail;
    return Next::pass;
  }
  reclaims = 0;
  done = found->value + table.at(*found).pages() - pages.first.value;
  const bool more =
      done < pages.count && table.any({.first = pages.at(done), .count = pages.count - done});
  if (!more) step = Step::end;
  return Next::again;
}

// Of shared memory all else is found again by faults.
void Fork::copy_guards(Context& c) const {
  Small<Page, 4> guards;
  std::as_const(c.machine).spaces[parent.index()].page_table.for_each(
      pages, [&](Page page, const Pte& pte) {
        if (pte.kind == Pte::Kind::marker && !pte.uffd_wp) guards.push_back(page);
      });
  for (const Page page : guards) c.mm(child).page_table.set(page, {.kind = Pte::Kind::marker});
}

void Fork::copy_huge(Context& c, Page first) {
  const Pte pte = c.mm(parent).page_table.at(first);
  if (pte.migrating()) share_migration(c, parent, child, first, *c.mm(parent).find_vma(first));
  if (!pte.present() || is_file(c.machine, pte.frame())) return;  // It is found again by a fault.
  const FrameId head = pte.frame();
  const PteBits bits{.dirty = pte.dirty, .young = false};
  if (c.machine.is_zero(head)) {
    map_huge(c, child, first, head, {.young = pte.young});
    return;
  }
  Pte kept = pte;
  kept.exclusive = false;
  set_bits(c, parent, first, kept);
  protect(c, parent, first);
  c.get(head);
  map_huge(c, child, first, head, bits);
}

void share_migration(Context& c, MmId parent, MmId child, Page first, const Vma& vma) {
  Pte pte = c.mm(parent).page_table.at(first);
  if (!vma.shared) pte.write = pte.exclusive = false;
  c.mm(parent).page_table.set_huge(first, pte);
  pte.uffd_wp = false;  // pmd_swp_clear_uffd_wp(): the child is not registered.
  c.mm(child).page_table.set_huge(first, pte);
}

bool Fork::copy_page(Context& c, const Vma& area, Page page) {
  const Pte pte = c.mm(parent).page_table.at(page);
  PageTable& copies = c.mm(child).page_table;
  switch (pte.kind) {
    case Pte::Kind::swapped: {
      ++c.host(c.mm(parent).host).swap[pte.slot()].users;
      Pte shared = pte;
      shared.exclusive = false;
      c.mm(parent).page_table.set(page, shared);
      shared.uffd_wp = false;  // pte_swp_clear_uffd_wp(): the child is not registered.
      copies.set(page, shared);
      c.spend(Cost::pte_change, 2);
      return true;
    }
    case Pte::Kind::migration:
    case Pte::Kind::device_private: {  // copy_nonpresent_pte(): read-only for both.
      Pte shared = pte;
      shared.write = shared.exclusive = false;
      c.mm(parent).page_table.set(page, shared);
      shared.uffd_wp = false;
      copies.set(page, shared);
      c.spend(Cost::pte_change, 2);
      if (pte.kind == Pte::Kind::device_private) {
        c.get(pte.frame());
        ++c.frame(c.machine.frames.head(pte.frame())).maps;
      }
      return true;
    }
    case Pte::Kind::device_exclusive: {  // restore_exclusive_pte(), then as if it were present.
      Pte back = pte;
      back.kind = Pte::Kind::present;
      back.young = false;
      back.dirty = true;
      back.write = false;
      c.mm(parent).page_table.set(page, back);
      c.spend(Cost::pte_change);
      break;
    }
    case Pte::Kind::marker:
    case Pte::Kind::poisoned:  // copy_pte_marker(): not those of userfaultfd.
      if (!pte.uffd_wp) copies.set(page, pte);
      c.spend(Cost::pte_change);
      return true;
    default:
      break;
  }
  const Pte present = c.mm(parent).page_table.at(page);
  const FrameId frame = present.frame();
  if (c.machine.is_zero(frame)) {
    map_frame(c, child, page, frame, {});
    return true;
  }
  const bool anonymous = is_anonymous(c.machine, frame);
  if (anonymous && c.frame(c.machine.frames.head(frame)).pins > 0 &&
      c.setup.switches.fork_copies_pinned) {
    const std::optional<FrameId> copy = c.allocate(c.mm(child).host);
    if (!copy) return false;
    c.frame(*copy).value = c.frame(frame).value;
    belongs(c, *copy, area, page);
    lru_add(c, *copy);
    c.spend(Cost::page_alloc);
    c.spend(Cost::copy_page);
    map_frame(c, child, page, *copy, {.write = area.write, .dirty = true, .exclusive = true});
    return true;
  }
  if (present.exclusive) {
    Pte kept = present;
    kept.exclusive = false;
    c.mm(parent).page_table.set(page, kept);
  }
  protect(c, parent, page);
  c.get(frame);
  map_frame(c, child, page, frame, {.dirty = present.dirty, .young = false});
  if (present.no_access) {
    Pte hidden = copies.at(page);
    hidden.no_access = true;
    copies.set(page, hidden);
  }
  return true;
}

// ---- Vfork

Next Vfork::run(Context& c) {
  c.spend(Cost::syscall);
  if (!is_free(c, child)) return c.done(Result::error(EEXIST));
  revive(c, child);
  c.mm(child).lender = parent;
  return c.done();
}

// ---- Exit

namespace {

// Nobody will answer what is in queues of /dev/iommu that the process had.
void close_files(Context& c, MmId mm) {
  for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
    const Registration& bond = std::as_const(c.machine).registrations[i];
    if (bond.mm == mm && bond.adapter.some()) close_event_queues(c, MrId{i});
  }
}

}  // namespace

Wait Exit::guard() const {
  if (step == Step::lock) return write_lock_wait(mm, has_lock);
  if (step == Step::lock_write) return Wait::lock(mmap_lock(mm), LockMode::write);
  if (step == Step::unlink) return Wait::lock(rmap_lock(mapping), LockMode::write);
  if (step == Step::renew) return {.kind = Wait::Kind::settled, .index = mm.value};
  if (step == Step::threads) return {.kind = Wait::Kind::alone, .index = mm.value};
  if (step == Step::held) return {.kind = Wait::Kind::unused, .index = mm.value};
  return {};
}

Next Exit::run(Context& c) {
  Subscriptions& notifier = c.notifier(mm);
  const NotifierRange release{.mm = mm, .pages = all_pages, .event = NotifierEvent::release};
  switch (step) {
    case Step::begin:                // mm_users is zero: mmget_not_zero() fails from here on.
      if (c.mm(mm).lender.some()) {  // vfork(): the address space is not this process's own.
        c.mm(mm).lender = MmId{};
        return c.done();
      }
      if (!c.mm(mm).alive || c.machine.ending(c.self, mm)) return c.done(Result::error(ESRCH));
      c.mm(mm).ends = c.self;
      c.end_threads(mm);
      step = Step::threads;
      return Next::pass;
    case Step::threads:  // Nobody is in a call any more, and none will be.
      step = Step::held;
      return Next::pass;
    case Step::held:
      c.mm(mm).alive = false;
      c.mm(mm).leaving = true;
      forget_rcache(c, mm);
      c.changed(Wait::Kind::userfault, mm.value);
      c.spend(Cost::syscall);
      open_range(c, release);
      notifier.intervals.start(all_pages);  // mn_itree_release().
      step = Step::interval;
      return Next::again;
    case Step::interval: {
      const auto hits = notifier.intervals.hits(all_pages);
      if (cursor == hits.size()) {
        cursor = 0;
        step = Step::finish_pass;
        return Next::pass;
      }
      const MrId mr = hits[cursor++];
      c.spend(Cost::range_start);
      c.emit({.kind = EventKind::interval_invalidate,
              .detail = static_cast<std::uint8_t>(NotifierEvent::release),
              .mm = mm,
              .pages = all_pages,
              .mr = mr,
              .value = notifier.intervals.sequence()});
      if (!c.registration(mr).adapter.some()) {
        notifier.intervals.set_sequence(mr, notifier.intervals.sequence());
        return Next::pass;
      }
      return c.call({invalidate(c, release, mr)});
    }
    case Step::finish_pass: {
      const MrId mr = finish_intervals(c, release, cursor);
      if (mr.some()) return c.call({callback(c, Hook::finish, release, mr)});
      end_intervals(c, mm);
      close_range(c, release);
      notifier.hidden = !c.setup.switches.release_before_unhash;
      step = Step::listener;
      return Next::pass;
    }
    case Step::listener: {
      const MrId mr = notifier.next_to_release(listener);
      if (!mr.some()) {
        notifier.hidden = false;
        step = Step::released;
        return Next::pass;
      }
      listener = mr;
      c.spend(Cost::range_start);
      return c.call({callback(c, Hook::release, release, mr)});
    }
    case Step::released:
      return released(c);
    case Step::lock:  // Nobody is in a fault any more, and none can begin.
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::vma, c.mm(mm).vmas.size());
      c.mm(mm).detached.assign(c.mm(mm).vmas.begin(), c.mm(mm).vmas.end());
      std::erase_if(c.mm(mm).detached, [](const Vma& vma) { return vma.xpmem; });
      c.mm(mm).vmas.clear();
      ++c.mm(mm).generation;
      end_vma_writes(c, mm);
      c.downgrade(mmap_lock(mm));
      step = Step::zap;
      return Next::pass;
    case Step::zap:  // Interval notifiers are still there: they get an UNMAP as well.
      step = Step::unlock;
      return c.call({Zap{.full = true,
                         .range = {.mm = mm, .pages = all_pages, .event = NotifierEvent::unmap}}});
    case Step::unlock:
      c.release(mmap_lock(mm));
      step = Step::lock_write;
      return Next::pass;
    case Step::lock_write:
      c.take(mmap_lock(mm), LockMode::write);
      return unlink(c);
    case Step::unlink:
      c.mm(mm).unlink(mapping);
      return unlink(c);
    case Step::tables:
      free_tables(c, mm, all_pages, Page{0}, Page{0});
      step = Step::flush;
      return Next::pass;
    case Step::flush:
      step = Step::finish;
      return c.call({TlbFinish{.full = true, .mm = mm}});
    case Step::finish:
      for (const auto& [page, frame] : c.mm(mm).pinned) {
        --c.frame(frame).pins;
        c.spend(Cost::unpin_page);
        c.put(frame);
      }
      c.mm(mm).pinned.clear();
      c.mm(mm).lock_future = 0;
      c.mm(mm).brk = 0;
      c.release(mmap_lock(mm));
      drop_unused_memory(c);
      close_files(c, mm);
      step = Step::renew;
      if (renew) return Next::again;
      c.mm(mm).leaving = false;
      if (!c.machine.running) c.mm(mm).ends = TaskId{};  // What its threads do comes later.
      return c.done();
    case Step::renew:  // Another struct mm_struct: nothing that was begun for the old one goes on.
      c.mm(mm).leaving = false;
      c.mm(mm).ends = TaskId{};
      c.mm(mm).alive = true;
      c.changed(Wait::Kind::userfault, mm.value);
      c.notifier(mm) = {};
      for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
        if (std::as_const(c.machine).registrations[i].mm == mm)
          c.registration(MrId{i}).orphan = true;
      }
      return c.done();
  }
  return c.done();
}

// free_pgtables(): unlink_file_vma() and unlink_anon_vmas(), which wait for walks of reverse maps.
Next Exit::unlink(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  while (!space.detached.empty()) {
    const Vma& vma = space.detached.front();
    mapping = vma.file.some() ? vma.file : vma.anon;
    const Wait lock = Wait::lock(rmap_lock(mapping), LockMode::write);
    c.might_wait(lock);
    if (!c.machine.lock_available(lock.lock_id(), lock.mode)) {
      step = Step::unlink;
      return Next::again;
    }
    c.mm(mm).unlink(mapping);
  }
  mapping = MappingId{};
  step = Step::tables;
  return Next::pass;
}

Next Exit::released(Context& c) {
  Subscriptions& notifier = c.notifier(mm);
  notifier.released = true;
  for (const MrId mr : notifier.list) c.changed(Wait::Kind::idle, mr.value);
  notifier.list.clear();  // Unhashed; synchronize_srcu().
  c.emit({.kind = EventKind::released, .mm = mm});
  step = Step::lock;
  return Next::again;
}

// ---- Die

Next Die::run(Context& c) {
  if (step == Step::gone) return c.give(Result::signal(SIGKILL));
  step = Step::gone;
  return c.call({Exit{.mm = mm}});
}

// ---- Unregister

Next Unregister::run(Context& c) {
  c.emit({.kind = EventKind::released, .mm = mm});
  return c.done();
}

}  // namespace model
