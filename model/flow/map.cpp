// SPDX-License-Identifier: Apache-2.0
#include "model/flow/map.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// The region of the scenario that holds the page: of the process, or of the one it comes from.
std::optional<std::uint32_t> region_of(Context& c, MmId mm, Page page) {
  for (; mm.some(); mm = c.mm(mm).parent) {
    for (std::uint32_t i = 0; i < c.setup.regions.size(); ++i) {
      const RegionSetup& region = c.setup.regions[i];
      if (region.mm == mm && region.pages.contains(page)) return i;
    }
  }
  return std::nullopt;
}

// The VMA that the region asks for, at those pages.
std::optional<Vma> declared(Context& c, MmId mm, PageRange pages) {
  const auto number = region_of(c, mm, pages.first);
  if (!number) return std::nullopt;
  Vma vma = vma_of(c.setup, *number);
  vma.index += pages.first.value - c.setup.regions[*number].pages.first.value;
  vma.pages = pages;
  return vma;
}

// A file or an anon_vma that nobody else has. Memory that nobody uses any more is used again.
MappingId new_mapping(Context& c, Mapping::Kind kind, HostId host) {
  const Machine& machine = c.machine;
  const auto used = [&](MappingId id) {
    return std::ranges::any_of(machine.spaces, [id](const AddressSpace& space) {
      return std::ranges::any_of(space.vmas, [id](const Vma& vma) { return vma.belongs_to(id); });
    });
  };
  for (std::uint32_t i = 0; kind == Mapping::Kind::shmem && i < machine.mappings.size(); ++i) {
    const Mapping& old = machine.mappings[i];
    const bool fits = old.kind == kind && old.host == host && !old.file && old.cache.empty();
    if (fits && !used(MappingId{i})) return MappingId{i};
  }
  c.machine.mappings.push_back({.kind = kind, .host = host});
  return MappingId{static_cast<std::uint32_t>(machine.mappings.size() - 1)};
}

std::uint32_t huge_aligned(std::uint32_t count) {
  return (count + pmd_pages - 1) / pmd_pages * pmd_pages;
}

// mlockall(MCL_FUTURE)
void lock_as_told(const AddressSpace& space, Vma& vma) {
  vma.locked = vma.locked || (space.lock_future & lock_all_flag::future) != 0;
}

bool fills_locked(const AddressSpace& space, const Vma& vma) {
  return vma.locked && (space.lock_future & lock_all_flag::on_fault) == 0;
}

bool mapped(const AddressSpace& space, PageRange pages) {
  return std::ranges::any_of(space.vmas, [&](const Vma& vma) { return vma.pages.overlaps(pages); });
}

}  // namespace

Next Syscall::run(Context& c) {
  c.spend(Cost::syscall);
  for (std::uint32_t at = 0; at < pages.count; at += pmd_pages) c.spend(Cost::pte_walk);
  return c.done(error == 0 ? Result::success() : Result::error(error));
}

// ---- Mmap

Wait Mmap::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

std::optional<Vma> Mmap::wanted(Context& c) const {
  std::optional<Vma> vma = declared(c, mm, pages);
  if (!vma) return vma;
  if ((protection & protection::as_declared) == 0) {
    vma->read = (protection & protection::read) != 0;
    vma->write = (protection & protection::write) != 0;
    vma->exec = (protection & protection::exec) != 0;
  }
  if ((flags & map_flag::anonymous) != 0) {
    vma->file = {};
    vma->disk = false;
    vma->hugetlb = c.setup.regions[*region_of(c, mm, pages.first)].hugetlb;
  }
  if (file.some()) {
    vma->file = MappingId{file.value};
    vma->index = offset;
    vma->disk = c.mapping(vma->file).kind == Mapping::Kind::disk;
    vma->hugetlb = c.mapping(vma->file).kind == Mapping::Kind::hugetlbfs;
  }
  vma->shared =
      (flags & map_flag::shared) != 0 || ((flags & map_flag::private_) == 0 && vma->shared);
  vma->hugetlb = vma->hugetlb || (flags & map_flag::hugetlb) != 0;
  vma->grows_down = vma->grows_down || (flags & map_flag::grows_down) != 0;
  vma->locked = vma->locked || (flags & map_flag::locked) != 0;
  lock_as_told(c.mm(mm), *vma);
  return vma;
}

