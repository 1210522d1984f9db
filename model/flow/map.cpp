// SPDX-License-Identifier: Apache-2.0
#include "model/flow/map.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// The region of the scenario that holds the page, as the VMA that it asks for.
std::optional<Vma> declared(Context& c, MmId mm, PageRange pages) {
  for (std::uint32_t i = 0; i < c.setup.regions.size(); ++i) {
    const RegionSetup& region = c.setup.regions[i];
    if (region.mm != mm || !region.pages.contains(pages.first)) continue;
    Vma vma = vma_of(c.setup, i);
    vma.index += pages.first.value - region.pages.first.value;
    vma.pages = pages;
    return vma;
  }
  return std::nullopt;
}

bool mapped(const AddressSpace& space, PageRange pages) {
  return std::ranges::any_of(space.vmas, [&](const Vma& vma) { return vma.pages.overlaps(pages); });
}

}  // namespace

Next Syscall::run(Context& c) {
  c.spend(Cost::syscall);
  return c.done();
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
  }
  if (file.some()) {
    vma->file = MappingId{file.value};
    vma->index = offset;
    vma->disk = c.setup.files[file.index()].kind == FileSetup::Kind::disk;
    vma->hugetlb = c.setup.files[file.index()].kind == FileSetup::Kind::hugetlbfs;
  }
  vma->shared =
      (flags & map_flag::shared) != 0 || ((flags & map_flag::private_) == 0 && vma->shared);
  for (std::uint32_t i = 0; i < c.setup.regions.size(); ++i) {
    if (c.setup.regions[i].mm != mm || !c.setup.regions[i].pages.contains(pages.first)) continue;
    const MappingId own = mapping_of(c.setup, i);
    vma->anon = vma->shared ? MappingId{} : own;
    if (!vma->shared || vma->file.some()) continue;
    vma->file = own;  // Shared and anonymous: a file of its own.
    c.mapping(own).kind = Mapping::Kind::shmem;
    c.mapping(own).size = std::max(c.mapping(own).size, vma->index + pages.count);
  }
  vma->hugetlb = vma->hugetlb || (flags & map_flag::hugetlb) != 0;
  vma->grows_down = vma->grows_down || (flags & map_flag::grows_down) != 0;
  vma->locked = vma->locked || (flags & map_flag::locked) != 0;
  return vma;
}

Next Mmap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::unmap;
      return Next::pass;
    case Step::unmap:
      step = Step::insert;
      if ((flags & map_flag::fixed) == 0 || !mapped(c.mm(mm), pages)) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = pages}});
    case Step::insert: {
      const std::optional<Vma> vma = wanted(c);
      const int error = !vma ? EINVAL : mapped(c.mm(mm), pages) ? EEXIST : 0;
      if (error == 0) c.mm(mm).insert(*vma);
      unlock_write(c, mm);
      const bool fills = (flags & map_flag::populate) != 0 || (vma && vma->locked);
      if (error != 0 || !fills) {
        return c.done(error == 0 ? Result::success() : Result::error(error));
      }
      step = Step::populate;
      return c.call({Populate{.write = vma->write && !vma->shared, .mm = mm, .pages = pages}});
    }
    case Step::populate:  // What cannot be filled now is filled by faults.
      return c.give();
  }
  return c.done();
}

// ---- Munmap

Wait Munmap::guard() const { return step == Step::lock ? write_lock_wait(mm, has_lock) : Wait{}; }

Next Munmap::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::unmap;
      return Next::again;
    case Step::unmap:
      step = Step::unlock;
      return c.call({Unmap{.downgrade = true, .mm = mm, .pages = pages}});
    case Step::unlock:
      unlock_write(c, mm);
      return c.done();
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
        const auto vma = declared(c, mm, {.first = heap.at(now), .count = size - now});
        if (vma) c.mm(mm).insert(*vma);
      }
      return Next::pass;
    }
    case Step::unlock:
      unlock_write(c, mm);
      return c.done();
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
      step = Step::move;
      if (from.count <= to.count) return Next::pass;
      return c.call(
          {Unmap{.mm = mm, .pages = {.first = from.at(to.count), .count = from.count - to.count}}});
    case Step::move: {  // copy_vma(), then its page tables.
      step = Step::moved;
      Vma copy = *c.mm(mm).find_vma(from.first);
      copy.index = copy.index_of(from.first);
      copy.pages = to;
      copy.uffd_missing = copy.uffd_wp = copy.uffd_minor = false;
      c.mm(mm).insert(copy);
      if (from.count == 0) return Next::pass;
      return c.call({MovePageTables{.mm = mm, .from = moved_part(), .to = to.first}});
    }
    case Step::moved:
      step = Step::unmap_source;
      if (from.count == 0 || (flags & remap_flag::dontunmap) != 0) {
        step = Step::unlock;
        return Next::pass;
      }
      return c.call({Unmap{.mm = mm, .pages = moved_part()}});
    case Step::unmap_source:
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      unlock_write(c, mm);
      return c.done();
    case Step::fail:
      unlock_write(c, mm);
      return c.done(Result::error(error));
  }
  return c.done();
}

Next Mremap::decide(Context& c) {
  const Vma* vma = c.mm(mm).find_vma(from.first);
  if (vma == nullptr) return fail(EFAULT);
  if (from.count == 0 && !vma->shared) return fail(EINVAL);
  if (from.count > 0 && from.end() > vma->pages.end()) return fail(EFAULT);
  if (from.first == to.first && from.count > 0) return in_place(c);
  if ((flags & remap_flag::maymove) == 0) return fail(EINVAL);
  if ((flags & remap_flag::fixed) == 0 && mapped(c.mm(mm), to)) return fail(EEXIST);
  if ((flags & remap_flag::fixed) != 0 && from.overlaps(to)) return fail(EINVAL);
  step = Step::unmap_target;
  return Next::pass;
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
  c.mm(mm).insert(more);
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
    c.spend(Cost::pte_change);
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
