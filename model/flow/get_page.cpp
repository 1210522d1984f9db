// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- GetPage

Wait GetPage::guard() const {
  switch (step) {
    case Step::lock:
      if (held) return {};
      if (by_vma) return Wait::lock(vma_lock(mm), LockMode::read);
      // lock_mm_and_find_vma(), __get_user_pages_locked(): mmap_read_lock_killable().
      return Wait::lock(mmap_lock(mm), LockMode::read)
          .ended_by(heeds_signals() ? Wait::Signals::fatal : Wait::Signals::none);
    case Step::walk:
      return Wait::lock(page_table_lock(mm), LockMode::read);
    case Step::awaited:
      return what;
    default:
      return {};
  }
}

Next GetPage::run(Context& c) {
  const LockId lock = by_vma ? vma_lock(mm) : mmap_lock(mm);
  switch (step) {
    case Step::lock:
      if (mode != Mode::cpu && (!c.mm(mm).alive || orphaned(c))) {
        c.task().lookup_failed = true;
        return c.done(Result::error(EFAULT));
      }
      if (!held) c.take(lock, LockMode::read);
      spend(c, Cost::lock);
      step = Step::walk;
      return Next::again;
    case Step::walk:
      return walk(c);
    case Step::faulted:
      result = c.task().result;
      if (result.ok() && result.number != 0) result = Result::error(ENOMEM);  // It did not move.
      lose_write(c);
      if (!may_retry() && result == Result::error(EBUSY) &&
          c.task().awaited.kind == Wait::Kind::userfault) {
        result = Result::error(EFAULT);  // handle_userfault(): VM_FAULT_SIGBUS.
      }
      // The instruction of a program is tried again; others look once more.
      step = result.ok()                      ? (mode == Mode::cpu ? Step::unlock : Step::walk)
             : result == Result::error(EBUSY) ? Step::wait
                                              : Step::unlock;
      return Next::pass;
    case Step::unlock:
      if (!held) c.release(lock);
      c.task().lookup_failed = mode != Mode::cpu && !result.ok();
      return c.done(result);
    case Step::wait:  // VM_FAULT_RETRY: nobody waits with the lock held that he has taken here.
      if (!held) c.release(lock);
      what = c.task().awaited;
      if (what.kind != Wait::Kind::none) c.spend(Cost::context_switch);
      if (what.kind == Wait::Kind::userfault) c.spend(Cost::context_switch);  // Its reader wakes.
      by_vma = false;                            // FAULT_FLAG_TRIED: under mmap_lock.
      if (what.kind == Wait::Kind::userfault) {  // FAULT_FLAG_INTERRUPTIBLE, FAULT_FLAG_KILLABLE
        what.signals = mode == Mode::cpu ? Wait::Signals::any : Wait::Signals::fatal;
      }
      step = Step::awaited;
      return Next::again;
    case Step::awaited:
      if (what.kind != Wait::Kind::none) c.spend(Cost::context_switch);
      if (!c.mm(mm).alive && !held) return c.done(Result::error(EFAULT));  // SIGKILL
      step = held ? Step::walk : Step::lock;
      return Next::pass;
  }
  return c.done();
}

// The faults of programs, and get_user_pages(): FAULT_FLAG_KILLABLE. Not those of
// hmm_range_fault().
bool GetPage::heeds_signals() const {
  return mode == Mode::cpu || mode == Mode::pin || mode == Mode::populate || mode == Mode::hold;
}

// FAULT_FLAG_ALLOW_RETRY, without which nothing waits for userfaultfd: hmm_vma_fault() (6.18) and
// iommu_sva_handle_mm() have it not, nor has who keeps mmap_lock.
bool GetPage::may_retry() const { return mode != Mode::look_up && mode != Mode::request && !held; }

// Of a device behind an IOMMU the caller has its pages already: dma_map() looks for nothing.
void GetPage::spend(Context& c, Cost cost) const {
  const bool owned =
      mr.some() && c.machine.is(std::as_const(c.machine).registrations[mr.index()].adapter,
                                AdapterSetup::Kind::pci);
  if (!owned) c.spend(cost);
}

