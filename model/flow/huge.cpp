// SPDX-License-Identifier: Apache-2.0
#include "model/flow/huge.hpp"

#include "model/flow/all.hpp"
#include "model/flow/huge_page.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// Each entry of an address space that maps the folio; of a huge one the first page.
template <class Visit>
void for_each_map(const Machine& machine, MmId mm, FrameId head, Visit visit) {
  const AddressSpace& space = machine.spaces[mm.index()];
  for (const Vma& vma : space.vmas) {
    if (!vma.belongs_to(machine.frames[head].mapping)) continue;
    space.page_table.for_each(vma.pages, [&](Page page, const Pte& pte) {
      if (!pte.present() || machine.frames.head(pte.frame()) != head) return;
      if (!pte.huge || pte.frame() == head) visit(page, pte);
    });
  }
}

}  // namespace

bool mapped_shared(const Machine& machine, MmId mm, const Pte& pte) {
  const FrameId head = machine.frames.head(pte.frame());
  const Frame& folio = machine.frames[head];
  if (folio.pages() == 1 || pte.huge) return folio.maps > 1;
  return !mapped_only_by(machine, head, mm);
}

bool mapped_only_by(const Machine& machine, FrameId head, MmId mm) {
  std::uint32_t maps = 0;
  for_each_map(machine, mm, head, [&](Page, const Pte&) { ++maps; });
  return maps == machine.frames[head].maps;
}

// ---- HandleFault, of a page that a huge entry maps

Next HandleFault::decide_huge(Context& c, Pte pte, const Vma& vma) {
  if (pte.no_access && vma.allows(false)) return decide_present(c, pte, vma);
  if (unshare) return unshare_huge(c);
  if (!pte.no_access && (!write || pte.write)) return c.give();
  const bool watched = pte.uffd_wp && vma.uffd_wp;
  if (watched && !vma.uffd_async) return wait_for_user(c, UserFault::wp);
  step = Step::other;
  // wp_huge_pmd(): a write to a page of a file is seen to page by page.
  if (watched || is_file(c.machine, pte.frame())) {
    return c.call({SplitPmd{.mm = mm, .first = span_of(page, pmd_pages).first}});
  }
  return c.call({HugeWrite{.mm = mm, .page = page}});
}

// do_huge_pmd_wp_page(): the folio is made the process's own, or the entry is split for that.
Next HandleFault::unshare_huge(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(first);
  const Frame& folio = std::as_const(c.machine).frames[pte.frame()];
  if (folio.maps == 1 && folio.references == 1) {
    pte.exclusive = true;
    set_bits(c, mm, first, pte);
    return c.done();
  }
  step = Step::other;
  return c.call({SplitPmd{.mm = mm, .first = first}});
}

// ---- HugeFault

Wait HugeFault::guard() const { return Wait::lock(page_table_lock(mm), LockMode::write); }

Next HugeFault::run(Context& c) {
  const HostId host = c.mm(mm).host;
  PageTable& table = c.mm(mm).page_table;
  if (table.has_table(pmd_pages, first) || table.at(first).populated()) return c.done();
  if (!write) {
    Host& owner = c.host(host);
    if (!owner.huge_zero.some()) {
      const auto zero = allocate_huge(c, host);
      if (zero) owner.huge_zero = *zero;
      c.spend(Cost::clear_page, pmd_pages);
    }
    if (owner.huge_zero.some()) {
      map_huge(c, mm, first, owner.huge_zero, {});
      return c.done();
    }
  } else if (const auto head = allocate_huge(c, host)) {
    Vma& vma = *c.mm(mm).find_vma(first);
    vma.prepared = true;
    c.spend(Cost::clear_page, pmd_pages);
    belongs(c, *head, vma, first);
    lru_add(c, *head);
    map_huge(c, mm, first, *head, {.write = vma.write, .dirty = true, .exclusive = true});
    return c.done();
  }
  table.add_table(pmd_pages, first);  // Small pages, then.
  return c.done();
}

// ---- HugeWrite

