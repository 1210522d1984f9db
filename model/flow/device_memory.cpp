// SPDX-License-Identifier: Apache-2.0
#include "model/flow/device_memory.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- MigrateVma

namespace {

// Memory that no CPU can reach.
bool is_private(const Machine& machine, FrameId id) {
  const Frame& frame = machine.frames[id];
  if (!frame.device) return false;
  const AdapterId adapter = adapter_of(frame.node);
  return !adapter.some() ||
         machine.setup->adapters[adapter.index()].memory == DeviceMemory::private_memory;
}

// migrate_vma_setup(): what it takes is pages of one VMA, and not of hugetlb.
bool may_migrate(const AddressSpace& space, PageRange pages) {
  const Vma* vma = space.find_vma(pages.first);
  return vma != nullptr && !vma->hugetlb && !vma->xpmem && pages.end() <= vma->pages.end();
}

}  // namespace

Wait MigrateVma::guard() const {
  switch (step) {
    case Step::lock:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::lock_ptl:
    case Step::fill:
    case Step::finalize:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    case Step::map:
      return Wait::lock(driver_lock(mr), LockMode::write);
    default:
      return {};
  }
}

NotifierRange MigrateVma::range() const {
  return {.mm = mm, .pages = pages, .event = NotifierEvent::migrate, .owner = owner};
}

// From the first page that was not there to the end.
NotifierRange MigrateVma::holes() const {
  NotifierRange rest = range();
  rest.pages = {.first = pages.at(first_hole), .count = pages.count - first_hole};
  return rest;
}

Next MigrateVma::run(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::start;
      if (!may_migrate(c.mm(mm), pages)) {
        c.release(mmap_lock(mm));
        return c.done(Result::error(EINVAL));
      }
      return Next::again;
    case Step::start:  // The pages that it takes are locked, and have a reference of ours each.
      drain_lru(c);
      c.task().collected.emplace_back();
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range()}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::collect;
      return Next::pass;
    case Step::collect:
      return collect(c);
    case Step::split:  // What cannot be split stays.
      if (!c.task().result.ok()) {
        const Page end = std::min(pages.end(), span_of(pages.at(cursor), pmd_pages).end());
        cursor = end.value - pages.first.value;
      }
      step = Step::lock_ptl;
      return Next::pass;
    case Step::replace: {
      const Page page = pages.at(cursor++);
      // folio_try_share_anon_rmap_pte(): who has pinned it meanwhile keeps it.
      const bool pinned = entry.exclusive && c.frame(entry.frame()).pins > 0;
      if (pinned && c.setup.switches.reclaim_skips_pinned) {
        give_back(c, page);
        step = Step::collect;
        return Next::pass;
      }
      entry.kind = Pte::Kind::migration;
      table.set(page, entry);
      c.spend(Cost::pte_change);
      step = Step::collect;
      return Next::pass;
    }
    case Step::flush:  // For those that were not flushed one by one.
      step = Step::flushed;
      return any ? c.call({flush_range(mm, pages)}) : Next::pass;
    case Step::flushed:
      c.release(page_table_lock(mm));
      cursor = first_hole;
      step = Step::end;
      return Next::again;
    case Step::end:
      unmapped = 0;
      step = Step::unmap;
      return c.call({RangeEnd{.range = range()}});
    case Step::unmap:  // migrate_vma_unmap(): whoever else maps them.
      while (unmapped < c.collected().folios.size()) {
        const FrameId frame = c.collected().folios[unmapped++];
        if (c.frame(frame).maps == 0) continue;
        return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                                  .batch = false,
                                  .frame = frame,
                                  .mapping = c.frame(frame).mapping}});
      }
      step = first_hole < pages.count ? Step::start_holes : Step::copy;
      return Next::pass;
    case Step::start_holes:
      step = Step::fill;
      return c.call({RangeStart{.range = holes()}});
    case Step::fill:
      return fill(c);
    case Step::filled:
      return filled(c);
    case Step::end_holes:
      step = Step::copy;
      return c.call({RangeEnd{.only_end = true, .range = holes()}});
    case Step::copy:
      return copy(c);
    case Step::map:
      return map(c);
    case Step::finalize:
      return finalize(c);
    case Step::unlock:
      if (locks) c.release(mmap_lock(mm));
      if (no_room && from_device) return c.done(Result::error(ENOMEM));
      return c.done(Result::value(mr.some() ? moved : 0));
  }
  return c.done();
}