// follow_page_pte() or walk_page_range(), under the page table lock.
Next GetPage::walk(Context& c) {
  if (heeds_signals() && mode != Mode::cpu && c.fatal_signal_pending()) {  // __get_user_pages()
    result = Result::error(EINTR);
    step = Step::unlock;
    return Next::pass;
  }
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Pte pte = space.page_table.at(page);
  spend(c, Cost::pte_walk);
  const Vma* vma = space.find_vma(page);
  const bool can = vma != nullptr && vma->allows(write);
  const bool program = mode == Mode::cpu || mode == Mode::request;
  const bool special =
      vma != nullptr && ((c.machine.pfnmap(*vma) && !program) || (vma->xpmem && mode != Mode::cpu));
  if (special) {  // VM_IO, VM_PFNMAP: check_vma_flags()
    result = Result::error(EFAULT);
    step = Step::unlock;
    return Next::again;
  }
  if (mode == Mode::look_up && write && vma != nullptr && !vma->write && vma->allows(false)) {
    result = Result::error(EPERM);  // hmm_vma_fault()
    step = Step::unlock;
    return Next::again;
  }
  if (mode == Mode::look_up && owns(c, pte)) return found(c, pte);
  if (mode == Mode::snapshot && (!can || !pte.allows(write))) {
    step = Step::unlock;
    return Next::again;
  }
  const bool forced = force && write && vma != nullptr && !vma->hugetlb && pte.allows(false) &&
                      pte.exclusive && pte.dirty;
  const bool unshare = vma != nullptr && must_unshare(c, pte, *vma);
  if (!forced && (!can || !pte.allows(write) || unshare)) {
    step = Step::faulted;
    return c.call({HandleFault{.write = write,
                               .force = force,
                               .by_vma = by_vma,
                               .unshare = unshare,
                               .mm = mm,
                               .page = page}});
  }
  // migrate_longterm_unpinnable_folios(): a pin for long leaves no page in a device's memory.
  if (mode == Mode::pin && c.frame(pte.frame()).device) {
    step = Step::faulted;
    return migrate_folios(c, {pte.frame()}, 0);
  }
  return found(c, pte);
}

// gup_must_unshare(): a long-term pin for reading wants a page that stays the process's own.
bool GetPage::must_unshare(Context& c, Pte pte, const Vma& vma) const {
  if (mode != Mode::pin || write || !pte.present()) return false;
  const bool anonymous = !c.machine.is_zero(pte.frame()) && is_anonymous(c.machine, pte.frame());
  if (anonymous) return c.setup.switches.pin_unshares && !pte.exclusive;
  return c.setup.switches.pin_breaks_early && !vma.shared;  // is_cow_mapping()
}

// Up to 4.8: a fault that has made a copy clears FOLL_WRITE, although the copy may be gone by now.
void GetPage::lose_write(Context& c) {
  if (!force || !write || !result.ok() || c.setup.switches.force_rechecks) return;
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  if (vma != nullptr && !vma->write) write = false;
}

// It is about an address space that this process had before execve().
bool GetPage::orphaned(Context& c) const {
  return mr.some() && std::as_const(c.machine).registrations[mr.index()].orphan;
}

// A page of the device's own private memory, which no CPU can reach.
bool GetPage::owns(Context& c, Pte pte) const {
  return mr.some() &&
         c.machine.private_of(owner_of(std::as_const(c.machine).registrations[mr.index()].adapter),
                              pte);
}