// What the memory belongs to: each shared mapping without a file is a file of its own.
void Mmap::prepare(Context& c, Vma& vma) const {
  const HostId host = c.mm(mm).host;
  const std::uint32_t region = *region_of(c, mm, pages.first);
  const MappingId own = mapping_of(c.setup, region);
  vma.anon = MappingId{};
  if (vma.shared && vma.file.some() && (file.some() || vma.file != own)) return;
  if (vma.shared) {
    vma.file = new_mapping(c, Mapping::Kind::shmem, host);
    c.mapping(vma.file).size = vma.index + pages.count;
    return;
  }
  if (vma.file == own) vma.file = MappingId{};
  const bool fits = c.mapping(own).anonymous() && c.setup.regions[region].mm == mm;
  vma.anon = fits ? own : new_mapping(c, Mapping::Kind::anonymous, host);
}

Next Mmap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::unmap;
      return Next::pass;
    case Step::unmap: {
      const std::optional<Vma> vma = wanted(c);
      if (!vma) return fail(c, EINVAL);
      if (vma->hugetlb) {  // Whole huge pages of the file, at such an address.
        if ((pages.first.value | vma->index) % pmd_pages != 0) return fail(c, EINVAL);
        pages.count = huge_aligned(pages.count);
      }
      step = Step::insert;
      if ((flags & map_flag::fixed) == 0 || !mapped(c.mm(mm), pages)) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = pages}});
    }
    case Step::insert: {
      if (c.task().result == Result::error(EINVAL)) return fail(c, EINVAL);
      if (mapped(c.mm(mm), pages)) return fail(c, EEXIST);
      Vma vma = *wanted(c);
      prepare(c, vma);
      const bool fills = (flags & map_flag::populate) != 0 || fills_locked(c.mm(mm), vma);
      vma.locked = vma.locked && !vma.hugetlb;  // It is not reclaimed anyway.
      c.mm(mm).insert(vma);
      c.spend(Cost::vma);
      c.changed(Wait::Kind::userfault, mm.value);
      unlock_write(c, mm);
      if (!fills) return c.done();
      step = Step::populate;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = pages}});
    }
    case Step::populate:  // What cannot be filled now is filled by faults.
      return c.give(Result::success());
  }
  return c.done();
}

Next Mmap::fail(Context& c, int number) const {
  unlock_write(c, mm);
  return c.done(Result::error(number));
}

// ---- Munmap

Wait Munmap::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

Next Munmap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      if (cuts_hugetlb(c.mm(mm), pages)) {
        unlock_write(c, mm);
        return c.done(Result::error(EINVAL));
      }
      step = Step::unmap;
      return Next::again;
    case Step::unmap:
      step = Step::unlock;
      return c.call({Unmap{.downgrade = true, .mm = mm, .pages = pages}});
    case Step::unlock:
      unlock_write(c, mm);
      return c.done(c.task().result);
  }
  return c.done();
}

// ---- Brk

Wait Brk::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

Next Brk::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::resize;
      return Next::pass;
    case Step::resize: {
      step = Step::unlock;
      std::uint32_t now = 0;
      while (now < heap.count && c.mm(mm).find_vma(heap.at(now)) != nullptr) ++now;
      if (size < now) {
        return c.call({Unmap{
            .downgrade = true, .mm = mm, .pages = {.first = heap.at(size), .count = now - size}}});
      }
      if (size > now && size <= heap.count) {
        auto vma = declared(c, mm, {.first = heap.at(now), .count = size - now});
        c.spend(Cost::vma);
        if (!vma) return Next::pass;
        lock_as_told(c.mm(mm), *vma);
        if (fills_locked(c.mm(mm), *vma)) grown = vma->pages;
        c.mm(mm).insert(*vma);
      }
      return Next::pass;
    }
    case Step::unlock:
      unlock_write(c, mm);
      if (grown.count == 0) return c.done();
      step = Step::populated;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = grown}});
    case Step::populated:
      return c.give(Result::success());
  }
  return c.done();
}

// ---- Mremap

Wait Mremap::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

