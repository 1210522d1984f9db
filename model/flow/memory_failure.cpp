// SPDX-License-Identifier: Apache-2.0
// Memory that has failed, or is about to.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"
#include "model/flow/pmd_sharing.hpp"

namespace model {
namespace {

// Whether the page, or an entry that maps it, has been written to: folio_mkclean().
bool written_to(const Machine& machine, FrameId frame) {
  const auto dirty = [frame](RmapPlace, const Vma&, const Pte& pte) {
    return pte.maps(frame) && pte.dirty;
  };
  return machine.frames[frame].dirty || next_map(machine, frame, {}, dirty).mm.some();
}

bool on_disk(const Machine& machine, FrameId frame) {
  const MappingId mapping = machine.frames[frame].mapping;
  return mapping.some() && machine.mappings[mapping.index()].kind == Mapping::Kind::disk;
}

}  // namespace

Wait MemoryFailure::guard() const {
  const bool locks = step == Step::lock && !soft;
  return locks ? Wait::lock(folio_lock(frame), LockMode::write) : Wait{};
}

Next MemoryFailure::run(Context& c) {
  switch (step) {
    case Step::get:
      if (pages.count == 0) return c.give(Result::success());
      c.spend(Cost::syscall);
      step = Step::got;
      return c.call({GetPage{.mode = GetPage::Mode::hold, .mm = mm, .page = pages.first}});
    case Step::got:
      return got(c);
    case Step::split: {  // try_to_split_thp_page()
      step = Step::lock;
      if (c.task().result.ok()) return Next::pass;
      c.put(frame);
      const bool kills = !soft && c.setup.switches.unsplit_poison;
      return c.done(Result::error(kills ? EHWPOISON : EBUSY));
    }
    case Step::lock:
      if (!soft) return handle(c);
      step = Step::migrated;
      c.task().collected.push_back({.folios = {frame}});
      return c.call({MigratePages{}});
    case Step::unmap:
      return unmapped(c);
    case Step::migrated:
      if (c.task().result != Result::value(0)) return c.give(Result::error(EBUSY));
      step = Step::get;
      return Next::pass;
  }
  return c.done();
}

Next MemoryFailure::got(Context& c) {
  const Result result = c.task().result;
  if (!result.ok()) return c.give(gup_error(c, mm, pages.first, result));
  if (c.machine.is_zero(c.task().found.frame)) return c.give(Result::error(EBUSY));
  frame = c.task().found.frame;
  const FrameId head = c.machine.frames.head(frame);
  const Frame& folio = std::as_const(c.machine).frames[head];
  // The next page is that behind the whole folio, from wherever in it this one is.
  const std::uint32_t count = std::min(folio.pages(), pages.count);
  pages = {.first = pages.at(count), .count = pages.count - count};
  step = Step::lock;
  if (folio.hugetlb) frame = head;  // It fails as a whole.
  if (folio.pages() == 1 || folio.hugetlb) return Next::pass;
  step = Step::split;
  return c.call({SplitFolio{.frame = head, .held = frame}});
}

// hwpoison_user_mappings(): under the folio lock, so that the page is neither moved nor written to
// swap meanwhile. Entries of what is on disk, or in the swap cache, do not say that it has failed.
Next MemoryFailure::handle(Context& c) {
  const Frame& folio = std::as_const(c.machine).frames[frame];
  if (folio.poisoned || !folio.mapping.some()) {  // By somebody else; or truncated meanwhile.
    const int error = folio.poisoned ? EHWPOISON : EBUSY;
    c.put(frame);
    return c.done(Result::error(error));
  }
  c.lock_folio(frame);
  const bool clean = on_disk(c.machine, frame) && !written_to(c.machine, frame);
  using For = UnmapFolio::For;
  const For what = folio.slot.some() ? For::swap : clean ? For::drop : For::poison;
  const MappingId mapping = folio.mapping;
  c.frame(frame).poisoned = true;
  step = Step::unmap;
  return c.call({UnmapFolio{.what = what,
                            .batch = false,
                            .mode = rmap_mode(c.machine, mapping),
                            .frame = frame,
                            .mapping = mapping}});
}

// me_swapcache_clean(), me_swapcache_dirty(), me_pagecache_clean(), me_huge_page(). The frame is
// never used again: our reference stays.
Next MemoryFailure::unmapped(Context& c) {
  const Frame& folio = std::as_const(c.machine).frames[frame];
  const SwapDevice& swap = std::as_const(c.machine).hosts[folio.host.index()].swap;
  lru_remove(c, frame);
  if (folio.slot.some() && folio.maps == 0 && !folio.dirty && swap[folio.slot].written) {
    remove_from_swap_cache(c, frame);  // Swap still has it.
  }
  const MappingId mapping = folio.mapping;
  if (on_disk(c.machine, frame) && c.mapping(mapping).cached(folio.index).maps(frame)) {
    c.mapping(mapping).set_cached(folio.index, {});  // truncate_error_folio()
    c.frame(frame).mapping = MappingId{};
    c.frame(frame).dirty = false;
    c.spend(Cost::page_cache);
    c.put(frame);
  }
  const bool failed = folio.maps > 0;
  c.release(folio_lock(frame));
  step = Step::get;
  if (failed) return c.done(Result::error(EBUSY));
  return Next::again;
}

}  // namespace model
