// SPDX-License-Identifier: Apache-2.0
#include "model/flow/fault.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

constexpr std::uint8_t reclaims_max = 4;  // Linux: MAX_RECLAIM_RETRIES, 16.

void belongs(Context& c, FrameId frame, const Vma& vma, Page page) {
  c.frame(frame).mapping = vma.mapping;
  c.frame(frame).index = vma.index_of(page);
}

}  // namespace

NotifierRange HandleFault::range() const {
  return {.mm = mm, .pages = one_page(page), .event = NotifierEvent::clear};
}

Wait HandleFault::guard() const {
  switch (step) {
    case Step::wait_folio:
      return Wait::lock(folio_lock(frame), LockMode::write);
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
    case Step::wait_folio:  // folio_lock(): whoever reads or writes the page is through with it.
      c.lock_folio(frame);
      if (c.frame(frame).slot != slot) {
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
      step = Step::start;
      return Next::again;
    case Step::start:
      step = Step::started;
      return c.call({RangeStart{.range = range()}});
    case Step::started:
      step = Step::lock_ptl;
      return Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::replace;
      return Next::again;
    case Step::replace: {  // ptep_clear_flush(): clear first, so that no CPU can set a bit.
      const Pte pte = c.mm(mm).page_table.at(page);
      const FrameId source = old.some() ? old : c.host(c.mm(mm).host).zero;
      if (!pte.maps(source)) {
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
      return c.call({TlbFlush{.mm = mm, .pages = one_page(page)}});
    case Step::set: {
      const Vma* vma = c.mm(mm).find_vma(page);
      belongs(c, frame, *vma, page);
      lru_add(c, frame);
      map_frame(c, mm, page, frame, {.write = true, .dirty = true});
      frame = FrameId{};
      if (old.some()) c.put(old);  // The reference of the map; ours is still there.
      c.release(page_table_lock(mm));
      step = Step::end;
      return Next::again;
    }
    case Step::end:
      step = Step::put_old;
      return c.call({RangeEnd{.range = range()}});
    case Step::put_old:
      if (frame.some()) c.put(frame);  // The race was lost.
      if (old.some()) free_unmapped(c, old);
      return c.done();
  }
  return c.done();
}

Next HandleFault::decide(Context& c) {
  c.spend(Cost::minor_fault);
  const Vma* vma = c.mm(mm).find_vma(page);
  if (vma == nullptr || !vma->allows(write)) return c.give(Result::error(EFAULT));
  const Pte pte = c.mm(mm).page_table.at(page);
  if (pte.swapped()) return decide_swapped(c, pte.slot());
  if (!pte.present()) return decide_absent(c, *vma);
  if (!write || pte.write) return c.give();
  return decide_protected(c, pte, *vma);
}

Next HandleFault::decide_absent(Context& c, const Vma& vma) {
  kind = Kind::fresh;
  step = Step::allocate;
  if (!vma.shared) {
    if (write) return Next::pass;
    frame = c.host(c.mm(mm).host).zero;  // The zero page, read-only.
    step = Step::map;
    return Next::again;
  }
  const Pte cached = c.mapping(vma.mapping).cached(vma.index_of(page));
  if (cached.swapped()) return decide_swapped(c, cached.slot());
  if (!cached.present()) return Next::pass;
  frame = cached.frame();
  c.get(frame);
  step = Step::map;
  return Next::again;
}

Next HandleFault::decide_swapped(Context& c, SlotId swapped) {
  kind = Kind::swap_in;
  slot = swapped;
  const FrameId cached = c.host(c.mm(mm).host).swap[slot].cached;
  if (!cached.some()) {
    step = Step::allocate;
    return Next::pass;
  }
  frame = cached;
  c.get(frame);
  step = Step::wait_folio;
  return Next::again;
}

// A write to a page that is present and not writable: do_wp_page().
Next HandleFault::decide_protected(Context& c, Pte pte, const Vma& vma) {
  const FrameId shared = pte.frame();
  const Frame& target = c.frame(shared);
  const int cached = target.slot.some() ? 1 : 0;
  const bool alone = !c.machine.is_zero(shared) && target.maps == 1 &&
                     target.references == 1 + cached + target.pins;
  if (vma.shared || alone) {  // wp_page_reuse(): more permission, so nobody is notified.
    if (!vma.shared && cached == 1) remove_from_swap_cache(c, shared);
    pte.write = pte.dirty = pte.young = true;
    c.mm(mm).page_table.set(page, pte);
    c.emit({.kind = EventKind::pte_set,
            .detail = 1,
            .mm = mm,
            .pages = one_page(page),
            .frame = shared});
    return c.done();
  }
  kind = Kind::copy;
  if (!c.machine.is_zero(shared)) {
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
    if (reclaims == reclaims_max) {
      if (old.some()) c.put(old);
      return c.give(Result::error(ENOMEM));
    }
    ++reclaims;
    step = Step::reclaimed;
    return c.call({ReclaimSome{.host = host, .wanted = 1}});
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
      SwapSlot& entry = c.host(host).swap[slot];
      if (entry.users == 0 || entry.cached.some()) {  // Somebody else was faster.
        c.put(frame);
        frame = FrameId{};
        step = Step::decide;
        return Next::again;
      }
      ++entry.users;
      add_to_swap_cache(c, frame, slot);
      c.lock_folio(frame);
      step = Step::read_swap;
      return Next::again;
    }
  }
  return Next::again;
}

Next HandleFault::read_swap(Context& c) {
  const HostId host = c.mm(mm).host;
  c.frame(frame).value = c.host(host).swap[slot].value;
  c.frame(frame).dirty = false;
  c.spend(Cost::swap_in);
  step = Step::map;
  return Next::again;
}

// Under the page table lock: only if the entry is still as it was when the fault was decided. A
// page that comes from swap has been locked since it was found or read.
Next HandleFault::map(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Vma* vma = space.find_vma(page);
  const Pte pte = space.page_table.at(page);
  Mapping& mapping = c.mapping(vma->mapping);
  const std::uint32_t index = vma->index_of(page);
  const Pte cached = mapping.cached(index);
  const bool zero = c.machine.is_zero(frame);
  const bool from_cache = kind == Kind::fresh && vma->shared && cached.maps(frame);
  bool same = !pte.populated();
  if (kind == Kind::swap_in && !vma->shared) same = pte.swapped() && pte.slot() == slot;
  if (kind == Kind::swap_in && vma->shared) same = same && cached.swapped();
  if (kind == Kind::fresh && vma->shared) same = same && (from_cache || !cached.populated());
  if (kind == Kind::swap_in) c.release(folio_lock(frame));
  if (!same) {
    if (!zero) free_unmapped(c, frame);
    frame = FrameId{};
    step = Step::decide;
    return Next::again;
  }
  if (zero) {
    map_frame(c, mm, page, frame, {});
    return c.done();
  }
  if (!from_cache) {
    belongs(c, frame, *vma, page);
    lru_add(c, frame);
  }
  PteBits bits{.write = vma->write, .dirty = write};
  if (vma->shared && !from_cache) {
    c.get(frame);  // For the page cache.
    mapping.set_cached(index, {.target = frame.value, .kind = Pte::Kind::present});
  }
  if (kind == Kind::swap_in) {
    SwapDevice& swap = c.host(space.host).swap;
    // Nobody else maps the frame, and only this entry and the swap cache use the slot.
    const bool exclusive = swap[slot].users == 2 && c.frame(frame).maps == 0;
    space.page_table.clear(page);
    swap.put(slot);
    if (vma->shared || (exclusive && write)) {
      c.frame(frame).dirty = true;
      remove_from_swap_cache(c, frame);
    }
    bits.write = vma->write && (vma->shared || exclusive);
    bits.dirty = write && bits.write;
    c.emit({.kind = EventKind::swap_in, .mm = mm, .pages = one_page(page), .frame = frame});
  }
  map_frame(c, mm, page, frame, bits);
  if (write && !bits.write) {  // Shared with another process: now comes copy on write.
    frame = FrameId{};
    step = Step::decide;
    return Next::again;
  }
  return c.done();
}

Wait GetPage::guard() const {
  switch (step) {
    case Step::lock:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::walk:
      return Wait::lock(page_table_lock(mm), LockMode::read);
    default:
      return {};
  }
}

Next GetPage::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (mode != Mode::cpu && !c.mm(mm).alive) {
        c.task().lookup_failed = true;
        return c.done(Result::error(EFAULT));
      }
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::lock);
      step = Step::walk;
      return Next::again;
    case Step::walk:
      return walk(c);
    case Step::faulted:
      result = c.task().result;
      step = result.ok() ? Step::walk : Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.release(mmap_lock(mm));
      c.task().lookup_failed = mode != Mode::cpu && !result.ok();
      return c.done(result);
  }
  return c.done();
}