// migrate_vma_collect_pmd(): under one page table lock, each entry is flushed as it is replaced.
Next MigrateVma::collect(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const PageTable& table = space.page_table;
  const Vma& vma = *space.find_vma(pages.first);
  for (; cursor < pages.count; ++cursor) {
    const Page page = pages.at(cursor);
    const Pte pte = table.at(page);
    const bool zero = pte.present() && c.machine.is_zero(pte.frame());
    const bool hole = zero && c.setup.switches.zero_huge_hole;
    if (pte.present() && pte.huge && !hole && !from_device) return split(c, pte);
    const bool fills = zero || (!pte.populated() && !vma.file.some());
    if (fills && !from_device && first_hole == 0xffffffff) first_hole = cursor;
    if (splits(c, pte)) return split(c, pte);
    if (!takes(c, pte) || c.frame(pte.frame()).locked_by.some()) continue;
    c.lock_folio(pte.frame());
    c.collected().folios.push_back(pte.frame());
    c.collected().pages.push_back(page);
    entry = pte;
    step = Step::replace;
    if (!pte.present()) {
      --c.frame(pte.frame()).maps;
      return Next::pass;
    }
    any = true;
    unmap_frame(c, mm, page);
    if (!pte.exclusive) return Next::pass;
    TlbFlush flush = flush_page(mm, page);
    flush.secondary = false;
    return c.call({flush});
  }
  step = Step::flush;
  return Next::pass;
}

// MIGRATE_VMA_SELECT_DEVICE_PRIVATE, _COHERENT or _SYSTEM.
bool MigrateVma::takes(Context& c, Pte pte) const {
  if (!pte.has_frame() || pte.migrating()) return false;
  const Frame& frame = std::as_const(c.machine).frames[pte.frame()];
  if (from_device) {
    const bool its = owner == 0 || frame.node == owner;
    return frame.device && its && (pte.present() || pte.kind == Pte::Kind::device_private);
  }
  return pte.present() && !c.machine.is_zero(pte.frame()) && frame.pages() == 1 && !frame.device &&
         is_anonymous(c.machine, pte.frame());
}

// What was taken out of the page table, and is present, comes back.
void MigrateVma::give_back(Context& c, Page page) {
  const FrameId frame = entry.frame();
  c.mm(mm).page_table.set(page, entry);
  c.spend(Cost::pte_change);
  ++c.frame(frame).maps;
  c.release(folio_lock(frame));
  c.collected().folios.pop_back();
  c.collected().pages.pop_back();
}

// Of a large folio that small entries map, all of it or a part.
bool MigrateVma::splits(Context& c, Pte pte) const {
  if (!c.setup.switches.migrate_splits || from_device || !pte.present() || pte.huge) return false;
  const FrameId head = c.machine.frames.head(pte.frame());
  const Frame& folio = std::as_const(c.machine).frames[head];
  return folio.pages() > 1 && is_anonymous(c.machine, head);
}

// A huge entry is split first: the driver moves pages.
Next MigrateVma::split(Context& c, Pte pte) {
  const FrameId head = c.machine.frames.head(pte.frame());
  refuses(c);  // A huge page; small ones can be had.
  c.release(page_table_lock(mm));
  step = Step::split;
  c.task().result = Result::success();
  if (!c.machine.is_zero(head)) return c.call({SplitFolio{.tries = true, .frame = head}});
  return c.call({SplitPmd{.mm = mm, .first = span_of(pages.at(cursor), pmd_pages).first}});
}

std::optional<FrameId> MigrateVma::allocate(Context& c, Page page) const {
  const auto frame = c.allocate(c.mm(mm).host);
  if (!frame) return frame;
  Vma& vma = *c.mm(mm).find_vma(page);
  vma.prepared = true;
  c.spend(Cost::page_alloc);
  belongs(c, *frame, vma, page);
  if (to_device) {
    c.frame(*frame).device = true;
    c.frame(*frame).node = owner == 0 ? nameless_owner : owner;
  } else {
    lru_add(c, *frame);
  }
  return frame;
}

