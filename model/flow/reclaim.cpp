// SPDX-License-Identifier: Apache-2.0
#include "model/flow/reclaim.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

NotifierRange ReclaimPage::range() const {
  return {.mm = mm, .pages = one_page(page), .event = NotifierEvent::clear};
}

Wait ReclaimPage::guard() const {
  switch (step) {
    case Step::lock_rmap:
      return Wait::lock(rmap_lock(mapping), LockMode::read);
    case Step::lock_ptl:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next ReclaimPage::run(Context& c) {
  switch (step) {
    case Step::isolate:
      return isolate(c);
    case Step::add_to_swap:
      return add_to_swap(c);
    case Step::lock_rmap:
      c.take(rmap_lock(mapping), LockMode::read);
      step = Step::next_mapping;
      return Next::again;
    case Step::next_mapping:
      return next_mapping(c);
    case Step::started:
      step = Step::lock_ptl;
      return Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::clear;
      return Next::again;
    case Step::clear:
      return clear(c);
    case Step::flush:
      step = Step::end;
      return c.call({TlbFlush{.mm = mm, .pages = one_page(page)}});
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::next_mapping;
      return c.call({RangeEnd{.range = range()}});
    case Step::unlock_rmap:
      c.release(rmap_lock(mapping));
      step = Step::write;
      return Next::again;
    case Step::write:
      return write(c);
    case Step::free:
      return free(c);
  }
  return c.done();
}

// folio_trylock() and the checks of shrink_folio_list().
Next ReclaimPage::isolate(Context& c) {
  const Frame& target = c.frame(frame);
  if (!target.allocated || c.machine.is_zero(frame) || !target.mapping.some()) {
    return c.give(Result::error(EBUSY));
  }
  if (target.locked_by.some()) return c.give(Result::error(EAGAIN));
  if (target.pins > 0 && c.setup.switches.reclaim_skips_pinned) {
    return c.give(Result::error(EBUSY));
  }
  mapping = target.mapping;
  for (const MappingWindow& window : c.mapping(mapping).windows) {
    const std::optional<Page> mapped = window.page_at(target.index);
    if (!mapped || !c.mm(window.mm).page_table.at(*mapped).maps(frame)) continue;
    const Vma* vma = c.mm(window.mm).find_vma(*mapped);
    if (vma != nullptr && vma->locked) return c.give(Result::error(EBUSY));
  }
  c.get(frame);
  c.lock_folio(frame);
  step = Step::add_to_swap;
  return Next::again;
}

Next ReclaimPage::give_up(Context& c, int error) {
  c.release(folio_lock(frame));
  free_unmapped(c, frame);
  return c.done(Result::error(error));
}

// Private memory gets its slot before it is unmapped: the page tables will name it.
Next ReclaimPage::add_to_swap(Context& c) {
  step = Step::lock_rmap;
  if (c.mapping(mapping).kind == Mapping::Kind::shared || c.frame(frame).slot.some()) {
    return Next::pass;
  }
  const std::optional<SlotId> slot = c.host(c.frame(frame).host).swap.allocate();
  if (!slot) return give_up(c, ENOMEM);
  add_to_swap_cache(c, frame, *slot);
  c.frame(frame).dirty = true;
  return Next::again;
}

// rmap_walk(): the next page table that maps the frame.
Next ReclaimPage::next_mapping(Context& c) {
  const auto& windows = c.mapping(mapping).windows;
  for (; cursor < windows.size(); ++cursor) {
    const std::optional<Page> mapped = windows[cursor].page_at(c.frame(frame).index);
    if (!mapped || !c.mm(windows[cursor].mm).page_table.at(*mapped).maps(frame)) continue;
    mm = windows[cursor].mm;
    page = *mapped;
    ++cursor;
    step = Step::started;
    return c.call({RangeStart{.range = range()}});
  }
  mm = MmId{};
  page = Page{};
  step = Step::unlock_rmap;
  return Next::pass;
}

// try_to_unmap_one(), under the page table lock.
Next ReclaimPage::clear(Context& c) {
  const Pte pte = c.mm(mm).page_table.at(page);
  step = Step::flush;
  if (!pte.maps(frame)) return Next::pass;
  unmap_frame(c, mm, page);
  if (c.mapping(mapping).kind == Mapping::Kind::anonymous) {
    const SlotId slot = c.frame(frame).slot;
    ++c.host(c.frame(frame).host).swap[slot].users;
    c.mm(mm).page_table.set(page, {.target = slot.value, .kind = Pte::Kind::swapped});
  }
  c.put(frame);  // The reference of the map; ours is still there.
  return Next::again;
}

// pageout(): the content goes to swap unless swap has it. Shared memory leaves the page cache here.
Next ReclaimPage::write(Context& c) {
  Frame& target = c.frame(frame);
  SwapDevice& swap = c.host(target.host).swap;
  step = Step::free;
  if (target.maps > 0) return Next::pass;  // Mapped again meanwhile.
  Mapping& owner = c.mapping(mapping);
  if (owner.kind == Mapping::Kind::shared && !target.slot.some()) {
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

// __remove_mapping(): only if the swap cache and we hold the only references.
Next ReclaimPage::free(Context& c) {
  c.release(folio_lock(frame));
  const Frame& target = c.frame(frame);
  if (target.maps > 0 || !target.slot.some() || target.references != 2 || target.dirty) {
    free_unmapped(c, frame);
    return c.done(Result::error(EBUSY));
  }
  if (!wrote) c.emit({.kind = EventKind::clean_drop, .frame = frame, .value = target.value});
  remove_from_swap_cache(c, frame);
  c.put(frame);
  return c.done();
}

Next ReclaimRange::run(Context& c) {
  switch (step) {
    case Step::next: {
      const PageTable& table = c.mm(mm).page_table;
      while (cursor < pages.count && !table.at(pages.at(cursor)).present()) ++cursor;
      if (cursor >= pages.count) return c.done(result);
      const FrameId frame = table.at(pages.at(cursor++)).frame();
      step = Step::reclaimed;
      return c.call({ReclaimPage{.frame = frame}});
    }
    case Step::reclaimed:
      if (!c.task().result.ok()) result = c.task().result;
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

Next ReclaimSome::run(Context& c) {
  switch (step) {
    case Step::next: {
      Host& from = c.host(host);
      // Twice around: those that are freed have left the list.
      const auto limit = 2 * (static_cast<std::uint32_t>(from.lru.size()) + freed);
      while (freed < wanted && tried < limit && !from.lru.empty()) {
        ++tried;
        const FrameId frame = from.lru.front();
        lru_remove(c, frame);
        lru_add(c, frame);
        if (used_since(c, frame)) continue;
        step = Step::reclaimed;
        return c.call({ReclaimPage{.frame = frame}});
      }
      return c.give(Result::value(freed));
    }
    case Step::reclaimed:
      if (c.task().result.ok()) ++freed;
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

// folio_referenced(): test and clear the accessed bits of all that map the frame.
bool ReclaimSome::used_since(Context& c, FrameId frame) const {
  const Frame& target = c.frame(frame);
  bool used = false;
  for (const MappingWindow& window : c.mapping(target.mapping).windows) {
    const std::optional<Page> page = window.page_at(target.index);
    if (!page) continue;
    Pte pte = c.mm(window.mm).page_table.at(*page);
    if (!pte.maps(frame) || !pte.young) continue;
    used = true;
    pte.young = false;
    c.mm(window.mm).page_table.set(*page, pte);
  }
  return used;
}

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
