// SPDX-License-Identifier: Apache-2.0
#include "model/flow/file.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// The first page that is cached there and of which `wanted(folio)` says yes.
template <class Wanted>
FrameId find_cached(const Machine& machine, MappingId file, PageRange indices, Wanted wanted) {
  for (const auto& [index, entry] : machine.mappings[file.index()].cache) {
    if (!indices.contains(Page{index}) || !entry.present()) continue;
    if (wanted(machine.frames[entry.frame()])) return entry.frame();
  }
  return {};
}

// A huge page that sticks out could not be split, and stays.
void drop_cache(Context& c, MappingId file, std::uint32_t first, std::uint32_t end) {
  drain_lru(c);  // folio_batch_release()
  Small<FrameId, 8> frames;
  auto& cache = c.mapping(file).cache;
  for (const auto& [index, entry] : cache) {
    const std::uint32_t pages = entry.huge ? pmd_pages : 1;
    if (index < first || index >= end || end - index < pages) continue;
    if (entry.present()) frames.push_back(entry.frame());
  }
  for (const FrameId frame : frames) {
    c.mapping(file).set_cached(c.frame(frame).index, {});
    c.spend(Cost::page_cache);
    c.frame(frame).dirty = false;
    c.frame(frame).mapping = MappingId{};
  }
  Small<std::pair<std::uint32_t, Pte>, 8> swapped;
  for (const auto& [index, entry] : c.mapping(file).cache) {
    if (index >= first && index < end && entry.swapped()) swapped.push_back({index, entry});
  }
  for (const auto& [index, entry] : swapped) {
    c.mapping(file).set_cached(index, {});
    c.spend(Cost::page_cache);
    put_swap_entry(c, c.mapping(file).host, entry.slot());
  }
  drop_if(c.mapping(file).stored,
          [&](const auto& old) { return old.first >= first && old.first < end; });
  if (!c.setup.switches.free_in_order) std::reverse(frames.begin(), frames.end());
  for (const FrameId frame : frames) put_cached(c, frame);
  c.spend(Cost::page_alloc, frames.size());
}

constexpr std::uint32_t read_ahead = 32;  // Pages: ra_pages, of 128 KB.
constexpr std::uint32_t to_the_end = 0x7fffffff;

}  // namespace

// ---- UnmapMapping

Wait UnmapMapping::guard() const {
  return step == Step::lock ? Wait::lock(rmap_lock(file), mode) : Wait{};
}

Next UnmapMapping::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(rmap_lock(file), mode);
      step = Step::next;
      return Next::again;
    case Step::next:
      return next(c);
    case Step::unlock:
      c.release(rmap_lock(file));
      return c.done();
  }
  return c.done();
}

// vma_interval_tree_foreach(): a VMA is in the tree until munmap() or exit() have unmapped it.
Next UnmapMapping::next(Context& c) {
  const Machine& machine = c.machine;
  for (std::uint32_t space = mm.some() ? mm.value : 0; space < machine.spaces.size(); ++space) {
    const Vma* found = nullptr;
    const auto look_at = [&](const Vma& vma) {
      if (vma.file != file || (mm == MmId{space} && vma.pages.first <= page)) return;
      c.spend(Cost::rmap_walk);
      const bool earlier = found == nullptr || vma.pages.first < found->pages.first;
      if (part_of(vma).count > 0 && earlier) found = &vma;
    };
    for (const Vma& vma : machine.spaces[space].vmas) look_at(vma);
    for (const Vma& vma : machine.spaces[space].detached) look_at(vma);
    if (found == nullptr) continue;
    mm = MmId{space};
    page = found->pages.first;
    return c.call({zap_of(c, *found, part_of(*found))});
  }
  step = Step::unlock;
  return Next::pass;
}

// Of the VMA, what is to be unmapped.
PageRange UnmapMapping::part_of(const Vma& vma) const {
  const std::uint32_t from = std::max(first, vma.index);
  const std::uint64_t end =
      std::min<std::uint64_t>(std::uint64_t{first} + count, vma.index + vma.pages.count);
  if (from >= end) return {};
  return {.first = vma.pages.at(from - vma.index), .count = static_cast<std::uint32_t>(end - from)};
}

// ---- DropCache

Wait DropCache::guard() const {
  const bool locks = step == Step::lock && frame.some();
  return locks ? Wait::lock(folio_lock(frame), LockMode::write) : Wait{};
}