// migrate_vma_insert_page(): one page that was not there, or the zero page.
Next MigrateVma::fill(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma& vma = *space.find_vma(pages.first);
  // Private memory only; and userfaultfd is not asked.
  if (vma.file.some() || vma.uffd_missing) cursor = pages.count;
  for (; cursor < pages.count; ++cursor) {
    const Pte pte = space.page_table.at(pages.at(cursor));
    const bool zero = pte.present() && c.machine.is_zero(pte.frame());
    if (pte.populated() && !zero) continue;
    if (pte.huge) {
      return c.call({SplitPmd{.mm = mm, .first = span_of(pages.at(cursor), pmd_pages).first}});
    }
    // By the driver, before any lock.
    const bool refused = refuses(c) && !vma.huge;  // Of a huge page, small ones can be had.
    const auto frame = refused ? std::nullopt : allocate(c, pages.at(cursor));
    if (!frame) continue;
    fresh = *frame;
    c.take(page_table_lock(mm), LockMode::write);
    step = Step::filled;
    if (!zero) return Next::pass;
    replaced = true;
    unmap_frame(c, mm, pages.at(cursor));
    return c.call({flush_page(mm, pages.at(cursor))});
  }
  step = Step::end_holes;
  return Next::pass;
}

Next MigrateVma::filled(Context& c) {
  const Page page = pages.at(cursor++);
  const bool was_zero = replaced;
  const FrameId frame = fresh;
  const bool write = c.mm(mm).find_vma(page)->write;
  replaced = false;
  fresh = FrameId{};
  step = Step::fill;
  if (mr.some()) c.collected().filled.push_back(page);
  c.spend(Cost::clear_page);
  if (was_zero && c.setup.switches.change_pte) {
    c.emit({.kind = EventKind::change_pte,
            .detail = write,
            .mm = mm,
            .pages = one_page(page),
            .frame = frame});
  }
  if (to_device && is_private(c.machine, frame)) {
    Pte away{.target = frame.value, .kind = Pte::Kind::device_private};
    away.write = away.exclusive = write;
    c.mm(mm).page_table.set(page, away);
    c.spend(Cost::pte_change);
    ++c.frame(frame).maps;
  } else {
    map_frame(c, mm, page, frame, {.write = write, .dirty = write, .exclusive = true});
  }
  c.release(page_table_lock(mm));
  return Next::again;
}

// FAIL_ALLOC, once.
bool MigrateVma::refuses(Context& c) const {
  if (!mr.some() || !std::as_const(c.machine).registrations[mr.index()].fail_alloc) return false;
  c.registration(mr).fail_alloc = false;
  return true;
}

// The driver's part between setup and migrate_vma_pages(): a page that somebody else holds, or for
// which there is no room, stays where it is. What goes is dropped from the mirror, without its lock
// (dmirror_devmem_fault_alloc_and_copy()), and copied.
Next MigrateVma::copy(Context& c) {
  const Small<FrameId, 2> folios = c.collected().folios;
  if (from_device && folios.size() >= pmd_pages) refuses(c);  // A huge page; small ones can be had.
  for (std::size_t i = 0; i < folios.size(); ++i) {
    const Page page = c.collected().pages[i];
    const Frame folio = c.frame(folios[i]);
    const bool alone = folio.references == 1 && folio.maps == 0;
    const bool gave_up = from_device && mr.some() && no_room;  // At the first that fails.
    const auto target = alone && !gave_up && !refuses(c) ? allocate(c, page) : std::nullopt;
    no_room = no_room || (alone && !target);
    c.collected().targets.push_back(target.value_or(FrameId{}));
    if (!target) continue;
    if (from_device && mr.some()) {
      c.registration(mr).table.clear(one_page(page));
      c.emit({.kind = EventKind::pfn_cleared, .mm = mm, .pages = one_page(page), .mr = mr});
    }
    Frame& copied = c.frame(*target);  // folio_migrate_flags()
    copied.value = folio.value;
    copied.mapping = folio.mapping;
    copied.index = folio.index;
    copied.ksm = folio.ksm;
    copied.dirty = true;
    c.spend(Cost::page_alloc);
    c.spend(folio.device || to_device ? Cost::dma_page : Cost::copy_page);
  }
  step = mr.some() && to_device ? Step::map : Step::finalize;
  return mr.some() ? Next::again : Next::pass;
}