// follow_page_pte() or walk_page_range(), under the page table lock.
Next GetPage::walk(Context& c) {
  const Pte pte = c.mm(mm).page_table.at(page);
  c.spend(Cost::pte_walk);
  const Vma* vma = c.mm(mm).find_vma(page);
  if (!pte.present() || (write && !pte.write) || vma == nullptr || !vma->allows(write)) {
    step = Step::faulted;
    return c.call({HandleFault{.write = write, .mm = mm, .page = page}});
  }
  const FrameId frame = pte.frame();
  result = Result::success();
  step = Step::unlock;
  if (mode == Mode::cpu) return Next::again;
  c.task().found = {.frame = frame, .generation = c.frame(frame).generation, .write = pte.write};
  if (mode == Mode::look_up) {
    c.notifier(mm).begin_lookup(c.self, page);
    c.emit({.kind = EventKind::dev_lookup,
            .mm = mm,
            .pages = one_page(page),
            .mr = mr,
            .frame = frame});
    return Next::again;
  }
  if (!c.machine.is_zero(frame)) {
    c.get(frame);
    ++c.frame(frame).pins;
    c.registration(mr).pinned.push_back(frame);
    c.spend(Cost::pin_page);
    c.emit({.kind = EventKind::page_pinned, .mm = mm, .pages = one_page(page), .frame = frame});
  }
  return Next::again;
}

