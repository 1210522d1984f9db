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
      const auto names = [id](const Vma& vma) { return vma.belongs_to(id); };
      return std::ranges::any_of(space.vmas, names) || std::ranges::any_of(space.detached, names);
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

// mlockall(MCL_FUTURE)
void lock_as_told(const AddressSpace& space, Vma& vma) {
  vma.locked = vma.locked || (space.lock_future & lock_all_flag::future) != 0;
}

bool fills_locked(const AddressSpace& space, const Vma& vma) {
  return vma.locked && (space.lock_future & lock_all_flag::on_fault) == 0;
}

}  // namespace

bool ends_killed(Context& c, MmId mm) {
  if (std::as_const(c.machine).spaces[mm.index()].ends != c.self) return false;
  c.call({Exit{.mm = mm}});
  return true;
}

Wait Syscall::guard() const {
  return mm.some() ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next Syscall::run(Context& c) {
  c.spend(Cost::syscall);
  const bool hole = mm.some() && c.mm(mm).covered(pages) < pages.count;
  if (hole) return c.done(Result::error(ENOMEM));
  for (std::uint32_t at = 0; at < pages.count; at += pmd_pages) c.spend(Cost::pte_walk);
  return c.done(error == 0 ? Result::success() : Result::error(error));
}

// ---- Mmap

Wait Mmap::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

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
    const RegionSetup& region = c.setup.regions[*region_of(c, mm, pages.first)];
    vma->hugetlb = region.hugetlb;
    vma->gigantic = region.gigantic;
  }
  if (file.some()) {
    vma->file = MappingId{file.value};
    vma->index = offset;
    vma->disk = c.mapping(vma->file).kind == Mapping::Kind::disk;
    vma->hugetlb = c.mapping(vma->file).kind == Mapping::Kind::hugetlbfs;
    vma->gigantic = c.mapping(vma->file).gigantic;
  }
  vma->shared =
      (flags & map_flag::shared) != 0 || ((flags & map_flag::private_) == 0 && vma->shared);
  if ((flags & map_flag::hugetlb) != 0) {
    vma->hugetlb = true;
    const bool anonymous = !vma->file.some() || !c.mapping(vma->file).file;
    if (anonymous && (flags & map_flag::huge_2mb) != 0) vma->gigantic = false;
    if (anonymous && (flags & map_flag::huge_1gb) != 0) vma->gigantic = true;
  }
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
  if (vma.xpmem) {  // xpmem_mmap() drops the file.
    vma.file = {};
    vma.shared = true;
    return;
  }
  if (vma.shared && vma.file.some() && (file.some() || vma.file != own)) return;
  if (vma.shared) {
    vma.file = new_mapping(c, vma.hugetlb ? Mapping::Kind::hugetlbfs : Mapping::Kind::shmem, host);
    c.mapping(vma.file).gigantic = vma.gigantic;
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
        const std::uint32_t size = vma->pagesize();
        if ((pages.first.value | vma->index) % size != 0) return fail(c, EINVAL);
        pages.count = huge_aligned(pages.count, size);
      }
      step = Step::insert;
      if ((flags & map_flag::fixed) == 0 || c.mm(mm).covered(pages) == 0) return Next::pass;
      return c.call({Unmap{.mm = mm, .pages = pages}});
    }
    case Step::insert: {
      if (c.task().result.kind == Result::Kind::error) {
        return fail(c, static_cast<int>(c.task().result.number));
      }
      if (c.mm(mm).covered(pages) > 0) return fail(c, EEXIST);
      if (c.fails_alloc()) return fail(c, ENOMEM);  // vm_area_alloc(); what was there is gone.
      Vma vma = *wanted(c);
      prepare(c, vma);
      const bool fills = (flags & map_flag::populate) != 0 || fills_locked(c.mm(mm), vma);
      vma.locked = vma.locked && !vma.hugetlb;  // It is not reclaimed anyway.
      c.mm(mm).insert(vma);
      c.spend(Cost::vma);
      c.changed(Wait::Kind::userfault, mm.value);
      unlock_write(c, mm);
      step = Step::killed;
      if (ends_killed(c, mm)) return Next::call;
      if (!fills) return c.done();
      step = Step::populate;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = pages}});
    }
    case Step::populate:  // What cannot be filled now is filled by faults.
      return c.give(Result::success());
    case Step::killed:
      return c.give(Result::signal(SIGKILL));
  }
  return c.done();
}

Next Mmap::fail(Context& c, int number) const {
  unlock_write(c, mm);
  return c.done(Result::error(number));
}

// ---- Munmap

Wait Munmap::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

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
    case Step::unlock: {
      const Result result = c.task().result;
      unlock_write(c, mm);
      step = Step::killed;
      if (ends_killed(c, mm)) return Next::call;
      return c.done(result);
    }
    case Step::killed:
      return c.give(Result::signal(SIGKILL));
  }
  return c.done();
}

// ---- Brk

Wait Brk::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

Next Brk::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      step = Step::resize;
      return Next::pass;
    case Step::resize: {
      step = Step::unlock;
      const std::uint32_t now = c.mm(mm).brk;
      if (size == now) return Next::pass;
      refused = size > heap.count || !resize(c, now);
      if (refused || size > now) return Next::pass;
      return c.call({Unmap{
          .downgrade = true, .mm = mm, .pages = {.first = heap.at(size), .count = now - size}}});
    }
    case Step::unlock:
      unlock_write(c, mm);
      if (refused) return c.done(Result::error(ENOMEM));
      if (grown.count == 0) return c.done();
      step = Step::populated;
      return c.call({Populate{.by_vma = true, .mm = mm, .pages = grown}});
    case Step::populated:
      return c.give(Result::success());
  }
  return c.done();
}

// do_brk_flags(), where nothing else is mapped; or whether there is anything to give up.
bool Brk::resize(Context& c, std::uint32_t now) {
  const PageRange change{.first = heap.at(std::min(now, size)),
                         .count = std::max(now, size) - std::min(now, size)};
  if ((c.mm(mm).covered(change) > 0) != (size < now)) return false;
  if (size > now) {
    auto vma = declared(c, mm, change);
    c.spend(Cost::vma);
    if (!vma) return false;
    lock_as_told(c.mm(mm), *vma);
    if (fills_locked(c.mm(mm), *vma)) grown = vma->pages;
    c.mm(mm).insert(*vma);
  }
  c.mm(mm).brk = size;
  return true;
}

}  // namespace model