Next DropCache::run(Context& c) {
  const PageRange indices{.first = Page{first}, .count = end - first};
  switch (step) {
    case Step::first_edge:
      step = Step::last_edge;
      return split_at(c, first);
    case Step::last_edge:
      step = Step::lock;
      return split_at(c, end);
    case Step::lock:
      frame = find_cached(c.machine, file, indices,
                          [](const Frame& folio) { return folio.locked_by.some(); });
      if (frame.some()) return Next::again;
      frame =
          find_cached(c.machine, file, indices, [](const Frame& folio) { return folio.maps > 0; });
      if (!frame.some()) {
        drop_cache(c, file, first, end);
        return c.done();
      }
      drop_cache(c, file, first, c.frame(frame).index);
      first = c.frame(frame).index;
      c.lock_folio(frame);
      step = Step::unmapped;
      return c.call({UnmapMapping{.keep_private = true,
                                  .mode = rmap_mode(c.machine, file),
                                  .file = file,
                                  .first = first,
                                  .count = c.frame(frame).pages()}});
    case Step::unmapped: {
      const std::uint32_t next = std::min(end, first + c.frame(frame).pages());
      c.release(folio_lock(frame));
      drop_cache(c, file, first, next);
      first = next;  // What comes back behind us is left.
      frame = FrameId{};
      step = Step::lock;
      return Next::again;
    }
  }
  return c.done();
}

// truncate_inode_partial_folio(): of a huge page only a part of which goes, that part is zeroed,
// and the page is split.
Next DropCache::split_at(Context& c, std::uint32_t edge) const {
  const Pte cached = std::as_const(c.machine).mappings[file.index()].cached(edge);
  if (!cached.present() || !cached.huge || edge % pmd_pages == 0) return Next::pass;
  const FrameId head = c.machine.frames.head(cached.frame());
  const std::uint32_t start = c.frame(head).index;
  for (std::uint32_t i = 0; i < pmd_pages; ++i) {
    if (start + i >= first && start + i < end) c.frame(FrameId{head.value + i}).value = 0;
  }
  c.spend(Cost::clear_page, pmd_pages);
  return c.call({SplitFolio{.frame = head}});
}

// zap_page_range_single(), or of hugetlb unmap_hugepage_range(): that has a bracket of its own.
Zap UnmapMapping::zap_of(Context& c, const Vma& vma, PageRange part) const {
  const NotifierRange range{.mm = mm, .pages = part, .event = NotifierEvent::clear};
  if (!vma.hugetlb) return {.keep_private = keep_private, .range = range};
  return {.notify = !c.setup.switches.hugetlb_brackets, .range = range, .pool = part};
}

// ---- PunchHole

// hugetlbfs_punch_hole(): of a huge page only a part of which is cut out, that is zeroed.
void PunchHole::zero_parts(Context& c) {
  const std::uint32_t size = c.mapping(file).pagesize();
  const std::uint32_t whole = huge_aligned(first, size);
  const std::uint32_t whole_end = std::max(whole, (first + count) / size * size);
  const auto zero = [&](std::uint32_t from, std::uint32_t to) {  // Of one huge page.
    const Pte cached = c.mapping(file).cached(from - from % size);
    if (cached.present()) c.machine.frames.zero(FrameId{cached.target + from % size}, to - from);
  };
  const std::uint32_t end = first + count;
  if (first < whole) zero(first, std::min(end, whole));
  if (whole_end < end) zero(whole_end, end);
  first = whole;
  count = whole_end - whole;
}