// What is moved: the rest of the source is given up, the rest of the target is new.
PageRange Mremap::moved_part() const {
  return {.first = from.first, .count = std::min(from.count, to.count)};
}

Next Mremap::fail(int number) {
  error = number;
  step = Step::fail;
  return Next::pass;
}

Next Mremap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::decide;
      return Next::again;
    case Step::decide:
      return decide(c);
    case Step::unmap_target:
      step = Step::shrink;
      if (!mapped(c.mm(mm), to)) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = to}});
    case Step::shrink:
      if (c.task().result == Result::error(EINVAL)) return fail(EINVAL);
      if (c.mm(mm).find_vma(from.first) == nullptr) return fail(EFAULT);  // It was the target.
      step = Step::move;
      if (from.count <= to.count) return Next::pass;
      return c.call(
          {Unmap{.mm = mm, .pages = {.first = from.at(to.count), .count = from.count - to.count}}});
    case Step::move: {  // copy_vma(), then its page tables.
      step = Step::moved;
      Vma copy = *c.mm(mm).find_vma(from.first);
      copy.index = copy.index_of(from.first);
      copy.pages = to;
      copy.drop_uffd();
      populates = copy.locked && to.count > from.count;
      c.mm(mm).insert(copy);
      c.spend(Cost::vma);
      if (from.count == 0) return Next::pass;
      if (copy.hugetlb)
        return c.call({MoveHugetlb{.mm = mm, .from = moved_part(), .to = to.first}});
      return c.call({MovePageTables{.mm = mm, .from = moved_part(), .to = to.first}});
    }
    case Step::moved:
      step = Step::unmap_source;
      if (from.count == 0 || (flags & remap_flag::dontunmap) != 0) {
        if (from.count > 0) c.mm(mm).modify(from, [](Vma& left) { left.locked = false; });
        step = Step::unlock;
        return Next::pass;
      }
      return c.call({Unmap{.mm = mm, .pages = moved_part()}});
    case Step::unmap_source:
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      unlock_write(c, mm);
      if (!populates) return c.done();
      step = Step::populated;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = to}});
    case Step::populated:
      return c.give(Result::success());
    case Step::fail:
      unlock_write(c, mm);
      return c.done(Result::error(error));
  }
  return c.done();
}

Next Mremap::decide(Context& c) {
  const Vma* vma = c.mm(mm).find_vma(from.first);
  const bool leaves = (flags & remap_flag::dontunmap) != 0;
  const bool needs_move = (flags & (remap_flag::fixed | remap_flag::dontunmap)) != 0;
  if (needs_move && (flags & remap_flag::maymove) == 0) return fail(EINVAL);
  if (leaves && from.count != to.count) return fail(EINVAL);
  if (vma == nullptr) return fail(EFAULT);
  if (vma->hugetlb && !fits_hugetlb()) return fail(EINVAL);
  if (from.count == 0 && !vma->shared) return fail(EINVAL);
  if (vma->hugetlb) {  // It cannot grow, and has VM_DONTEXPAND.
    const bool whole = from.first.value % pmd_pages == 0 && to.first.value % pmd_pages == 0;
    if (!whole || to.count > from.count || leaves) return fail(EINVAL);
  }
  if (from.count > 0 && from.end() > vma->pages.end()) return fail(EFAULT);
  if (from.first == to.first && from.count > 0) return in_place(c);
  if ((flags & remap_flag::maymove) == 0) return fail(EINVAL);
  if ((flags & remap_flag::fixed) == 0 && mapped(c.mm(mm), to)) return fail(EEXIST);
  const bool overlaps = from.end() > to.first && to.end() > from.first;
  if ((flags & remap_flag::fixed) != 0 && overlaps) return fail(EINVAL);
  step = Step::unmap_target;
  return Next::pass;
}

// align_hugetlb(): sizes are rounded, addresses are not; it cannot grow, nor leave anything behind.
bool Mremap::fits_hugetlb() {
  from.count = huge_aligned(from.count);
  to.count = huge_aligned(to.count);
  const bool aligned = (from.first.value | to.first.value) % pmd_pages == 0;
  return aligned && to.count <= from.count && (flags & remap_flag::dontunmap) == 0;
}

