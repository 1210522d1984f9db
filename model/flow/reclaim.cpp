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
    case Step::split:
      return c.give(c.task().result.ok() ? Result::value(was_split) : Result::error(EBUSY));
  }
  return c.done();
}

// folio_trylock() and the checks of shrink_folio_list().
Next ReclaimPage::isolate(Context& c) {
  const Machine& machine = c.machine;
  const Frame& target = machine.frames[frame];
  if (!target.allocated || machine.is_zero(frame) || !target.mapping.some() || target.device ||
      target.hugetlb || target.pfnmap) {
    return c.give(Result::error(EBUSY));
  }
  if (target.locked_by.some()) return c.give(Result::error(EAGAIN));
  if (target.pins > 0 && c.setup.switches.reclaim_skips_pinned) {
    return c.give(Result::error(EBUSY));
  }
  mapping = target.mapping;
  const auto locks = [&](RmapPlace, const Vma& vma, const Pte& pte) {
    return vma.locked && pte.present() && machine.frames.head(pte.frame()) == frame;
  };
  const RmapPlace locked = next_map(machine, frame, {}, locks);
  c.spend(Cost::rmap_walk);
  if (locked.mm.some()) return c.give(Result::error(EBUSY));
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
  if (!anonymous && target.pages() > 1) {  // Swapped or written page by page.
    return can_split(c.machine, frame, 1) ? split(c) : give_up(c, EBUSY);
  }
  const UnmapFolio unmap{.what = drops ? For::drop : For::swap, .frame = frame, .mapping = mapping};
  if (drops || target.slot.some()) return c.call({unmap});
  const bool large = target.pages() > 1;
  if (large && !can_split(c.machine, frame, 1)) return give_up(c, EBUSY);
  if (large && !stays_whole(c)) return split(c);
  SwapDevice& swap = c.host(target.host).swap;
  const auto slot = large ? swap.allocate_cluster(target.pages()) : swap.allocate();
  if (!slot) return large ? split(c) : give_up(c, ENOMEM);
  add_to_swap_cache(c, frame, *slot);
  c.frame(frame).dirty = true;
  return c.call({unmap});
}

// A large folio is split right away if no huge entry maps it; later only if parts are unmapped.
bool ReclaimPage::stays_whole(Context& c) const {
  const Frame& folio = std::as_const(c.machine).frames[frame];
  const RmapPlace huge = next_place(
      c.machine, mapping, folio.index, {},
      [this](RmapPlace, const Vma&, const Pte& pte) { return pte.maps(frame) && pte.huge; });
  return huge.mm.some() || (c.setup.switches.whole_large && folio.maps % folio.pages() == 0);
}

// split_folio_to_list(): its pages are tried one by one.
Next ReclaimPage::split(Context& c) {
  c.release(folio_lock(frame));
  c.put(frame);
  step = Step::split;
  return c.call({SplitFolio{.frame = frame}});
}

Next ReclaimPage::unmapped(Context& c) {
  if (!c.task().result.ok()) return give_up(c, EBUSY);  // It is mapped again.
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
    c.spend(Cost::disk_write);
    c.emit({.kind = EventKind::page_cleaned, .frame = frame});
    return Next::again;
  }
  if (owner.kind == Mapping::Kind::shmem && !target.slot.some()) {
    const bool gone = !owner.cached(target.index).maps(frame);  // Nobody has this memory any more.
    const std::optional<SlotId> slot = gone ? std::nullopt : swap.allocate();
    if (!slot && !c.task().unflushed.empty()) {
      step = Step::write;
      return c.call({BatchFlush{}});
    }
    if (!slot) return give_up(c, gone ? EBUSY : ENOMEM);
    add_to_swap_cache(c, frame, *slot);
    ++swap[*slot].users;
    owner.set_cached(target.index, {.target = slot->value, .kind = Pte::Kind::swapped});
    c.put(frame);  // The page cache's reference.
    target.dirty = true;
  }
  if (!target.dirty && swap[target.slot].written) return Next::pass;
  for (std::uint32_t i = 0; i < target.pages(); ++i) {
    SwapSlot& slot = swap[SlotId{target.slot.value + i}];
    slot.value = c.frame(FrameId{frame.value + i}).value;
    slot.written = true;
  }
  target.dirty = false;
  wrote = true;
  c.spend(Cost::swap_out);
  c.emit({.kind = EventKind::swap_out, .frame = frame, .value = target.value});
  return Next::again;
}