Wait HugeWrite::guard() const {
  const bool locks = step == Step::decide || step == Step::lock_ptl;
  return locks ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next HugeWrite::run(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  switch (step) {
    case Step::decide:
      return decide(c);
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::lock_ptl: {
      c.take(page_table_lock(mm), LockMode::write);
      const bool same = c.mm(mm).page_table.at(first).maps(c.host(c.mm(mm).host).huge_zero);
      step = same ? Step::flush : Step::end;
      return Next::again;
    }
    case Step::flush:
      step = Step::set;
      unmap_huge(c, mm, first);
      return c.call({flush_range(mm, {.first = first, .count = pmd_pages})});
    case Step::set: {
      Vma& vma = *c.mm(mm).find_vma(page);
      vma.prepared = true;
      belongs(c, fresh, vma, first);
      lru_add(c, fresh);
      map_huge(c, mm, first, fresh, {.write = vma.write, .dirty = true, .exclusive = true});
      fresh = FrameId{};
      step = Step::end;
      return Next::again;
    }
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      return c.call({RangeEnd{.only_end = true, .range = clear_of(mm, first)}});
    case Step::finish:
      if (fresh.some()) c.put(fresh);  // The race was lost.
      return c.give();
  }
  return c.done();
}

// Under the page table lock.
Next HugeWrite::decide(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  Pte pte = c.mm(mm).page_table.at(first);
  if (!pte.present() || !pte.huge || pte.write) return c.give();
  const FrameId head = pte.frame();
  step = Step::finish;
  if (c.machine.is_zero(head)) {
    if (c.setup.switches.zero_huge_at_once) {
      if (const auto huge = allocate_huge(c, c.mm(mm).host)) {
        fresh = *huge;
        c.spend(Cost::clear_page, pmd_pages);
        step = Step::start;
        return Next::again;
      }
    }
    return c.call({SplitPmd{.mm = mm, .first = first}});
  }
  const Frame& folio = c.frame(head);
  if (pte.exclusive || (folio.maps == 1 && folio.references == 1)) {
    pte.write = c.mm(mm).find_vma(page)->write;  // Not so if a debugger forces its way.
    pte.dirty = pte.young = pte.exclusive = true;
    pte.soft_clean = false;
    c.mm(mm).page_table.set_huge(first, pte);
    c.spend(Cost::pte_change);
    c.emit({.kind = EventKind::pte_set,
            .detail = pte.write,
            .mm = mm,
            .pages = {.first = first, .count = pmd_pages},
            .frame = head});
    return c.done();
  }
  return c.call({SplitPmd{.mm = mm, .first = first}});
}

// ---- SplitFolio

namespace {

// References of the page cache or the swap cache.
std::uint32_t cached_by(const Machine& machine, FrameId head) {
  const Frame& folio = machine.frames[head];
  if (is_file(machine, head)) return folio.cache_references();
  return folio.slot.some() ? 1 : 0;
}

}  // namespace

bool can_split(const Machine& machine, FrameId head, std::uint32_t held) {
  const Frame& folio = machine.frames[head];
  const bool file = is_file(machine, head);
  return folio.pages() > 1 && (file || folio.maps > 0) && !folio.hugetlb &&
         folio.references == folio.maps + held + cached_by(machine, head);
}

Wait SplitFolio::guard() const {
  if (step == Step::lock && !tries) return Wait::lock(folio_lock(frame), LockMode::write);
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next SplitFolio::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = part, .event = NotifierEvent::clear};
  switch (step) {
    case Step::hold:
      c.get(frame);
      step = Step::lock;
      return Next::pass;
    case Step::lock:
      if (c.frame(frame).locked_by.some()) {
        free_unmapped(c, frame);
        return c.done(Result::error(EAGAIN));
      }
      c.lock_folio(frame);
      step = Step::unmap;
      if (can_split(c.machine, frame, held.some() ? 2 : 1)) return Next::pass;
      result = Result::error(EBUSY);
      step = Step::unlock;
      return Next::pass;
    case Step::unmap:
      return unmap(c);
    case Step::again:  // try_to_migrate_one(): what is mapped by small entries.
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::flush;
      return freeze(c) ? c.call({flush_range(mm, part)}) : Next::pass;
    case Step::flush:
      c.release(page_table_lock(mm));
      step = Step::ended;
      return Next::pass;
    case Step::ended:
      step = Step::unmap;
      return c.call({RangeEnd{.range = range}});
    case Step::split:
      return split(c);
    case Step::remap:
      return remap(c);
    case Step::unlock:
      c.release(folio_lock(frame));
      free_unmapped(c, frame);
      return c.done(result);
  }
  return c.done();
}