Next GetPage::found(Context& c, Pte pte) {
  const FrameId frame = pte.frame();
  result = Result::success();
  step = Step::unlock;
  if (mode == Mode::cpu || mode == Mode::populate || mode == Mode::request) return Next::again;
  c.task().found = {.frame = frame,
                    .generation = std::as_const(c.machine).frames[frame].generation,
                    .write = pte.write};
  if (mode != Mode::pin && mr.some()) {
    c.notifier(mm).begin_lookup(c.self, page);
    c.emit({.kind = EventKind::dev_lookup,
            .mm = mm,
            .pages = one_page(page),
            .mr = mr,
            .frame = frame});
  }
  if (mode == Mode::look_up || mode == Mode::snapshot) return Next::again;
  if (c.machine.is_zero(frame)) return Next::again;
  c.get(frame);
  if (mode == Mode::hold) return Next::again;
  ++c.frame(c.machine.frames.head(frame)).pins;
  if (mr.some()) c.registration(mr).pinned.push_back(c.machine.frames.head(frame));
  spend(c, Cost::pin_page);
  c.emit({.kind = EventKind::page_pinned, .mm = mm, .pages = one_page(page), .frame = frame});
  return Next::again;
}

Result gup_error(Context& c, MmId mm, Page page, Result fault) {
  if (fault == Result::error(EINTR)) return fault;
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  if (fault != Result::error(ENOMEM) || vma == nullptr) return Result::error(EFAULT);
  const bool file = vma->file.some() && c.mapping(vma->file).file;
  const bool beyond = file && vma->index_of(page) >= c.mapping(vma->file).size;
  return beyond || vma->hugetlb ? Result::error(EFAULT) : fault;
}

// ---- Access

Next Access::run(Context& c) {
  const Page page = pages.at(done);
  switch (step) {
    case Step::access:
      if (!perform(c, page)) {
        step = Step::faulted;
        // What has a fault() and no map_pages() lets the VMA's lock go at once, for mmap_lock.
        const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
        const bool by_vma = c.setup.switches.vma_lock && vma != nullptr && !vma->xpmem;
        return c.call({GetPage{
            .mode = GetPage::Mode::cpu, .write = write, .by_vma = by_vma, .mm = mm, .page = page}});
      }
      if (++done < pages.count) return Next::again;
      return c.done(Result::value(write ? 0 : value));
    case Step::faulted: {
      const Result fault = c.task().result;
      const bool interrupted = fault == Result::error(EINTR);
      if (c.fatal_signal_pending()) return c.give(Result::error(EINTR));  // It never gets back.
      // pagefault_out_of_memory(): the instruction is tried again, as it is after a handler has
      // run.
      if (c.forget_failed_alloc() || interrupted) {
        if (interrupted) c.handle_signal();
        step = Step::access;
        return Next::again;
      }
      if (!fault.ok()) {
        const bool memory = fault.number == ENOMEM || fault.number == EHWPOISON;
        return c.give(Result::signal(memory ? SIGBUS : SIGSEGV));
      }
      step = Step::access;
      return Next::pass;
    }
  }
  return c.done();
}

// One instruction: the hardware looks into its TLB, then walks the page table, and sets the
// accessed and dirty bits as it fills the TLB. False: it faults.
bool Access::perform(Context& c, Page page) {
  Cpu& cpu = c.machine.cpus[c.task().cpu.index()];
  c.spend(Cost::memory_access);
  const TlbEntry* hit = cpu.find(mm, page);
  if (hit == nullptr || (write && !hit->write)) {
    const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
    Pte pte = space.page_table.at(page);
    c.spend(Cost::pte_walk);
    if (!pte.allows(write)) return false;
    const Vma* vma = space.find_vma(page);
    if (vma != nullptr && !vma->allows(false) && !write) return false;  // PROT_NONE.
    const Pte before = pte;
    pte.young = true;
    pte.dirty = pte.dirty || write;
    if (pte != before) set_bits(c, mm, page, pte);
    const Page first = entry_range(page, pte).first;
    cpu.fill({.mm = mm,
              .page = first,
              .frame = FrameId{pte.target - (page.value - first.value)},
              .generation = pte.special ? attached_generation(c, mm, page)
                                        : std::as_const(c.machine).frames[pte.frame()].generation,
              .order = static_cast<std::uint8_t>(std::countr_zero(pte.pages())),
              .write = pte.write && pte.dirty},
             page);
    hit = cpu.find(mm, page);
  }
  const FrameId frame = hit->frame_of(page);
  if (!write) value = std::as_const(c.machine).frames[frame].value;
  c.emit({.kind = write ? EventKind::cpu_write : EventKind::cpu_read,
          .detail = write,
          .mm = mm,
          .pages = one_page(page),
          .frame = frame,
          .generation = hit->generation,
          .value = value});
  if (write) c.frame(frame).value = value;
  return true;
}

