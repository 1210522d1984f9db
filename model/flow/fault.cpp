// SPDX-License-Identifier: Apache-2.0
#include "model/flow/fault.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"
#include "model/flow/shmem.hpp"

namespace model {
namespace {

constexpr std::uint32_t fault_around = 16;  // fault_around_bytes, in pages.
constexpr std::uint32_t stack_guard_gap = 256;

// A VMA that grows down is there before it is mapped, up to a gap to what lies below it:
// expand_downwards().
void grow_stack(Context& c, MmId mm, Page page) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* above = space.vma_from(page);
  if (above == nullptr || !above->grows_down || page >= above->pages.first) return;
  const std::uint32_t more = above->pages.first.value - page.value;
  if (more > above->index) return;  // Its region does not reserve so much.
  for (const Vma& below : space.vmas) {
    const std::uint32_t gap = !below.grows_down && below.allows(false) ? stack_guard_gap : 0;
    if (below.pages.first < page && page.value - below.pages.end().value < gap) return;
  }
  Vma& stack = *c.mm(mm).find_vma(above->pages.first);
  stack.pages = {.first = page, .count = stack.pages.count + more};
  stack.index -= more;
}

}  // namespace

NotifierRange HandleFault::range(const Context& c) const {
  return {.mm = mm,
          .pages = one_page(page),
          .event = NotifierEvent::clear,
          .by_entry = has_invalidate_page(c)};
}

