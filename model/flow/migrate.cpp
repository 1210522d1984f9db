// SPDX-License-Identifier: Apache-2.0
#include "model/flow/migrate.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- MigratePages

Wait MigratePages::guard() const {
  const bool locks = step == Step::lock && waits;
  return locks ? Wait::lock(folio_lock(folios[cursor]), LockMode::write) : Wait{};
}

bool MigratePages::batch(Context& c) const { return c.setup.switches.batch_migration; }

Next MigratePages::run(Context& c) {
  switch (step) {
    case Step::next:
      if (cursor == folios.size()) {
        step = batch(c) ? Step::flush : Step::finish;
        return Next::pass;
      }
      waits = waits || !batch(c);
      step = Step::lock;
      return Next::pass;
    case Step::lock:
      c.spend(Cost::page_alloc);
      return lock(c);
    case Step::unmapped:
      return unmapped(c);
    case Step::flush:
      step = Step::move;
      return c.call({BatchFlush{}});
    case Step::move:
      return move(c);
    case Step::free:
      return free(c);
    case Step::finish:
      return finish(c);
  }
  return c.done();
}

// migrate_folio_unmap()
Next MigratePages::lock(Context& c) {
  const FrameId folio = folios[cursor];
  if (c.frame(folio).locked_by.some()) {
    locked.push_back(folio);
    folios.erase(folios.begin() + cursor);
    step = Step::next;
    return Next::again;
  }
  const bool gone = c.frame(folio).references == 1 || !c.frame(folio).mapping.some();
  const std::uint32_t pages = c.frame(folio).pages;
  const auto target = gone        ? std::nullopt
                      : pages > 1 ? c.machine.frames.allocate(c.frame(folio).host, pages)
                                  : c.allocate(c.frame(folio).host);
  targets.push_back(target.value_or(FrameId{}));
  if (!target || c.frame(folio).pins > 0) {
    if (target) c.put(*target);
    targets.back() = FrameId{};
    ++cursor;
    failed = static_cast<std::uint16_t>(failed + (gone ? 0 : 1));
    step = Step::next;
    return Next::again;
  }
  c.lock_folio(folio);
  step = Step::unmapped;
  return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                            .batch = batch(c),
                            .frame = folio,
                            .mapping = c.frame(folio).mapping}});
}

// migrate_pages_sync(): then those that were locked.
Next MigratePages::finish(Context& c) {
  for (const FrameId folio : folios) free_unmapped(c, folio);
  folios.clear();
  if (locked.empty()) return c.done(Result::value(failed));
  folios.push_back(locked.front());
  locked.erase(locked.begin());
  targets.clear();
  cursor = moved = 0;
  waits = true;
  step = Step::next;
  return Next::again;
}

Next MigratePages::unmapped(Context& c) {
  if (batch(c)) {
    ++cursor;
    step = Step::next;
    return Next::pass;
  }
  moved = cursor++;
  step = Step::move;
  return move(c);
}