Next PunchHole::run(Context& c) {
  switch (step) {
    case Step::unmap:
      c.spend(Cost::syscall);
      if (c.mapping(file).kind == Mapping::Kind::hugetlbfs) zero_parts(c);
      step = Step::truncate;
      if (count == 0) {  // Less than a page: it is written over.
        c.spend(Cost::clear_page);
        return Next::pass;
      }
      return c.call({UnmapMapping{.keep_private = true,
                                  .mode = rmap_mode(c.machine, file),
                                  .file = file,
                                  .first = first,
                                  .count = count}});
    case Step::truncate:
      step = Step::finish;
      return c.call({DropCache{.file = file, .first = first, .end = first + count}});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// ---- Truncate

Next Truncate::run(Context& c) {
  const auto unmap = [&](Step after) {
    step = after;
    return UnmapMapping{
        .mode = rmap_mode(c.machine, file), .file = file, .first = pages, .count = to_the_end};
  };
  switch (step) {
    case Step::resize: {
      c.spend(Cost::syscall);
      if (pages % c.mapping(file).pagesize() != 0) return c.done(Result::error(EINVAL));
      const std::uint32_t old = c.mapping(file).size;
      c.mapping(file).size = pages;
      if (pages >= old) {
        step = Step::finish;
        return Next::pass;
      }
      return c.call({unmap(Step::truncate)});
    }
    case Step::truncate:
      // hugetlb_vmtruncate() holds off faults instead.
      step = c.mapping(file).kind == Mapping::Kind::hugetlbfs ? Step::finish : Step::unmap_again;
      return c.call({DropCache{.file = file, .first = pages, .end = 0xffffffff}});
    case Step::unmap_again:
      return c.call({unmap(Step::finish)});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// ---- ReadAhead

Next ReadAhead::run(Context& c) {
  const std::uint32_t size = c.mapping(file).size;
  const std::uint32_t first = index > read_ahead / 2 ? index - read_ahead / 2 : 0;
  for (std::uint32_t at = first; at < std::min(size, first + read_ahead); ++at) {
    if (c.mapping(file).cached(at).populated()) continue;
    const auto frame = c.allocate(host);
    if (!frame && at <= index && c.reclaims(reclaims)) return c.call({ReclaimSome{.host = host}});
    if (!frame) return at <= index ? c.done(Result::error(ENOMEM)) : c.done();
    c.frame(*frame).mapping = file;
    c.frame(*frame).index = at;
    c.frame(*frame).value = c.mapping(file).read(at);
    c.spend(Cost::page_alloc);
    c.spend(Cost::page_cache);
    lru_add(c, *frame);
    c.mapping(file).set_cached(at, {.target = frame->value, .kind = Pte::Kind::present});
  }
  c.spend(Cost::disk_read);
  return c.done();
}

// ---- FileAccess

Wait FileAccess::guard() const {
  return step == Step::wait_folio ? Wait::lock(folio_lock(frame), LockMode::write) : Wait{};
}

Next FileAccess::run(Context& c) {
  switch (step) {
    case Step::copy:
      return copy(c);
    case Step::wait_folio:  // folio_lock(): whoever reads or writes the page is through with it.
      c.lock_folio(frame);
      return insert(c);
    case Step::read_swap:
      c.frame(frame).value = c.host(c.frame(frame).host).swap[slot].value;
      c.spend(Cost::swap_in);
      return insert(c);
    case Step::read_disk:
      if (!c.task().result.ok()) return c.give(c.task().result);
      step = Step::copy;
      return Next::pass;
  }
  return c.done();
}

Next FileAccess::copy(Context& c) {
  c.spend(Cost::syscall);
  c.spend(Cost::page_cache);
  const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
  const bool pool = cache.kind == Mapping::Kind::hugetlbfs;
  if (pool && write) return c.done(Result::error(EINVAL));  // It knows no write().
  if (!write && index >= cache.size) return c.done(Result::value(0));
  const std::uint32_t tail = index % cache.pagesize();
  Pte cached = cache.cached(index - tail);
  if (cached.swapped()) {
    slot = cached.slot();
    return swap_in(c);
  }
  if (!cached.present() && !write) {
    if (cache.kind != Mapping::Kind::disk) return c.done(Result::value(0));  // A hole.
    step = Step::read_disk;
    return c.call({ReadAhead{.file = file, .index = index, .host = cache.host}});
  }
  if (!cached.present()) {  // All of the page is written, so that nothing is read before.
    const auto fresh = c.allocate(cache.host);
    if (!fresh && c.reclaims(reclaims)) return c.call({ReclaimSome{.host = cache.host}});
    if (!fresh) return c.done(Result::error(ENOMEM));
    c.spend(Cost::page_alloc);
    c.frame(*fresh).mapping = file;
    c.frame(*fresh).index = index;
    lru_add(c, *fresh);
    cached = {.target = fresh->value, .kind = Pte::Kind::present};
    c.mapping(file).set_cached(index, cached);
    c.mapping(file).size = std::max(cache.size, index + 1);
  }
  if (c.frame(cached.frame()).poisoned) return c.done(Result::error(EIO));
  const FrameId own{cached.target + tail};
  c.spend(Cost::copy_page);
  if (!write) return c.done(Result::value(std::as_const(c.machine).frames[own].value));
  Frame& page = c.frame(own);
  page.value = value;
  page.dirty = true;
  return c.done();
}

Next FileAccess::swap_in(Context& c) {
  const HostId host = std::as_const(c.machine).mappings[file.index()].host;
  frame = std::as_const(c.machine).hosts[host.index()].swap[slot].cached;
  if (frame.some() && c.frame(frame).poisoned) return c.done(Result::error(EIO));
  if (frame.some()) {
    c.get(frame);
    step = Step::wait_folio;
    return Next::again;
  }
  const auto fresh = read_into_swap_cache(c, host, slot);
  if (!fresh && c.reclaims(reclaims)) return c.call({ReclaimSome{.host = host}});
  if (!fresh) return c.done(Result::error(ENOMEM));
  frame = *fresh;
  step = Step::read_swap;
  return Next::again;
}

// Only if the page cache still names the slot.
Next FileAccess::insert(Context& c) {
  const Pte cached = std::as_const(c.machine).mappings[file.index()].cached(index);
  c.release(folio_lock(frame));
  if (cached.swapped() && cached.slot() == slot && c.frame(frame).slot == slot) {
    c.emit({.kind = EventKind::swap_in, .frame = frame});
    swap_into_page_cache(c, file, index, frame);
  }
  free_unmapped(c, frame);
  frame = FrameId{};
  step = Step::copy;
  return Next::again;
}

// ---- Writeback

Wait Writeback::guard() const {
  if (step == Step::lock) return Wait::lock(folio_lock(frame), LockMode::write);
  if (step == Step::lock_rmap) return Wait::lock(rmap_lock(file), LockMode::read);
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(place.mm), LockMode::write) : Wait{};
}

NotifierRange Writeback::range(const Context& c) const {
  return {.mm = place.mm,
          .pages = one_page(place.page),
          .event = NotifierEvent::protection_page,
          .by_entry = has_invalidate_page(c)};
}

Next Writeback::run(Context& c) {
  switch (step) {
    case Step::find_file: {
      c.spend(Cost::syscall);
      if (!file.some()) {
        const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.first);
        if (vma == nullptr) return c.done(Result::error(ENOMEM));
        if (!vma->file.some() || !vma->shared) return c.done();
        file = vma->file;
        index = vma->index_of(pages.first);
        last = index + pages.count;
      }
      const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
      if (cache.kind != Mapping::Kind::disk) return c.done();  // Nowhere to write it to.
      step = Step::next;
      return Next::pass;
    }
    case Step::next: {
      const Machine& machine = c.machine;
      for (; index < last; ++index) {
        const Pte cached = machine.mappings[file.index()].cached(index);
        c.spend(Cost::page_cache);
        if (!cached.present() || !machine.frames[cached.frame()].dirty) continue;
        frame = cached.frame();
        c.get(frame);
        step = Step::lock;
        return Next::pass;
      }
      step = Step::finish;
      return Next::pass;
    }
    case Step::lock:
      return lock(c);
    case Step::lock_rmap:  // folio_mkclean()
      c.take(rmap_lock(file), LockMode::read);
      step = Step::next_mapping;
      return Next::again;
    case Step::next_mapping:
      return next_mapping(c);
    case Step::lock_ptl:
      c.take(page_table_lock(place.mm), LockMode::write);
      entry = c.mm(place.mm).page_table.at(place.page);
      step = Step::end;
      if (!entry.maps(frame) || (!entry.dirty && !entry.write)) return Next::again;
      unmap_frame(c, place.mm, place.page);
      step = Step::flush;
      return Next::again;
    case Step::flush: {
      step = Step::set;
      TlbFlush flush = flush_page(place.mm, place.page);
      flush.secondary = false;
      return c.call({flush});
    }
    case Step::set:
      if (invalidate_page(c, place.mm, one_page(place.page), page_told) == Next::call) {
        return Next::call;
      }
      map_frame(c, place.mm, place.page, frame, {.young = entry.young, .uffd_wp = entry.uffd_wp});
      step = Step::end;
      return Next::again;
    case Step::end:
      c.release(page_table_lock(place.mm));
      step = Step::next_mapping;
      return c.call({RangeEnd{.range = range(c)}});
    case Step::write:
      c.mapping(file).store(index, c.frame(frame).value);
      c.frame(frame).dirty = false;
      c.emit({.kind = EventKind::page_cleaned, .frame = frame});
      c.release(folio_lock(frame));
      c.put(frame);
      c.spend(Cost::disk_write);
      ++index;
      step = Step::next;
      return Next::again;
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// write_cache_pages(): it may have been truncated, or written by somebody else.
Next Writeback::lock(Context& c) {
  place = {};
  step = c.frame(frame).maps > 0 ? Step::lock_rmap : Step::write;
  const Pte cached = std::as_const(c.machine).mappings[file.index()].cached(index);
  if (cached.maps(frame) && c.frame(frame).dirty) {
    c.lock_folio(frame);
    return Next::pass;
  }
  c.put(frame);
  ++index;
  step = Step::next;
  return Next::again;
}

Next Writeback::next_mapping(Context& c) {
  place = next_place(
      c.machine, file, index, place,
      [this](RmapPlace, const Vma& vma, const Pte& pte) { return vma.shared && pte.maps(frame); });
  if (!place.mm.some()) {
    c.release(rmap_lock(file));
    step = Step::write;
    return Next::pass;
  }
  c.spend(Cost::rmap_walk);
  step = Step::lock_ptl;
  return c.call({RangeStart{.range = range(c)}});
}

}  // namespace model