// dmirror_migrate_finalize_and_map(), under the driver's lock, while the pages are locked: the
// mirror has the pages where they are going to be.
Next MigrateVma::map(Context& c) {
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  const auto set = [&](Page page, FrameId frame, bool may_write) {
    install(c, mr, page,
            {.frame = frame,
             .generation = c.frame(frame).generation,
             .write = may_write && table.at(page).write});
  };
  c.take(driver_lock(mr), LockMode::write);
  const Collected lists = c.collected();
  for (std::size_t i = 0; i < lists.folios.size(); ++i) {
    if (lists.targets[i].some()) set(lists.pages[i], lists.targets[i], true);
  }
  for (const Page page : lists.filled) {
    const Pte pte = table.at(page);
    if (pte.has_frame() && c.frame(pte.frame()).node == owner) {
      set(page, pte.frame(), !c.setup.switches.mirror_holes_read_only);
    }
  }
  c.release(driver_lock(mr));
  step = Step::finalize;
  return Next::again;
}

// migrate_vma_finalize(): the migration entries are replaced.
Next MigrateVma::finalize(Context& c) {
  const Collected lists = c.collected();
  for (std::size_t i = 0; i < lists.folios.size(); ++i) {
    if (lists.targets[i].some()) ++moved;
    remap(c, lists.pages[i], lists.folios[i], lists.targets[i]);
  }
  c.task().collected.pop_back();
  step = Step::unlock;
  return Next::again;
}

// remove_migration_ptes(): where the entry was, if it is still there, and what other address spaces
// had. `target` none: the page stays.
void MigrateVma::remap(Context& c, Page page, FrameId from, FrameId target) {
  const bool leaves_device = c.frame(from).device;
  const FrameId to = target.some() ? target : from;
  const auto waits = [from](RmapPlace, const Vma&, const Pte& pte) {
    return pte.migrating() && pte.target == from.value;
  };
  const auto set = [&](MmId where, Page at) {
    Pte pte = c.mm(where).page_table.at(at);
    pte.kind = is_private(c.machine, to) ? Pte::Kind::device_private : Pte::Kind::present;
    pte.target = to.value;
    c.spend(Cost::rmap_walk);
    c.spend(Cost::pte_change);
    if (where == mm && (to_device || leaves_device)) pte.young = pte.dirty = false;
    c.mm(where).page_table.set(at, pte);
    ++c.frame(to).maps;
    c.get(to);
  };
  if (waits({}, {}, c.mm(mm).page_table.at(page))) set(mm, page);
  for (RmapPlace place = next_map(c.machine, from, {}, waits); place.mm.some();
       place = next_map(c.machine, from, place, waits)) {
    set(place.mm, place.page);
  }
  c.release(folio_lock(from));
  if (target.some()) {
    lru_remove(c, from);
    c.put(to);
  }
  free_unmapped(c, from);
}

// ---- MigrateToRam

// Whose memory it is: that driver is asked.
DeviceOwner MigrateToRam::owner(Context& c) const {
  const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  return pte.kind == Pte::Kind::device_private ? c.frame(pte.frame()).node : nameless_owner;
}

Next MigrateToRam::run(Context& c) {
  switch (step) {
    case Step::ask:
      c.emit({.kind = EventKind::migrate_to_ram, .mm = mm, .pages = one_page(page)});
      step = Step::answered;
      return c.call({MigrateVma{.step = MigrateVma::Step::start,
                                .locks = false,
                                .owner = owner(c),
                                .from_device = true,
                                .mm = mm,
                                .pages = one_page(page),
                                .mr = mirror_of(c.machine, adapter_of(owner(c)), mm)}});
    case Step::answered: {  // What somebody else has locked is touched again.
      if (!c.task().result.ok()) return c.give(c.task().result);
      const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
      if (pte.kind != Pte::Kind::device_private) return c.give();
      c.task().awaited = {};
      if (c.frame(pte.frame()).locked_by.some()) {
        c.task().awaited = Wait::lock(folio_lock(pte.frame()), LockMode::write);
      }
      return c.give(Result::error(EBUSY));
    }
  }
  return c.done();
}

}  // namespace model