// vma_expandable(), or the end is unmapped.
Next Mremap::in_place(Context& c) {
  step = Step::unlock;
  if (to.count < from.count) {
    return c.call({Unmap{.downgrade = true,
                         .mm = mm,
                         .pages = {.first = from.at(to.count), .count = from.count - to.count}}});
  }
  const PageRange grown{.first = from.end(), .count = to.count - from.count};
  if (mapped(c.mm(mm), grown)) return fail(ENOMEM);
  if (grown.count == 0) return Next::pass;
  Vma more = *c.mm(mm).find_vma(from.first);
  more.index = more.index_of(from.end());
  more.pages = grown;
  populates = more.locked;
  c.mm(mm).insert(more);
  c.spend(Cost::vma);
  return Next::pass;
}

// ---- MovePageTables

Wait MovePageTables::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next MovePageTables::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = from, .event = NotifierEvent::unmap};
  switch (step) {
    case Step::start:
      step = Step::next;
      return c.call({RangeStart{.range = range}});
    case Step::next:
      return next(c);
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::move;
      return flush_pending(c, mm) ? c.call({flush_mm(mm)}) : Next::again;
    case Step::move:
      step = move_entries(c) ? Step::flush : Step::unlock;
      return Next::again;
    case Step::flush:  // Before the lock is dropped: nobody may write by the old address any more.
      step = Step::unlock;
      return c.call({flush_range(mm, part)});
    case Step::unlock:
      c.release(page_table_lock(mm));
      cursor += part.count;
      step = Step::next;
      return Next::again;
    case Step::end:
      return c.give();
  }
  return c.done();
}

// An extent within one table of the source and one of the target.
Next MovePageTables::next(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  const auto extent = [](Page page) { return pmd_pages - page.value % pmd_pages; };
  while (cursor < from.count) {
    const Page source = from.at(cursor);
    const Page target{to.value + cursor};
    const std::uint32_t left = from.count - cursor;
    if (!table.has_table(pud_pages, source)) {
      // The tables above the target are made first, whether there is anything to move or not.
      table.add_table(pgd_pages, target);
      cursor += std::min(left, extent(source));
      continue;
    }
    table.add_table(pud_pages, target);
    const Pte pte = table.at(source);
    const bool whole = left >= pmd_pages && source.value % pmd_pages == 0;
    if (pte.huge && whole && target.value % pmd_pages == 0) {
      part = {.first = source, .count = pmd_pages};
      step = Step::lock_ptl;
      return Next::pass;
    }
    if (pte.huge) return c.call({SplitPmd{.mm = mm, .first = span_of(source, pmd_pages).first}});
    const std::uint32_t count = std::min({left, extent(source), extent(target)});
    if (!table.has_table(pmd_pages, source)) {
      cursor += std::min(left, extent(source));
      continue;
    }
    part = {.first = source, .count = count};
    step = Step::lock_ptl;
    return Next::pass;
  }
  step = Step::end;
  return c.call({RangeEnd{.range = {.mm = mm, .pages = from, .event = NotifierEvent::unmap}}});
}

// move_ptes(), move_huge_pmd(). Whether a TLB may hold what was moved.
bool MovePageTables::move_entries(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  const Page target{to.value + cursor};
  if (table.at(part.first).huge) {
    const Pte entry = table.at(part.first);
    table.set_huge(part.first, {});
    table.set_huge(target, entry);
    c.spend(Cost::pte_change, 2);
    return true;
  }
  table.add_table(pmd_pages, target);
  bool flush = false;
  Small<std::pair<Page, Pte>, 8> entries;
  table.for_each(part, [&](Page page, const Pte& pte) { entries.push_back({page, pte}); });
  for (const auto& [page, pte] : entries) {
    flush = flush || pte.present();
    table.clear(page);
    table.set(Page{target.value + (page.value - part.first.value)}, pte);
    c.spend(Cost::pte_change, 2);
    if (!pte.present()) continue;
    const Page moved{target.value + (page.value - part.first.value)};
    c.emit(
        {.kind = EventKind::pte_cleared, .mm = mm, .pages = one_page(page), .frame = pte.frame()});
    c.emit({.kind = EventKind::pte_set,
            .detail = pte.write,
            .mm = mm,
            .pages = one_page(moved),
            .frame = pte.frame()});
  }
  return flush;
}

}  // namespace model