// __remove_mapping(): only if the swap or page cache and we hold the only references. A page that
// stays is flushed before it is let go: whoever frees it later knows nothing of this.
Next ReclaimPage::free(Context& c) {
  const Frame& target = std::as_const(c.machine).frames[frame];
  const Mapping& owner = std::as_const(c.machine).mappings[mapping.index()];
  const bool cached = owner.kind == Mapping::Kind::disk && owner.cached(target.index).maps(frame);
  const std::uint32_t expected = target.slot.some() || cached ? 2 : 1;
  const bool kept = !target.slot.some() && !cached && !target.lazy_free;
  if (target.maps > 0 || kept || target.references != expected || target.dirty) {
    return c.task().unflushed.empty() ? give_up(c, EBUSY) : c.call({BatchFlush{}});
  }
  c.release(folio_lock(frame));
  if (!wrote && target.slot.some()) {
    c.emit({.kind = EventKind::clean_drop, .frame = frame, .value = target.value});
  }
  if (target.slot.some()) remove_from_swap_cache(c, frame);
  if (cached) {
    c.mapping(mapping).set_cached(target.index, {});
    c.spend(Cost::page_cache);
    c.put(frame);
  }
  lru_remove(c, frame);
  return c.done();
}

// ---- ReclaimRange

Next ReclaimRange::run(Context& c) {
  switch (step) {
    case Step::age:
      step = Step::next;
      c.task().collected.emplace_back();
      drain_lru(c);
      if (ages) return c.call({AgeRange{.shoot = false, .mm = mm, .pages = pages}});
      if (wanted == 0) return Next::pass;
      find_candidates(c);
      return Next::again;
    case Step::next:
      return wanted != 0 ? next_candidate(c) : next(c);
    case Step::reclaimed:
      return reclaimed(c);
    case Step::flush:
      step = Step::free;
      return c.call({BatchFlush{}});
    case Step::free: {
      auto& freed = c.collected().folios;
      if (!c.setup.switches.free_in_order) std::reverse(freed.begin(), freed.end());
      for (const FrameId clean : freed) {
        count += c.frame(clean).pages();
        c.put(clean);
      }
      c.spend(Cost::page_alloc, freed.size());
      freed.clear();
      step = Step::finish;
      return Next::again;
    }
    case Step::finish:
      if (ages) {
        ages = false;
        return c.call({TlbFinish{.mm = mm}});
      }
      c.task().collected.pop_back();
      if (wanted != 0) return c.give(count < wanted ? Result::error(EAGAIN) : Result::success());
      return c.give(alone ? Result::success() : result);
  }
  return c.done();
}

// The cgroup's pages, the longest unused first.
void ReclaimRange::find_candidates(Context& c) {
  for (const FrameId folio : std::as_const(c.machine).hosts[c.mm(mm).host.index()].lru) {
    const RmapPlace place =
        next_map(c.machine, folio, {}, [&](RmapPlace, const Vma&, const Pte& pte) {
          const bool there = pte.present() || pte.kind == Pte::Kind::device_exclusive;
          return there && c.machine.frames.head(pte.frame()) == folio;
        });
    if (place.mm == mm) c.collected().rest.push_back(folio);
  }
}

Next ReclaimRange::next_candidate(Context& c) {
  const Small<FrameId, 2>& candidates = c.collected().rest;
  // Twice around: those that were used get a second chance.
  while (cursor < 2 * candidates.size() && !candidates[cursor % candidates.size()].some()) {
    ++cursor;
  }
  if (cursor >= 2 * candidates.size() || c.collected().folios.size() >= std::max(wanted, cluster)) {
    step = Step::flush;
    return Next::pass;
  }
  frame = candidates[cursor % candidates.size()];
  step = Step::reclaimed;
  return c.call({ReclaimPage{.asks = true, .spares = true, .frame = frame}});
}

// madvise_cold_or_pageout_pte_range(): a folio after the other.
Next ReclaimRange::next(Context& c) {
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  auto& rest = c.collected().rest;
  from_rest = !rest.empty();
  if (from_rest) {
    frame = rest.back();
    rest.pop_back();
    step = Step::reclaimed;
    return c.call({ReclaimPage{.asks = ages, .frame = frame}});
  }
  for (; cursor < pages.count; ++cursor) {
    const Pte pte = table.at(pages.at(cursor));
    const bool lent = pte.kind == Pte::Kind::device_exclusive && !alone;
    if (!lent && !pte.present()) continue;
    if (c.machine.is_zero(c.machine.frames.head(pte.frame()))) continue;
    frame = c.machine.frames.head(pte.frame());
    step = Step::reclaimed;
    if (!alone) return c.call({ReclaimPage{.asks = ages, .frame = frame}});
    if (!mapped_once(c.machine, frame, mm)) continue;
    if (c.frame(frame).pages() == 1 || takes_whole(c, mm, pages.at(cursor), pages)) {
      return c.call({ReclaimPage{.asks = ages, .frame = frame}});
    }
    const FrameId head = frame;
    frame = FrameId{};
    return c.call({SplitFolio{.frame = head}});
  }
  step = Step::flush;
  return Next::pass;
}