Wait HandleFault::guard() const {
  switch (step) {
    case Step::wait_folio:  // __folio_lock_killable()
      return Wait::lock(folio_lock(frame), LockMode::write).ended_by(Wait::Signals::fatal_own);
    case Step::map:
    case Step::lock_ptl:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next HandleFault::run(Context& c) {
  switch (step) {
    case Step::decide:
      return decide(c);
    case Step::allocate:
      return allocate(c);
    case Step::reclaimed:
      step = Step::allocate;
      return Next::pass;
    case Step::other:
      return c.give(c.task().result);
    case Step::wait_folio:  // folio_lock(): whoever reads or writes the page is through with it.
      if (c.frame(frame).locked_by.some()) {  // A fatal signal: VM_FAULT_RETRY.
        c.put(frame);
        return c.done(Result::error(EINTR));
      }
      c.lock_folio(frame);
      if (c.frame(frame).slot != slot || c.frame(frame).poisoned) {
        c.release(folio_lock(frame));
        c.put(frame);
        step = Step::decide;
        return Next::again;
      }
      step = Step::map;
      return Next::again;
    case Step::read_swap:
      return read_swap(c);
    case Step::map:
      return map(c);
    case Step::copy:  // Before the notification: __wp_page_copy_user().
      c.frame(frame).value = old.some() ? c.frame(old).value : 0;
      c.spend(Cost::copy_page);
      if (!c.mm(mm).page_table.at(page).present()) {  // do_cow_fault(): nothing was mapped.
        step = Step::map;
        return Next::again;
      }
      step = c.setup.switches.copy_notifies_first ? Step::start : Step::lock_ptl;
      return Next::again;
    case Step::start:
      step = Step::started;
      return c.call({RangeStart{.range = range(c)}});
    case Step::started:
      step = Step::lock_ptl;
      return Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::replace;
      return Next::again;
    case Step::replace: {  // ptep_clear_flush(): clear first, so that no CPU can set a bit.
      const Pte pte = c.mm(mm).page_table.at(page);
      if (!same_entry(pte)) {
        c.release(page_table_lock(mm));
        step = Step::end;
        return Next::again;
      }
      unmap_frame(c, mm, page);
      step = Step::flush;
      return Next::again;
    }
    case Step::flush:
      step = Step::set;
      return c.call({flush_page(mm, page)});
    case Step::set:
      if (invalidate_page(c, mm, one_page(page), page_told) == Next::call) return Next::call;
      return set(c);
    case Step::end:
      if (!c.setup.switches.copy_notifies_first && !told) {
        told = true;
        return c.call({RangeStart{.range = range(c)}});
      }
      step = Step::put_old;
      return c.call({RangeEnd{.only_end = true, .range = range(c)}});
    case Step::put_old:
      if (frame.some()) c.put(frame);  // The race was lost.
      if (old.some()) free_unmapped(c, old);
      return c.done();
  }
  return c.done();
}

// pte_same(), but for what hardware may have set meanwhile.
bool HandleFault::same_entry(Pte now) const {
  now.young = orig.young;
  now.dirty = orig.dirty;
  return now == orig;
}

Next HandleFault::wait_for(Context& c, Wait what) {
  c.task().awaited = what;
  return c.give(Result::error(EBUSY));
}

// handle_userfault()
Next HandleFault::wait_for_user(Context& c, UserFault reason) {
  return wait_for(c, Wait::userfault(mm, page, reason, c.mm(mm).generation));
}

Next HandleFault::decide(Context& c) {
  c.spend(Cost::minor_fault);
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  if (space.find_vma(page) == nullptr) grow_stack(c, mm, page);
  const Vma* vma = space.find_vma(page);
  if (vma == nullptr) return c.give(Result::error(EFAULT));
  if (vma->xpmem) return decide_attached(c, space.page_table.at(page), *vma);
  const bool forced = force && write && !vma->write && !vma->shared && !vma->hugetlb;
  if (!vma->allows(write) && !forced) {
    return c.give(Result::error(EFAULT));
  }
  if (vma->hugetlb) {
    step = Step::other;
    return c.call({HugetlbFault{.write = write, .unshare = unshare, .mm = mm, .page = page}});
  }
  const Pte pte = space.page_table.at(page);
  switch (pte.kind) {
    case Pte::Kind::none:
      return decide_absent(c, *vma);
    case Pte::Kind::swapped:
      return decide_swapped(c, pte.slot());
    case Pte::Kind::present:
      return pte.huge ? decide_huge(c, pte, *vma) : decide_present(c, pte, *vma);
    case Pte::Kind::migration:  // migration_entry_wait()
      return wait_for(c,
                      Wait::lock(folio_lock(c.machine.frames.head(pte.frame())), LockMode::write));
    case Pte::Kind::device_private:
      if (by_vma) return wait_for(c, {});
      step = Step::other;
      return c.call({MigrateToRam{.mm = mm, .page = page}});
    case Pte::Kind::device_exclusive:
      step = Step::other;
      return c.call(
          {RestoreExclusive{.mm = mm, .page = page, .folio = c.machine.frames.head(pte.frame())}});
    case Pte::Kind::marker:
      if (pte.uffd_wp) return decide_absent(c, *vma);
      return c.give(Result::error(pte.no_access ? EHWPOISON : EFAULT));  // UFFDIO_POISON; a guard.
    case Pte::Kind::poisoned:
      return c.give(Result::error(EHWPOISON));
  }
  return c.done();
}

// A VMA of XPMEM, always under mmap_lock: its vm_ops have a fault() and no map_pages(). What is
// there and read-only becomes writable, as in wp_pfn_shared() without a pfn_mkwrite().
Next HandleFault::decide_attached(Context& c, Pte pte, const Vma& vma) {
  if (!vma.allows(write)) return c.give(Result::error(EFAULT));
  if (by_vma) return wait_for(c, {});
  step = Step::other;
  if (!pte.present()) return c.call({XpmemFault{.write = write, .mm = mm, .page = page}});
  if (!write || pte.write) return c.give();
  using MapWrite = XpmemModulePolicy::MapWrite;
  if (xpmem_policy(c, mm).map_write == MapWrite::as_owner) return c.give(Result::error(ENOMEM));
  pte.write = pte.young = true;
  set_bits(c, mm, page, pte);
  return c.done();
}

Next HandleFault::decide_absent(Context& c, const Vma& vma) {
  kind = Kind::fresh;
  step = Step::allocate;
  orig = Pte{};
  if (vma.uffd_missing && !vma.file.some()) return wait_for_user(c, UserFault::missing);
  if (!vma.file.some()) {
    const PageRange span = span_of(page, pmd_pages);
    const bool fits = vma.pages.first <= span.first && span.end() <= vma.pages.end();
    const bool free = !c.mm(mm).page_table.has_table(pmd_pages, page);
    if (vma.huge && fits && free) {
      step = Step::other;
      return c.call({HugeFault{.write = write, .mm = mm, .first = span.first}});
    }
    const bool has_table =
        std::as_const(c.machine).spaces[mm.index()].page_table.has_table(pmd_pages, page);
    if (!has_table && c.fails_alloc()) {  // pte_alloc()
      return c.give(Result::error(ENOMEM));
    }
    if (write) return Next::pass;
    frame = c.host(c.mm(mm).host).zero;  // The zero page, read-only.
    step = Step::map;
    return Next::again;
  }
  const Mapping& cache = std::as_const(c.machine).mappings[vma.file.index()];
  const std::uint32_t index = vma.index_of(page);
  if (cache.file && index >= cache.size) return c.give(Result::error(ENOMEM));  // SIGBUS
  const Wait buffer = Wait::lock(exporter_lock(vma.file), LockMode::read);  // ttm_bo_vm_reserve()
  if (!c.machine.available(buffer, c.self)) return wait_for(c, buffer);
  const Pte cached = cache.cached(index);
  // shmem_get_folio_gfp(): also of a page in swap.
  if (vma.uffd_minor && cached.populated()) return wait_for_user(c, UserFault::minor);
  if (cached.swapped()) return decide_swapped(c, cached.slot());
  if (vma.uffd_missing && !cached.present()) return wait_for_user(c, UserFault::missing);
  if (!cached.present() && cache.kind == Mapping::Kind::disk) {
    step = Step::other;
    return c.call({ReadAhead{.file = vma.file, .index = index, .host = c.mm(mm).host}});
  }
  if (!cached.present() && shmem_allows_huge(c, vma) && shmem_huge_folio(c, vma.file, index)) {
    step = Step::decide;
    return Next::again;
  }
  if (cache.revoked || (!cached.present() && cache.kind == Mapping::Kind::pfnmap)) {
    return c.give(Result::error(ENOMEM));  // Its driver has freed it, or vfio_pci_mmap_huge_fault()
  }
  if (!cached.present()) return Next::pass;  // A hole.
  if (c.frame(cached.frame()).poisoned) return c.give(Result::error(EHWPOISON));
  if (const FrameId head = c.machine.frames.head(cached.frame()); c.frame(head).locked_by.some()) {
    return wait_for(c, Wait::lock(folio_lock(head), LockMode::write));  // filemap_fault()
  }
  if (write && !vma.shared) {  // do_cow_fault()
    kind = Kind::copy;
    old = cached.frame();
    c.get(old);
    return Next::pass;
  }
  frame = cached.frame();
  c.get(frame);
  c.lock_folio(c.machine.frames.head(frame));
  step = Step::map;
  return Next::again;
}

Next HandleFault::decide_present(Context& c, Pte pte, const Vma& vma) {
  if (pte.no_access && vma.allows(false)) {  // do_numa_page(): it was only to be noticed.
    pte.no_access = false;
    pte.young = true;
    pte.write = may_be_writable(c, vma, pte);
    set_bits(c, mm, page, pte);
    return c.done();
  }
  if (unshare) return decide_protected(c, pte, vma);
  if (!write || pte.write) return c.give();
  if (pte.uffd_wp && vma.uffd_wp && !vma.uffd_async) return wait_for_user(c, UserFault::wp);
  if (pte.uffd_wp && vma.uffd_wp) {  // Only the mark goes, which no hardware looks at.
    pte.uffd_wp = false;
    set_bits(c, mm, page, pte);
  }
  return decide_protected(c, pte, vma);
}

// A write to a page that is present and not writable: do_wp_page().
Next HandleFault::decide_protected(Context& c, Pte pte, const Vma& vma) {
  const FrameId shared = pte.frame();
  if (!pte.exclusive && is_anonymous(c.machine, shared)) drain_lru(c);  // They hold it.
  const FrameId head = c.machine.frames.head(shared);
  const Frame& target = std::as_const(c.machine).frames[head];
  const bool zero = c.machine.is_zero(shared);
  const bool anonymous = !zero && is_anonymous(c.machine, shared);
  const unsigned cached = target.slot.some() ? 1 : 0;
  if (vma.shared && vma.disk && target.locked_by.some()) {  // page_mkwrite()
    return wait_for(c, Wait::lock(folio_lock(head), LockMode::write));
  }
  // wp_can_reuse_anon_folio(): nobody else can have it.
  const bool unreferenced =
      target.references == 1 + cached || !c.setup.switches.reuse_counts_references;
  const bool small = target.pages() == 1 && target.maps == 1 && unreferenced;
  const bool large = c.setup.switches.reuse_large && target.pages() > 1 &&
                     target.references == target.maps && mapped_only_by(c.machine, head, mm);
  const bool alone = anonymous && !target.ksm && (pte.exclusive || small || large);
  if ((vma.shared || alone) && !unshare) {  // wp_page_reuse(): more permission, nobody is notified.
    if (alone && !pte.exclusive && cached == 1) remove_from_swap_cache(c, head);
    pte.write = vma.write;
    pte.dirty = pte.young = true;
    pte.soft_clean = false;
    pte.exclusive = alone;
    set_bits(c, mm, page, pte);
    if (vma.shared) c.frame(head).dirty = true;
    c.emit({.kind = EventKind::pte_set,
            .detail = 1,
            .mm = mm,
            .pages = one_page(page),
            .frame = shared});
    return c.done();
  }
  if (unshare && alone) {
    pte.exclusive = true;
    set_bits(c, mm, page, pte);
    return c.done();
  }
  kind = Kind::copy;
  orig = pte;
  if (!zero) {
    old = shared;
    c.get(old);
  }
  step = Step::allocate;
  return Next::pass;
}

Next HandleFault::allocate(Context& c) {
  const HostId host = c.mm(mm).host;
  const std::optional<FrameId> fresh = c.allocate(host);
  if (!fresh) {
    if (!c.reclaims(reclaims)) {
      if (old.some()) c.put(old);
      return c.give(Result::error(ENOMEM));
    }
    step = Step::reclaimed;
    return c.call({ReclaimSome{.host = host}});
  }
  frame = *fresh;
  reclaims = 0;
  switch (kind) {
    case Kind::fresh:
      step = Step::map;
      return Next::again;
    case Kind::copy:
      step = Step::copy;
      return Next::again;
    case Kind::swap_in: {
      const SwapSlot& entry = c.host(host).swap[slot];
      if (entry.users == 0 || entry.cached.some()) {  // Somebody else was faster.
        c.put(frame);
        frame = FrameId{};
        step = Step::decide;
        return Next::again;
      }
      await_swap(c, frame, slot);
      step = Step::read_swap;
      return Next::again;
    }
  }
  return Next::again;
}

// Under the page table lock: only if the entry is still as it was when the fault was decided. A
// page that comes from swap or from a file has been locked since it was found or read.
Next HandleFault::map(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Vma* vma = space.find_vma(page);
  const FrameId head = c.machine.frames.head(frame);
  if (c.frame(head).locked_by == c.self) c.release(folio_lock(head));
  if (!still_as_it_was(c, *vma)) {
    if (!c.machine.is_zero(frame)) free_unmapped(c, frame);
    if (old.some()) c.put(old);
    frame = old = FrameId{};
    step = Step::decide;
    return Next::again;
  }
  if (c.machine.is_zero(frame)) {
    map_frame(c, mm, page, frame, {.uffd_wp = marked(c)});
    return c.done();
  }
  if (kind == Kind::swap_in) return map_swapped_in(c, *vma);
  if (vma->file.some() && (vma->shared || !write)) return map_cached(c, *vma);
  if (!vma->prepared) space.find_vma(page)->prepared = true;
  belongs(c, frame, *vma, page);
  lru_add(c, frame);
  map_frame(
      c, mm, page, frame,
      {.write = vma->write && !marked(c), .dirty = true, .exclusive = true, .uffd_wp = marked(c)});
  if (old.some()) c.put(old);
  return c.done();
}

// Userfaultfd has protected the page before it was there.
bool HandleFault::marked(Context& c) const {
  const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  return pte.kind == Pte::Kind::marker && pte.uffd_wp;
}

bool HandleFault::still_as_it_was(Context& c, const Vma& vma) const {
  const Machine& machine = c.machine;
  const Pte pte = machine.spaces[mm.index()].page_table.at(page);
  const Pte cached =
      vma.file.some() ? machine.mappings[vma.file.index()].cached(vma.index_of(page)) : Pte{};
  if (kind == Kind::swap_in && pte.swapped()) {
    const SwapDevice& swap = machine.hosts[machine.spaces[mm.index()].host.index()].swap;
    return pte.slot() == slot && swap[slot].cached == frame;
  }
  const bool own = pte.kind == Pte::Kind::marker && pte.uffd_wp;  // Not a guard, nor poison.
  if (pte.populated() && !own) return false;
  if (kind == Kind::swap_in) return cached.swapped() && cached.slot() == slot;
  if (kind == Kind::copy) return cached.maps(old);
  if (!vma.file.some() || machine.is_zero(frame)) return true;
  const Mapping& cache = machine.mappings[vma.file.index()];
  if (cache.file && vma.index_of(page) >= cache.size) return false;  // It has been cut.
  return !cached.populated() || cached.maps(frame);
}

// A page of a file, or a new one for it.
Next HandleFault::map_cached(Context& c, const Vma& vma) {
  Mapping& cache = c.mapping(vma.file);
  const std::uint32_t index = vma.index_of(page);
  const bool found = cache.cached(index).maps(frame);
  if (!found) {
    c.frame(frame).mapping = vma.file;
    c.frame(frame).index = index;
    lru_add(c, frame);
    c.get(frame);  // For the page cache.
    cache.set_cached(index, {.target = frame.value, .kind = Pte::Kind::present});
  }
  const FrameId head = c.machine.frames.head(frame);
  if (write) c.frame(head).dirty = true;  // set_page_dirty(); page_mkwrite() has agreed.
  const bool writable = vma.shared && vma.write && (write || !vma.disk) && !marked(c);
  const Page first = span_of(page, pmd_pages).first;
  if (may_map_huge(c.machine, mm, first, head)) {
    map_huge(c, mm, first, head, {.write = writable, .dirty = write});
    return c.done();
  }
  map_frame(c, mm, page, frame, {.write = writable, .dirty = write, .uffd_wp = marked(c)});
  if (cache.kind == Mapping::Kind::pfnmap) {  // vmf_insert_pfn(): without a reference.
    c.put(frame);
    return c.done();
  }
  if (!write && found) map_around(c, vma);
  return c.done();
}

// do_fault_around(): what is in the page cache nearby is mapped as well.
void HandleFault::map_around(Context& c, const Vma& vma) {
  const std::uint32_t first = page.value - page.value % fault_around;
  for (std::uint32_t at = first; at < first + fault_around; ++at) {
    const Page near{at};
    if (near == page || !vma.pages.contains(near)) continue;
    const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
    const Mapping& cache = std::as_const(c.machine).mappings[vma.file.index()];
    const Pte cached = cache.cached(vma.index_of(near));
    if (space.page_table.at(near).populated() || !cached.present()) continue;
    if (cache.file && vma.index_of(near) >= cache.size) continue;
    const Frame& folio = std::as_const(c.machine).frames[c.machine.frames.head(cached.frame())];
    if (folio.locked_by.some() || c.frame(cached.frame()).poisoned) continue;
    c.get(cached.frame());
    map_frame(c, mm, near, cached.frame(), {.write = vma.shared && vma.write && !vma.disk});
  }
}

// The new page takes the place of the old one: set_pte_at(), up to 6.9 set_pte_at_notify().
Next HandleFault::set(Context& c) {
  const Vma* vma = c.mm(mm).find_vma(page);
  if (c.setup.switches.change_pte) {
    c.emit({.kind = EventKind::change_pte,
            .detail = vma->write,
            .mm = mm,
            .pages = one_page(page),
            .frame = frame});
  }
  if (!vma->prepared) c.mm(mm).find_vma(page)->prepared = true;
  vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  belongs(c, frame, *vma, page);
  lru_add(c, frame);
  map_frame(c, mm, page, frame,
            {.write = vma->write && !unshare,
             .dirty = !unshare,
             .exclusive = true,
             .uffd_wp = unshare && orig.uffd_wp});
  frame = FrameId{};
  if (old.some()) c.put(old);  // The reference of the map; ours is still there.
  c.release(page_table_lock(mm));
  step = Step::end;
  return Next::again;
}

}  // namespace model
