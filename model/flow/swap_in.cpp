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
  if (c.frame(head).poisoned) return c.give(Result::error(EHWPOISON));
  const bool large = c.frame(head).pages() > 1;
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
    map_frame(
        c, mm, page, frame,
        {.write = vma.write && vma.shared && !marked(c), .dirty = write, .uffd_wp = marked(c)});
    return c.done();
  }
  // Nobody else maps the frame, and only this entry and the swap cache use the slot. What a page of
  // a large folio is, its entry remembers.
  const Pte entry = space.page_table.at(page);
  const bool large = c.frame(frame).pages() > 1;
  const bool ksm = c.frame(frame).ksm;
  const bool elsewhere =
      !large && !ksm && c.frame(frame).maps > 0 &&
      (c.frame(frame).mapping != vma.anon || c.frame(frame).index != vma.index_of(page));
  if (elsewhere) {
    const auto copy = copy_unmerged(c, frame);
    if (!copy) c.put(frame);
    if (!copy) return c.give(Result::error(ENOMEM));
    frame = *copy;
  }
  const bool alone = elsewhere || (swap[slot].users == 2 && c.frame(frame).maps == 0 && !ksm);
  const bool exclusive = large ? entry.exclusive : alone;
  const bool protected_by_uffd = entry.uffd_wp;
  space.page_table.clear(page);
  if (elsewhere) {
    put_swap_entry(c, space.host, slot);
  } else {
    swap.put(slot);
  }
  if (!large && !ksm) {
    belongs(c, frame, vma, page);
    lru_add(c, frame);
  }
  if (exclusive && write) {
    c.frame(c.machine.frames.head(frame)).dirty = true;
    if (!large && !elsewhere) remove_from_swap_cache(c, frame);
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
        const auto fresh = read_into_swap_cache(c, host, pte.slot());
        if (!fresh) break;  // It was only advice.
        slot = pte.slot();
        frame = *fresh;
        belongs(c, frame, *vma, pages.at(cursor));
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
    case Step::lock_cached:
      return Wait::lock(folio_lock(frame), LockMode::write);
    case Step::map:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next Swapoff::run(Context& c) {
  switch (step) {
    case Step::off:  // del_from_avail_list()
      capacity = c.host(host).swap.capacity;
      c.host(host).swap.capacity = 0;
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::shmem:
      if (!c.task().result.ok()) return fail(c);
      step = Step::next;
      return Next::pass;
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
    case Step::lock_cached:  // folio_free_swap()
      if (c.frame(frame).slot.some() && only_cached(c.machine, frame)) {
        c.frame(frame).dirty = true;
        remove_from_swap_cache(c, frame);
      }
      free_unmapped(c, frame);
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

// try_to_unuse(): the page cache of shmem, each address space, and the swap cache, until nothing
// is found any more.
Next Swapoff::next(Context& c) {
  const Machine& machine = c.machine;
  for (std::uint32_t i = 0; i < machine.mappings.size(); ++i) {
    const Mapping& cache = machine.mappings[i];
    if (cache.host != host) continue;
    for (const auto& [index, entry] : cache.cache) {
      if (!entry.swapped() || index >= cache.size) continue;
      step = Step::shmem;
      return c.call({FileAccess{.file = MappingId{i}, .index = index}});
    }
  }
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
  step = Step::lock_cached;
  return find_cached(c) ? Next::again : c.done();
}

// find_next_to_unuse(): a page that nothing but the swap cache has in swap.
bool Swapoff::find_cached(Context& c) {
  for (const SwapSlot& entry : std::as_const(c.machine).hosts[host.index()].swap.slots) {
    if (!entry.cached.some()) continue;
    frame = c.machine.frames.head(entry.cached);
    if (!only_cached(c.machine, frame)) continue;
    c.get(frame);
    return true;
  }
  return false;
}

Next Swapoff::fail(Context& c) {
  c.host(host).swap.capacity = capacity;  // reinsert_swap_info()
  return c.done(Result::error(ENOMEM));
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
  const FrameId cached = std::as_const(c.machine).hosts[host.index()].swap[slot].cached;
  if (cached.some()) {
    frame = c.machine.frames.head(cached);
    c.get(frame);
    step = Step::lock;
    return Next::again;
  }
  const auto fresh = read_into_swap_cache(c, host, slot);
  if (!fresh) {
    c.release(mmap_lock(mm));
    if (!c.reclaims(reclaims)) return fail(c);
    step = Step::next;
    return c.call({ReclaimSome{.host = host}});
  }
  reclaims = 0;
  frame = *fresh;
  step = Step::read;
  return Next::again;
}

// unuse_pte(): read-only and old; a write makes it writable without a word.
Next Swapoff::map(Context& c) {
  AddressSpace& space = c.mm(mm);
  SwapDevice& swap = c.host(host).swap;
  const Pte pte = space.page_table.at(page);
  const FrameId cached = swap[slot].cached;
  c.release(mmap_lock(mm));
  c.release(folio_lock(frame));
  step = Step::next;
  const bool ours = cached.some() && c.machine.frames.head(cached) == frame;
  if (!pte.swapped() || pte.slot() != slot || !ours) {
    free_unmapped(c, frame);
    return Next::again;
  }
  const bool large = c.frame(frame).pages() > 1;
  const bool alone = swap[slot].users == 2 && c.frame(frame).maps == 0;
  const bool exclusive = large ? pte.exclusive : alone;
  const Vma& vma = *std::as_const(space).find_vma(page);
  space.page_table.clear(page);
  swap.put(slot);
  if (!large) {
    belongs(c, frame, vma, page);
    lru_add(c, frame);
  }
  c.frame(frame).dirty = true;
  c.emit({.kind = EventKind::swap_in, .mm = mm, .pages = one_page(page), .frame = cached});
  map_frame(c, mm, page, cached, {.young = false, .exclusive = exclusive, .uffd_wp = pte.uffd_wp});
  if (!large && swap[slot].users == 1) remove_from_swap_cache(c, frame);
  return Next::again;
}

}  // namespace model