Next ReclaimRange::reclaimed(Context& c) {
  const Result outcome = c.task().result;
  step = Step::next;
  const bool split = outcome == Result::value(ReclaimPage::was_split);
  if (split && wanted != 0) add_pages(c);
  if (split && wanted == 0 && is_file(c.machine, frame)) add_named(c);
  if (split || (!frame.some() && outcome.ok())) return Next::pass;  // Its pages are next.
  if (!outcome.ok()) {
    result = outcome;
    if (wanted == 0 && !from_rest) cursor += rest_of_folio(c);
  } else {
    c.collected().folios.push_back(frame);
    if (wanted != 0) c.collected().rest[cursor % c.collected().rest.size()] = FrameId{};
  }
  if (!from_rest) ++cursor;
  return Next::pass;
}

// Those that the call names, of a huge page of a file that was split: they are mapped no more.
void ReclaimRange::add_named(Context& c) {
  const Page at = pages.at(cursor);
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(at);
  const std::uint32_t skipped =
      vma == nullptr ? pmd_pages : vma->index_of(at) - c.frame(frame).index;
  const std::uint32_t named = std::min(pmd_pages - skipped, pages.count - cursor);
  for (std::uint32_t i = named; i-- > 0;) {
    const FrameId page{frame.value + skipped + i};
    if (c.frame(page).allocated) c.collected().rest.push_back(page);
  }
  cursor += named;
}

// Of what could not be reclaimed: the pages behind the one that was tried.
std::uint32_t ReclaimRange::rest_of_folio(Context& c) const {
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  const Pte pte = table.at(pages.at(cursor));
  if (!pte.present()) return 0;
  const FrameId head = c.machine.frames.head(pte.frame());
  std::uint32_t rest = 0;
  while (cursor + rest + 1 < pages.count) {
    const Pte next = table.at(pages.at(cursor + rest + 1));
    if (!next.present() || c.machine.frames.head(next.frame()) != head) break;
    ++rest;
  }
  return rest;
}

// The pages of a folio that was split are tried in its place.
void ReclaimRange::add_pages(Context& c) {
  for (std::uint32_t i = 1; i < pmd_pages; ++i) {
    const FrameId page{frame.value + i};
    if (c.frame(page).allocated) c.collected().rest.push_back(page);
  }
}

bool mapped_once(const Machine& machine, FrameId head, MmId mm) {
  const Frame& folio = machine.frames[head];
  return folio.maps == 1 || (folio.pages() > 1 && mapped_only_by(machine, head, mm));
}

bool takes_whole(Context& c, MmId mm, Page page, PageRange pages) {
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  const Pte pte = table.at(page);
  const FrameId head = c.machine.frames.head(pte.frame());
  const std::uint32_t size = c.frame(head).pages();
  if (!pte.huge && (!c.setup.switches.whole_large || pte.frame() != head)) return false;
  const PageRange span = pte.huge ? span_of(page, pmd_pages) : PageRange{page, size};
  if (span.intersect(pages).count < size) return false;
  for (std::uint32_t i = 0; i < size; ++i) {
    if (table.at(span.at(i)).target != head.value + i) return false;
  }
  return true;
}

// ---- ReclaimSome

Next ReclaimSome::run(Context& c) {
  switch (step) {
    case Step::next: {
      drain_lru(c);
      Host& from = c.host(host);
      // Twice around: those that are freed have left the list.
      const auto limit = 2 * (static_cast<std::uint32_t>(from.lru.size()) + freed);
      while (freed < wanted && tried < limit && !from.lru.empty()) {
        ++tried;
        frame = from.lru.front();
        from.lru.erase(from.lru.begin());
        from.lru.push_back(frame);
        if (test_and_clear_young(c, frame)) continue;
        step = Step::reclaimed;
        return c.call({ReclaimPage{.frame = frame}});
      }
      frame = FrameId{};
      return c.give(Result::value(freed));
    }
    case Step::reclaimed: {  // What was unmapped is flushed also if the page stays.
      const Result outcome = c.task().result;
      if (!outcome.ok() || outcome == Result::value(ReclaimPage::was_split)) frame = FrameId{};
      step = Step::flushed;
      return c.call({BatchFlush{}});
    }
    case Step::flushed:
      step = Step::next;
      if (!frame.some()) return Next::pass;
      c.spend(Cost::page_alloc);
      freed += c.frame(frame).pages();
      c.put(frame);
      frame = FrameId{};
      return Next::again;
  }
  return c.done();
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