// move_to_new_folio() and remove_migration_ptes().
Next MigratePages::move(Context& c) {
  while (moved < cursor && !targets[moved].some()) ++moved;
  if (moved == cursor) {
    step = batch(c) ? Step::free : Step::next;
    return Next::pass;
  }
  const FrameId from = folios[moved];
  const FrameId to = targets[moved];
  const Frame& old = c.frame(from);
  const unsigned cache = is_file(c.machine, from) || old.slot.some() ? 1 : 0;
  if (old.references != 1 + cache || old.maps > 0) {  // Somebody else holds it: it stays.
    ++failed;
    remap(c, from, from);
    c.put(to);
    targets[moved] = FrameId{};
  } else {
    for (std::uint32_t i = 0; i < old.pages; ++i) {
      c.frame(FrameId{to.value + i}).value = c.frame(FrameId{from.value + i}).value;
      c.spend(Cost::copy_page);
    }
    Frame& fresh = c.frame(to);
    fresh.mapping = old.mapping;
    fresh.index = old.index;
    fresh.dirty = old.dirty;
    fresh.lazy_free = old.lazy_free;
    fresh.hugetlb = old.hugetlb;
    fresh.node = node;
    if (is_file(c.machine, from)) {
      c.mapping(old.mapping)
          .set_cached(old.index, {.target = to.value, .kind = Pte::Kind::present});
      c.spend(Cost::page_cache);
      c.get(to);
      c.put(from);
    } else if (old.slot.some()) {
      const SlotId slot = old.slot;
      c.frame(from).slot = SlotId{};
      c.put(from);
      add_to_swap_cache(c, to, slot);
    }
    lru_remove(c, from);
    lru_add(c, to);
    drain_lru(c);  // lru_cache_disable()
    remap(c, from, to);
    c.put(to);  // Ours: the maps have their own.
  }
  c.release(folio_lock(from));
  ++moved;
  step = batch(c) ? Step::move : Step::free;
  return Next::again;
}

// Those that were moved have nobody left.
Next MigratePages::free(Context& c) {
  const std::uint32_t first = batch(c) ? 0 : moved - 1;
  for (std::uint32_t i = first; i < moved; ++i) {
    if (!targets[i].some()) continue;
    c.spend(Cost::page_alloc);
    c.put(folios[i]);
    folios[i] = FrameId{};
  }
  if (batch(c) || cursor == folios.size()) {
    drop_if(folios, [](FrameId folio) { return !folio.some(); });
    targets.clear();
    step = Step::finish;
  } else {
    step = Step::next;
  }
  return Next::again;
}

// Entries that were huge may have become small meanwhile, and VMAs may have been cut.
void MigratePages::remap(Context& c, FrameId from, FrameId to) {
  const Frame folio = c.frame(from);
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
    Small<std::pair<Page, Pte>, 8> entries;
    for (const Vma& vma : looked_at.vmas) {
      if (!vma.belongs_to(folio.mapping)) continue;
      c.spend(Cost::rmap_walk);
      for (std::uint32_t i = 0; i < folio.pages; ++i) {
        const auto page = vma.page_at(folio.index + i);
        if (!page) continue;
        const Pte pte = looked_at.page_table.at(*page);
        if (!pte.migrating() || pte.target != from.value + i) continue;
        entries.push_back({*page, pte});
        if (pte.huge) break;
      }
    }
    for (auto [page, pte] : entries) {
      pte.kind = Pte::Kind::present;
      pte.target += to.value - from.value;
      set_bits(c, MmId{space}, page, pte);
      ++c.frame(to).maps;
      c.get(to);
      c.spend(Cost::pte_change);
      c.emit({.kind = EventKind::pte_set,
              .detail = pte.write,
              .mm = MmId{space},
              .pages = one_page(page),
              .frame = FrameId{pte.target}});
    }
  }
}

void MigratePages::put_back(Context& c, MmId mm, Page page, Pte pte) {
  if (pte.huge) {
    c.mm(mm).page_table.set_huge(page, pte);
  } else {
    c.mm(mm).page_table.set(page, pte);
  }
  ++c.frame(c.machine.frames.head(pte.frame())).maps;
  c.get(pte.frame());
  c.spend(Cost::pte_change);
  c.emit({.kind = EventKind::pte_set,
          .detail = pte.write,
          .mm = mm,
          .pages = one_page(page),
          .frame = pte.frame()});
}

// ---- MovePages

Wait MovePages::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), mode()) : Wait{};
}

