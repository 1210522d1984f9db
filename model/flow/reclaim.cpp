// SPDX-License-Identifier: Apache-2.0
#include "model/flow/reclaim.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

constexpr std::uint32_t cluster = 32;  // SWAP_CLUSTER_MAX

}  // namespace

// ---- ReclaimPage

Next ReclaimPage::run(Context& c) {
  switch (step) {
    case Step::isolate:
      return isolate(c);
    case Step::referenced:  // folio_check_references()
      if (test_and_clear_young(c, frame) && spares) return give_up(c, EAGAIN);
      step = Step::add_to_swap;
      return Next::again;
    case Step::add_to_swap:
      return add_to_swap(c);
    case Step::unmapped:
      return unmapped(c);
    case Step::flush:  // try_to_unmap_flush_dirty(): no CPU may write to what is being written.
      step = Step::write;
      if (!c.task().unflushed_dirty || !needs_writing(c)) return Next::pass;
      return c.call({BatchFlush{}});
    case Step::write:
      return write(c);
    case Step::free:
      return free(c);
  }
  return c.done();
}

// folio_trylock() and the checks of shrink_folio_list().
Next ReclaimPage::isolate(Context& c) {
  const Machine& machine = c.machine;
  const Frame& target = machine.frames[frame];
  if (!target.allocated || machine.is_zero(frame) || !target.mapping.some() || target.device) {
    return c.give(Result::error(EBUSY));
  }
  if (target.locked_by.some()) return c.give(Result::error(EAGAIN));
  if (target.pins > 0 && c.setup.switches.reclaim_skips_pinned) {
    return c.give(Result::error(EBUSY));
  }
  mapping = target.mapping;
  const RmapPlace locked = next_place(
      machine, mapping, target.index, {},
      [this](RmapPlace, const Vma& vma, const Pte& pte) { return pte.maps(frame) && vma.locked; });
  if (locked.mm.some() || target.pages > 1) return c.give(Result::error(EBUSY));
  c.get(frame);
  c.lock_folio(frame);
  step = asks ? Step::referenced : Step::add_to_swap;
  return Next::again;
}

Next ReclaimPage::give_up(Context& c, int error) {
  c.release(folio_lock(frame));
  free_unmapped(c, frame);
  return c.done(Result::error(error));
}

// Private memory gets its slot before it is unmapped: the page tables will name it.
Next ReclaimPage::add_to_swap(Context& c) {
  const Frame& target = std::as_const(c.machine).frames[frame];
  const bool anonymous = is_anonymous(c.machine, frame);
  step = Step::unmapped;
  using For = UnmapFolio::For;
  const bool drops = !anonymous || target.lazy_free;
  const UnmapFolio unmap{.what = drops ? For::drop : For::swap, .frame = frame, .mapping = mapping};
  if (drops || target.slot.some()) return c.call({unmap});
  const std::optional<SlotId> slot = c.host(target.host).swap.allocate();
  if (!slot) return give_up(c, ENOMEM);
  add_to_swap_cache(c, frame, *slot);
  c.frame(frame).dirty = true;
  return c.call({unmap});
}

Next ReclaimPage::unmapped(Context& c) {
  if (!c.task().result.ok()) return give_up(c, EBUSY);
  step = Step::flush;
  return Next::pass;
}

bool ReclaimPage::needs_writing(Context& c) const {
  const Frame& target = std::as_const(c.machine).frames[frame];
  if (target.maps > 0 || target.lazy_free) return false;
  if (!target.slot.some()) return target.dirty || !is_disk(c);
  const SwapDevice& swap = std::as_const(c.machine).hosts[target.host.index()].swap;
  return target.dirty || !swap[target.slot].written;
}

bool ReclaimPage::is_disk(Context& c) const {
  return std::as_const(c.machine).mappings[mapping.index()].kind == Mapping::Kind::disk;
}

// pageout(): the content goes to swap unless swap has it. Shared memory leaves the page cache here.
Next ReclaimPage::write(Context& c) {
  Frame& target = c.frame(frame);
  SwapDevice& swap = c.host(target.host).swap;
  step = Step::free;
  if (target.maps > 0 || target.lazy_free) return Next::pass;  // Mapped again meanwhile.
  Mapping& owner = c.mapping(mapping);
  if (owner.kind == Mapping::Kind::disk) {
    if (!target.dirty) return Next::pass;
    owner.store(target.index, target.value);
    target.dirty = false;
    wrote = true;
    c.spend(Cost::swap_out);
    return Next::again;
  }
  if (owner.kind == Mapping::Kind::shmem && !target.slot.some()) {
    const std::optional<SlotId> slot = swap.allocate();
    if (!slot) return give_up(c, ENOMEM);
    add_to_swap_cache(c, frame, *slot);
    ++swap[*slot].users;
    owner.set_cached(target.index, {.target = slot->value, .kind = Pte::Kind::swapped});
    c.put(frame);  // The page cache's reference.
    target.dirty = true;
  }
  SwapSlot& slot = swap[target.slot];
  if (!target.dirty && slot.written) return Next::pass;
  slot.value = target.value;
  slot.written = true;
  target.dirty = false;
  wrote = true;
  c.spend(Cost::swap_out);
  c.emit({.kind = EventKind::swap_out, .frame = frame, .value = target.value});
  return Next::again;
}