// ---- RemoteAccess

// Whether the kernel lets /proc/pid/mem write where the process itself may not.
bool RemoteAccess::may_force(Context& c) const {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.at(done));
  return !write || vma == nullptr || vma->write || c.setup.switches.force_write;
}

Next RemoteAccess::run(Context& c) {
  switch (step) {
    case Step::next:
      if (done == pages.count) return c.done(Result::value(write ? 0 : value));
      if (done == 0) c.spend(Cost::syscall);
      if (done == 0 && !c.mm(mm).alive) return c.done(Result::error(ESRCH));  // mm_access()
      if (by_file && !may_force(c)) return c.done(Result::error(EIO));
      step = Step::got;
      return c.call({GetPage{.mode = GetPage::Mode::hold,
                             .write = write,
                             .force = force,
                             .mm = mm,
                             .page = pages.at(done)}});
    case Step::got: {
      if (!c.task().result.ok()) return c.done(Result::error(force ? EIO : EFAULT));
      const FrameId frame = c.task().found.frame;
      if (!write) value = std::as_const(c.machine).frames[frame].value;
      c.emit({.kind = write ? EventKind::cpu_write : EventKind::cpu_read,
              .detail = write,
              .mm = mm,
              .pages = one_page(pages.at(done)),
              .frame = frame,
              .generation = c.task().found.generation,
              .value = value});
      if (write) {
        c.frame(frame).value = value;
        c.frame(c.machine.frames.head(frame)).dirty = true;
      }
      c.spend(each);
      if (!c.machine.is_zero(frame)) free_unmapped(c, frame);
      ++done;
      step = Step::next;
      return Next::again;
    }
  }
  return c.done();
}

// ---- Pin

namespace {

// The last pin that the process has of the page, if there is one.
bool unpin(Context& c, MmId mm, Page page) {
  auto& pinned = c.mm(mm).pinned;
  const auto last = std::find_if(pinned.rbegin(), pinned.rend(),
                                 [page](const auto& entry) { return entry.first == page; });
  if (last == pinned.rend()) return false;
  const FrameId frame = last->second;
  pinned.erase(last.base() - 1);
  --c.frame(frame).pins;
  c.emit({.kind = EventKind::page_unpinned, .frame = frame});
  free_unmapped(c, frame);
  return true;
}

}  // namespace

Next Pin::run(Context& c) {
  switch (step) {
    case Step::next:
      if (cursor == 0) c.spend(Cost::syscall);
      if (!on) {
        give_back(c);
        return c.done();
      }
      if (cursor == pages.count) return c.done();
      step = Step::got;
      return c.call(
          {GetPage{.mode = GetPage::Mode::pin, .write = true, .mm = mm, .page = pages.at(cursor)}});
    case Step::got: {
      const Result got = c.task().result;
      if (!got.ok()) {
        give_back(c);
        return c.done(gup_error(c, mm, pages.at(cursor), got));
      }
      c.mm(mm).pinned.push_back({pages.at(cursor), c.machine.frames.head(c.task().found.frame)});
      ++cursor;
      if (!c.mm(mm).alive) {
        give_back(c);
        return c.done(Result::error(EFAULT));
      }
      step = Step::next;
      return Next::pass;
    }
  }
  return c.done();
}

// All pins of the pages; or, if not all could be had, those of this call.
void Pin::give_back(Context& c) const {
  for (std::uint32_t i = 0; i < (on ? cursor : pages.count); ++i) {
    while (unpin(c, mm, pages.at(i)) && !on) {
    }
  }
}

}  // namespace model