// folio_ref_freeze(): only if nobody but us has a reference, now that it is mapped nowhere.
Next SplitFolio::split(Context& c) {
  const std::uint32_t pages = c.frame(frame).pages();
  step = Step::remap;
  const MappingId file = is_file(c.machine, frame) ? c.frame(frame).mapping : MappingId{};
  const SlotId slot = c.frame(frame).slot;
  const std::uint32_t kept = (held.some() ? 2 : 1) + cached_by(c.machine, frame);
  if (c.frame(frame).maps > 0 || c.frame(frame).references != kept) {
    result = Result::error(EAGAIN);
    return Next::again;
  }
  const std::uint32_t index = c.frame(frame).index;
  lru_remove(c, frame);
  if (file.some()) c.mapping(file).set_cached(index, {});
  c.machine.frames.split(frame);
  for (std::uint32_t i = 0; i < pages; ++i) {
    const FrameId page{frame.value + i};
    c.get(page);
    if (slot.some()) {  // Each stays in the swap cache by itself.
      c.frame(page).slot = SlotId{slot.value + i};
      c.get(page);
    }
    if (!file.some()) continue;
    // What lies behind the end of the file is not cached any more.
    const Mapping& cache = std::as_const(c.machine).mappings[file.index()];
    if (!cache.file || index + i < cache.size) {
      add_to_page_cache(c, file, index + i, page);
    } else {
      c.frame(page).mapping = MappingId{};
    }
  }
  if (held.some()) c.get(held);
  return Next::again;
}

// remap_page(): by small entries, whether it was split or not.
Next SplitFolio::remap(Context& c) {
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
    Small<std::pair<Page, Pte>, 8> entries;
    for (const Vma& vma : looked_at.vmas) {
      if (!vma.belongs_to(c.frame(frame).mapping)) continue;
      looked_at.page_table.for_each(vma.pages, [&](Page page, const Pte& pte) {
        const bool ours =
            pte.migrating() && pte.target >= frame.value && pte.target < frame.value + pmd_pages;
        if (ours) entries.push_back({page, pte});
      });
    }
    for (auto [page, pte] : entries) {
      pte.kind = Pte::Kind::present;
      c.mm(MmId{space}).page_table.set(page, pte);
      c.spend(Cost::pte_change);
      ++c.frame(c.machine.frames.head(pte.frame())).maps;
      c.get(pte.frame());
    }
  }
  step = Step::unlock;
  if (!result.ok()) return Next::again;
  for (std::uint32_t i = 0; i < pmd_pages; ++i) {
    const FrameId page{frame.value + i};
    if (c.frame(page).mapping.some()) lru_add(c, page);
    if (i > 0) free_unmapped(c, page);
  }
  return Next::again;
}

Next SplitFolio::unmap(Context& c) {
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    std::optional<Page> found;
    for_each_map(c.machine, MmId{space}, frame, [&](Page page, const Pte&) {
      if (!found) found = page;
    });
    c.spend(Cost::rmap_walk);
    if (!found) continue;
    mm = MmId{space};
    const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
    const Pte pte = looked_at.page_table.at(*found);
    const Page start{found->value - c.frame(pte.frame()).tail};
    part = looked_at.find_vma(*found)->pages.intersect({.first = start, .count = pmd_pages});
    if (!pte.huge) {
      step = Step::again;
      return Next::pass;
    }
    // Up to 6.15 the walk has a bracket of its own, in which nothing is left.
    step = c.setup.switches.split_in_walk ? Step::unmap : Step::again;
    return c.call({SplitPmd{.freeze = true, .mm = mm, .first = start, .only = frame}});
  }
  step = Step::split;
  if (c.frame(frame).maps == 0 || is_file(c.machine, frame)) return Next::pass;
  return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                            .batch = false,
                            .frame = frame,
                            .mapping = c.frame(frame).mapping}});
}

// Whether there was anything to be frozen.
bool SplitFolio::freeze(Context& c) const {
  Small<std::pair<Page, Pte>, 8> entries;
  for_each_map(c.machine, mm, frame, [&](Page page, const Pte& pte) {
    if (part.contains(page) && !pte.huge) entries.push_back({page, pte});
  });
  for (auto [page, pte] : entries) {
    unmap_frame(c, mm, page);
    c.put(frame);
    if (is_file(c.machine, frame)) continue;  // It is found again by a fault: unmap_folio().
    pte.kind = Pte::Kind::migration;
    c.mm(mm).page_table.set(page, pte);
  }
  return !entries.empty();
}

// ---- SplitHugePages

Wait SplitHugePages::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next SplitHugePages::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      cursor = pages.first;
      step = Step::next;
      return Next::again;
    case Step::next:
      while (cursor < pages.end()) {
        const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(cursor);
        cursor = span_of(cursor, pmd_pages).end();
        c.spend(Cost::pte_walk);
        if (!pte.present() || !pte.huge || c.machine.is_zero(pte.frame())) continue;
        return c.call({SplitFolio{.tries = true, .frame = c.machine.frames.head(pte.frame())}});
      }
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

}  // namespace model