Next Access::run(Context& c) {
  const Page page = pages.at(done);
  switch (step) {
    case Step::access:
      if (!perform(c, page)) {
        step = Step::faulted;
        return c.call(
            {GetPage{.mode = GetPage::Mode::cpu, .write = write, .mm = mm, .page = page}});
      }
      if (++done < pages.count) return Next::again;
      return c.done(Result::value(write ? 0 : value));
    case Step::faulted: {
      const Result fault = c.task().result;
      if (!fault.ok()) {
        const bool memory = fault.number == ENOMEM;
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
    Pte pte = c.mm(mm).page_table.at(page);
    c.spend(Cost::pte_walk);
    if (!pte.present() || (write && !pte.write)) return false;
    const Vma* vma = c.mm(mm).find_vma(page);
    if (vma != nullptr && !vma->read && !write) return false;  // PROT_NONE.
    pte.young = true;
    pte.dirty = pte.dirty || write;
    c.mm(mm).page_table.set(page, pte);
    cpu.fill({.mm = mm,
              .page = page,
              .frame = pte.frame(),
              .generation = c.frame(pte.frame()).generation,
              .write = pte.write && pte.dirty});
    hit = cpu.find(mm, page);
  }
  const FrameId frame = hit->frame;
  if (!write) value = c.frame(frame).value;
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

}  // namespace model