// __remove_mapping(): only if the swap or page cache and we hold the only references.
Next ReclaimPage::free(Context& c) {
  c.release(folio_lock(frame));
  const Frame& target = std::as_const(c.machine).frames[frame];
  const Mapping& owner = std::as_const(c.machine).mappings[mapping.index()];
  const bool cached = owner.kind == Mapping::Kind::disk && owner.cached(target.index).maps(frame);
  const std::uint32_t expected = target.slot.some() || cached ? 2 : 1;
  const bool kept = !target.slot.some() && !cached && !target.lazy_free;
  if (target.maps > 0 || kept || target.references != expected || target.dirty) {
    free_unmapped(c, frame);
    return c.done(Result::error(EBUSY));
  }
  if (!wrote && target.slot.some()) {
    c.emit({.kind = EventKind::clean_drop, .frame = frame, .value = target.value});
  }
  if (target.slot.some()) remove_from_swap_cache(c, frame);
  if (cached) {
    c.mapping(mapping).set_cached(target.index, {});
    c.put(frame);
  }
  lru_remove(c, frame);
  return c.done();
}

// ---- ReclaimRange

Next ReclaimRange::run(Context& c) {
  switch (step) {
    case Step::age: {
      step = Step::next;
      drain_lru(c);
      if (ages) return c.call({AgeRange{.shoot = false, .mm = mm, .pages = pages}});
      if (wanted == 0) return Next::pass;
      // The cgroup's pages, the longest unused first.
      for (const FrameId folio : std::as_const(c.machine).hosts[c.mm(mm).host.index()].lru) {
        const Frame& target = std::as_const(c.machine).frames[folio];
        const RmapPlace place =
            next_place(c.machine, target.mapping, target.index, {},
                       [folio](RmapPlace, const Vma&, const Pte& pte) { return pte.maps(folio); });
        if (place.mm == mm) candidates.push_back(folio);
      }
      return Next::again;
    }
    case Step::next: {
      if (wanted != 0) {
        // Twice around: those that were used get a second chance.
        while (cursor < 2 * candidates.size() && !candidates[cursor % candidates.size()].some()) {
          ++cursor;
        }
        if (cursor >= 2 * candidates.size() || freed.size() >= std::max(wanted, cluster)) {
          step = Step::flush;
          return Next::pass;
        }
        frame = candidates[cursor % candidates.size()];
        step = Step::reclaimed;
        return c.call({ReclaimPage{.asks = true, .spares = true, .frame = frame}});
      }
      const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
      while (cursor < pages.count && !table.at(pages.at(cursor)).present()) ++cursor;
      if (cursor >= pages.count) {
        step = Step::flush;
        return Next::pass;
      }
      frame = c.machine.frames.head(table.at(pages.at(cursor)).frame());
      step = Step::reclaimed;
      return c.call({ReclaimPage{.asks = ages, .frame = frame}});
    }
    case Step::reclaimed:
      if (!c.task().result.ok()) {
        result = c.task().result;
      } else {
        freed.push_back(frame);
        if (wanted != 0) candidates[cursor % candidates.size()] = FrameId{};
      }
      ++cursor;
      step = Step::next;
      return Next::pass;
    case Step::flush:
      step = Step::free;
      return c.call({BatchFlush{}});
    case Step::free:
      if (!c.setup.switches.free_in_order) std::reverse(freed.begin(), freed.end());
      for (const FrameId clean : freed) c.put(clean);
      count = static_cast<std::uint32_t>(freed.size());
      freed.clear();
      step = Step::finish;
      return Next::again;
    case Step::finish:
      if (wanted != 0) return c.give(count < wanted ? Result::error(EAGAIN) : Result::success());
      if (!ages) return c.give(result);
      ages = false;
      return c.call({TlbFinish{.mm = mm}});
  }
  return c.done();
}

// ---- ReclaimSome