Next MovePages::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), mode());
      c.spend(Cost::syscall);
      step = Step::collect;
      return Next::again;
    case Step::collect: {  // add_folio_for_migration(): isolated, each with a reference.
      drain_lru(c);
      MigratePages move{.node = node};
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      space.page_table.for_each(pages, [&](Page, const Pte& pte) {
        if (!pte.present() || c.machine.is_zero(pte.frame())) return;
        const FrameId head = c.machine.frames.head(pte.frame());
        const Frame& folio = std::as_const(c.machine).frames[head];
        if (folio.device || folio.node == node || (all && folio.node != from)) return;
        if (std::ranges::find(move.folios, head) == move.folios.end()) {
          move.folios.push_back(head);
        }
      });
      for (const FrameId folio : move.folios) c.get(folio);
      c.spend(Cost::pte_walk, move.folios.size());
      c.spend(Cost::lru, move.folios.size());
      if (!holds) c.release(mmap_lock(mm));
      step = Step::migrated;
      if (move.folios.empty()) return Next::pass;
      return c.call({move});
    }
    case Step::migrated:
      step = Step::unlock;
      return Next::pass;
    case Step::unlock:
      if (holds) c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// ---- Compact

Next Compact::run(Context& c) {
  if (step == Step::migrated) return c.give(Result::success());
  MigratePages move{};
  for (const FrameId frame : std::as_const(c.machine).hosts[host.index()].lru) {
    const Frame& folio = std::as_const(c.machine).frames[frame];
    if (folio.pages == 1 && folio.pins == 0 && !folio.locked_by.some()) {
      move.folios.push_back(frame);
    }
  }
  for (const FrameId folio : move.folios) c.get(folio);
  c.spend(Cost::lru, move.folios.size());
  step = Step::migrated;
  if (move.folios.empty()) return Next::pass;
  return c.call({move});
}

// ---- MemoryFailure

Next MemoryFailure::run(Context& c) {
  switch (step) {
    case Step::get:
      if (pages.count == 0) return c.give(Result::success());
      c.spend(Cost::syscall);
      step = Step::got;
      return c.call({GetPage{.mode = GetPage::Mode::hold, .mm = mm, .page = pages.first}});
    case Step::got: {
      if (!c.task().result.ok()) return c.give(c.task().result);
      if (c.machine.is_zero(c.task().found.frame)) return c.give(Result::error(EBUSY));
      frame = c.task().found.frame;
      const FrameId head = c.machine.frames.head(frame);
      const Frame& folio = std::as_const(c.machine).frames[head];
      // The next page is that behind the whole folio, from wherever in it this one is.
      const std::uint32_t count = std::min<std::uint32_t>(folio.pages, pages.count);
      pages = {.first = pages.at(count), .count = pages.count - count};
      step = Step::handle;
      if (folio.hugetlb) frame = head;  // It fails as a whole.
      if (folio.pages == 1 || folio.hugetlb) return Next::pass;
      step = Step::split;
      return c.call({SplitFolio{.frame = head, .held = frame}});
    }
    case Step::split: {  // try_to_split_thp_page()
      step = Step::handle;
      if (c.task().result.ok()) return Next::pass;
      c.put(frame);
      const bool kills = !soft && c.setup.switches.unsplit_poison;
      return c.done(Result::error(kills ? EHWPOISON : EBUSY));
    }
    case Step::handle: {
      if (soft) {
        step = Step::migrated;
        MigratePages move{};
        move.folios.push_back(frame);
        return c.call({move});
      }
      c.frame(frame).poisoned = true;
      step = Step::unmap;
      if (!c.frame(frame).mapping.some()) return Next::pass;  // Truncated meanwhile.
      return c.call({UnmapFolio{.what = UnmapFolio::For::poison,
                                .batch = false,
                                .frame = frame,
                                .mapping = c.frame(frame).mapping}});
    }
    case Step::unmap:  // The frame is never used again: its reference stays.
      lru_remove(c, frame);
      step = Step::get;
      return Next::again;
    case Step::migrated:
      if (c.task().result != Result::value(0)) return c.give(Result::error(EBUSY));
      step = Step::get;
      return Next::pass;
  }
  return c.done();
}

}  // namespace model
