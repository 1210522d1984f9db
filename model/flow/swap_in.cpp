// SPDX-License-Identifier: Apache-2.0
// Pages come back from swap: by a fault (do_swap_page()), ahead of it, and when swap goes.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

Next HandleFault::decide_swapped(Context& c, SlotId swapped) {
  kind = Kind::swap_in;
  slot = swapped;
  const FrameId cached = c.host(c.mm(mm).host).swap[slot].cached;
  if (!cached.some()) {
    step = Step::allocate;
    return Next::pass;
  }
  const FrameId head = c.machine.frames.head(cached);
  const bool large = c.frame(head).pages > 1;
  if (large && c.frame(head).locked_by.some()) {  // It is on its way out, or has just failed to be.
    return wait_for(c, Wait::lock(folio_lock(head), LockMode::write));
  }
  frame = cached;
  c.get(frame);
  step = large ? Step::map : Step::wait_folio;
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

Next HandleFault::map_swapped_in(Context& c, const Vma& vma) {
  AddressSpace& space = c.mm(mm);
  SwapDevice& swap = c.host(space.host).swap;
  if (!space.page_table.at(page).swapped()) {  // shmem_swapin_folio(): into the page cache.
    swap_into_page_cache(c, vma.file, vma.index_of(page), frame);
    c.emit({.kind = EventKind::swap_in, .mm = mm, .pages = one_page(page), .frame = frame});
    if (write && !vma.shared) {
      c.put(frame);
      frame = FrameId{};
      step = Step::decide;
      return Next::again;
    }
    map_frame(c, mm, page, frame, {.write = vma.write && vma.shared, .dirty = write});
    return c.done();
  }
  // Nobody else maps the frame, and only this entry and the swap cache use the slot. What a page of
  // a large folio is, its entry remembers.
  const Pte entry = space.page_table.at(page);
  const bool large = c.frame(frame).pages > 1;
  const bool exclusive =
      large ? entry.exclusive : swap[slot].users == 2 && c.frame(frame).maps == 0;
  const bool protected_by_uffd = entry.uffd_wp;
  space.page_table.clear(page);
  swap.put(slot);
  if (!large) {
    belongs(c, frame, vma, page);
    lru_add(c, frame);
  }
  if (exclusive && write) {
    c.frame(c.machine.frames.head(frame)).dirty = true;
    if (!large) remove_from_swap_cache(c, frame);
  }
  const bool writable = write || c.setup.switches.swap_in_writable;
  PteBits bits{.write = vma.write && exclusive && writable && !protected_by_uffd};
  bits.dirty = write && bits.write;
  bits.exclusive = exclusive;
  bits.uffd_wp = protected_by_uffd;
  c.emit({.kind = EventKind::swap_in, .mm = mm, .pages = one_page(page), .frame = frame});
  map_frame(c, mm, page, frame, bits);
  if (write && !bits.write) {  // Shared with another process: now comes copy on write.
    frame = FrameId{};
    step = Step::decide;
    return Next::again;
  }
  return c.done();
}

// ---- SwapAhead

Next SwapAhead::run(Context& c) {
  const HostId host = c.mm(mm).host;
  switch (step) {
    case Step::next: {
      const Machine& machine = c.machine;
      const PageTable& table = machine.spaces[mm.index()].page_table;
      for (; cursor < pages.count; ++cursor) {
        const Pte pte = table.at(pages.at(cursor));
        const Vma* vma = machine.spaces[mm.index()].find_vma(pages.at(cursor));
        if (!pte.swapped() || vma == nullptr) continue;
        if (machine.hosts[host.index()].swap[pte.slot()].cached.some()) continue;
        const auto fresh = c.allocate(host);
        if (!fresh) break;  // It was only advice.
        slot = pte.slot();
        frame = *fresh;
        ++c.host(host).swap[slot].users;
        add_to_swap_cache(c, frame, slot);
        belongs(c, frame, *vma, pages.at(cursor));
        c.lock_folio(frame);
        step = Step::read;
        return Next::again;
      }
      drain_lru(c);
      return c.give();
    }
    case Step::read:
      c.frame(frame).value = c.host(host).swap[slot].value;
      c.spend(Cost::page_alloc);
      c.spend(Cost::swap_in);
      c.release(folio_lock(frame));
      lru_add(c, frame);
      c.put(frame);  // Ours: the swap cache has its own.
      ++cursor;
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

// ---- Swapoff

Wait Swapoff::guard() const {
  switch (step) {
    case Step::lock_mm:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::lock:
      return Wait::lock(folio_lock(frame), LockMode::write);
    case Step::map:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next Swapoff::run(Context& c) {
  switch (step) {
    case Step::next:
      return next(c);
    case Step::lock_mm:
      return find(c);
    case Step::lock:  // Whoever reads or writes the page is through with it.
      c.lock_folio(frame);
      step = Step::map;
      return Next::again;
    case Step::read:
      c.frame(frame).value = c.host(host).swap[slot].value;
      c.frame(frame).dirty = false;
      c.spend(Cost::page_alloc);
      c.spend(Cost::swap_in);
      step = Step::map;
      return Next::again;
    case Step::map:
      return map(c);
  }
  return c.done();
}

// try_to_unuse(): the next address space that has pages in swap, until none has.
Next Swapoff::next(Context& c) {
  const Machine& machine = c.machine;
  for (std::uint32_t space = 0; space < machine.spaces.size(); ++space) {
    if (machine.spaces[space].host != host) continue;
    bool found = false;
    machine.spaces[space].page_table.for_each(
        all_pages, [&](Page, const Pte& pte) { found = found || pte.swapped(); });
    if (!found) continue;
    mm = MmId{space};
    c.spend(Cost::pte_walk);
    step = Step::lock_mm;
    return Next::again;
  }
  c.host(host).swap.capacity = 0;
  return c.done();
}

// unuse_mm(): a page of a VMA. What has none is about to be unmapped; then it is looked for again.
Next Swapoff::find(Context& c) {
  c.take(mmap_lock(mm), LockMode::read);
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  std::optional<Page> found;
  for (const Vma& vma : space.vmas) {
    space.page_table.for_each(vma.pages, [&](Page at, const Pte& pte) {
      if (pte.swapped() && !found) found = at;
    });
  }
  if (!found) {
    c.release(mmap_lock(mm));
    step = Step::next;
    return Next::again;
  }
  page = *found;
  slot = space.page_table.at(page).slot();
  frame = std::as_const(c.machine).hosts[host.index()].swap[slot].cached;
  if (frame.some()) {
    c.get(frame);
    step = Step::lock;
    return Next::again;
  }
  const auto fresh = c.allocate(host);
  if (!fresh) {
    c.release(mmap_lock(mm));
    return c.done(Result::error(ENOMEM));
  }
  frame = *fresh;
  ++c.host(host).swap[slot].users;
  add_to_swap_cache(c, frame, slot);
  c.lock_folio(frame);
  step = Step::read;
  return Next::again;
}

// unuse_pte(): read-only and old; a write makes it writable without a word.
Next Swapoff::map(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Pte pte = space.page_table.at(page);
  c.release(mmap_lock(mm));
  c.release(folio_lock(frame));
  step = Step::next;
  if (!pte.swapped() || pte.slot() != slot || c.frame(frame).slot != slot) {
    free_unmapped(c, frame);
    return Next::again;
  }
  SwapDevice& swap = c.host(host).swap;
  const bool exclusive = swap[slot].users == 2 && c.frame(frame).maps == 0;
  const Vma& vma = *std::as_const(space).find_vma(page);
  space.page_table.clear(page);
  swap.put(slot);
  belongs(c, frame, vma, page);
  lru_add(c, frame);
  c.frame(frame).dirty = true;
  c.emit({.kind = EventKind::swap_in, .mm = mm, .pages = one_page(page), .frame = frame});
  map_frame(c, mm, page, frame, {.young = false, .exclusive = exclusive});
  if (swap[slot].users == 1) remove_from_swap_cache(c, frame);
  return Next::again;
}

}  // namespace model