Next ReclaimSome::run(Context& c) {
  switch (step) {
    case Step::next: {
      Host& from = c.host(host);
      // Twice around: those that are freed have left the list.
      const auto limit = 2 * (static_cast<std::uint32_t>(from.lru.size()) + freed);
      while (freed < wanted && tried < limit && !from.lru.empty()) {
        ++tried;
        frame = from.lru.front();
        lru_remove(c, frame);
        lru_add(c, frame);
        if (test_and_clear_young(c, frame)) continue;
        step = Step::reclaimed;
        return c.call({ReclaimPage{.frame = frame}});
      }
      frame = FrameId{};
      return c.give(Result::value(freed));
    }
    case Step::reclaimed:
      if (!c.task().result.ok()) {
        step = Step::next;
        return Next::pass;
      }
      step = Step::flushed;
      return c.call({BatchFlush{}});
    case Step::flushed:
      c.put(frame);
      frame = FrameId{};
      ++freed;
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

bool test_and_clear_young(Context& c, FrameId frame) {
  const Frame& target = std::as_const(c.machine).frames[frame];
  bool used = false;
  const auto maps = [frame](RmapPlace, const Vma&, const Pte& pte) { return pte.maps(frame); };
  for (RmapPlace place = next_place(c.machine, target.mapping, target.index, {}, maps);
       place.mm.some(); place = next_place(c.machine, target.mapping, target.index, place, maps)) {
    Pte pte = std::as_const(c.machine).spaces[place.mm.index()].page_table.at(place.page);
    if (pte.young) {
      used = true;
      pte.young = false;
      c.mm(place.mm).page_table.set(place.page, pte);
    }
    c.emit({.kind = EventKind::clear_flush_young,
            .context = {.atomic = true},
            .mm = place.mm,
            .pages = one_page(place.page)});
  }
  return used;
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
        if (!pte.swapped() || machine.hosts[host.index()].swap[pte.slot()].cached.some()) continue;
        const auto fresh = c.allocate(host);
        if (!fresh) break;  // It was only advice.
        slot = pte.slot();
        frame = *fresh;
        const Vma& vma = *machine.spaces[mm.index()].find_vma(pages.at(cursor));
        ++c.host(host).swap[slot].users;
        add_to_swap_cache(c, frame, slot);
        belongs(c, frame, vma, pages.at(cursor));
        c.lock_folio(frame);
        step = Step::read;
        return Next::again;
      }
      drain_lru(c);
      return c.give();
    }
    case Step::read:
      c.frame(frame).value = c.host(host).swap[slot].value;
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
    case Step::lock:  // Whoever reads or writes the page is through with it.
      c.lock_folio(frame);
      step = Step::map;
      return Next::again;
    case Step::read:
      c.frame(frame).value = c.host(host).swap[slot].value;
      c.frame(frame).dirty = false;
      c.spend(Cost::swap_in);
      step = Step::map;
      return Next::again;
    case Step::map:
      return map(c);
  }
  return c.done();
}

Next Swapoff::next(Context& c) {
  const Machine& machine = c.machine;
  for (std::uint32_t space = 0; space < machine.spaces.size(); ++space) {
    if (machine.spaces[space].host != host) continue;
    std::optional<Page> found;
    machine.spaces[space].page_table.for_each(all_pages, [&](Page at, const Pte& pte) {
      if (pte.swapped() && !found) found = at;
    });
    if (!found) continue;
    mm = MmId{space};
    page = *found;
    slot = machine.spaces[space].page_table.at(page).slot();
    const FrameId cached = machine.hosts[host.index()].swap[slot].cached;
    if (cached.some()) {
      frame = cached;
      c.get(frame);
      step = Step::lock;
      return Next::again;
    }
    const auto fresh = c.allocate(host);
    if (!fresh) return c.done(Result::error(ENOMEM));
    frame = *fresh;
    ++c.host(host).swap[slot].users;
    add_to_swap_cache(c, frame, slot);
    c.lock_folio(frame);
    step = Step::read;
    return Next::again;
  }
  c.host(host).swap.capacity = 0;
  return c.done();
}

// unuse_pte(): read-only and old; a write makes it writable without a word.
Next Swapoff::map(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Pte pte = space.page_table.at(page);
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

// ---- Kswapd

std::uint32_t low_watermark(std::uint32_t frames) { return frames / 128; }
std::uint32_t high_watermark(std::uint32_t frames) { return frames / 64; }

Wait Kswapd::guard() const {
  if (step != Step::sleep) return {};
  return {.kind = Wait::Kind::pressure, .index = host.value, .sequence = hopeless};
}

Next Kswapd::run(Context& c) {
  switch (step) {
    case Step::sleep: {
      const std::uint32_t free = c.machine.frames.free_frames(host);
      const std::uint32_t high = high_watermark(c.machine.frames.pool(host).capacity);
      step = Step::reclaimed;
      return c.call({ReclaimSome{.host = host, .wanted = high - std::min(high, free)}});
    }
    case Step::reclaimed: {
      const bool nothing = c.task().result.number == 0;
      hopeless = nothing ? static_cast<std::uint32_t>(c.host(host).lru.size()) + 1 : 0;
      step = Step::sleep;
      return Next::again;
    }
  }
  return c.done();
}

}  // namespace model
