// SPDX-License-Identifier: Apache-2.0
#include "model/flow/migrate.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- MigratePages

Wait MigratePages::guard() const {
  return step == Step::lock ? Wait::lock(folio_lock(folios[cursor]), LockMode::write) : Wait{};
}

Next MigratePages::run(Context& c) {
  switch (step) {
    case Step::next:
      if (cursor == folios.size()) {
        step = c.setup.switches.batch_migration ? Step::flush : Step::finish;
        return Next::pass;
      }
      step = Step::lock;
      return Next::pass;
    case Step::lock: {
      const FrameId folio = folios[cursor];
      const std::uint32_t pages = c.frame(folio).pages;
      const auto target = pages > 1 ? c.machine.frames.allocate(c.frame(folio).host, pages)
                                    : c.allocate(c.frame(folio).host);
      targets.push_back(target.value_or(FrameId{}));
      if (!target || c.frame(folio).pins > 0) {
        if (target) c.put(*target);
        targets.back() = FrameId{};
        ++cursor;
        ++failed;
        step = Step::next;
        return Next::again;
      }
      c.lock_folio(folio);
      step = Step::unmapped;
      return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                                .batch = c.setup.switches.batch_migration,
                                .frame = folio,
                                .mapping = c.frame(folio).mapping}});
    }
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
      for (const FrameId folio : folios) free_unmapped(c, folio);
      folios.clear();
      return c.done(Result::value(failed));
  }
  return c.done();
}

Next MigratePages::unmapped(Context& c) {
  if (c.setup.switches.batch_migration) {
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
  const bool batch = c.setup.switches.batch_migration;
  while (moved < cursor && !targets[moved].some()) ++moved;
  if (moved == cursor) {
    step = batch ? Step::free : Step::next;
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
    fresh.node = node;
    if (is_file(c.machine, from)) {
      c.mapping(old.mapping)
          .set_cached(old.index, {.target = to.value, .kind = Pte::Kind::present});
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
  step = Step::move;
  if (batch) return Next::again;
  step = Step::free;
  return Next::again;
}

// Those that were moved have nobody left.
Next MigratePages::free(Context& c) {
  const bool batch = c.setup.switches.batch_migration;
  const std::uint32_t first = batch ? 0 : moved - 1;
  for (std::uint32_t i = first; i < moved; ++i) {
    if (!targets[i].some()) continue;
    c.put(folios[i]);
    folios[i] = FrameId{};
  }
  if (batch || cursor == folios.size()) {
    drop_if(folios, [](FrameId folio) { return !folio.some(); });
    targets.clear();
    step = Step::finish;
  } else {
    step = Step::next;
  }
  return Next::again;
}

void MigratePages::remap(Context& c, FrameId from, FrameId to) {
  const Frame folio = c.frame(from);
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
    for (const Vma& vma : looked_at.vmas) {
      if (!vma.belongs_to(folio.mapping)) continue;
      const auto page = vma.page_at(folio.index);
      if (!page) continue;
      Pte pte = looked_at.page_table.at(*page);
      if (!pte.migrating() || pte.target != from.value) continue;
      pte.kind = Pte::Kind::present;
      pte.target = to.value;
      if (pte.huge) {
        c.mm(MmId{space}).page_table.set_huge(*page, pte);
      } else {
        c.mm(MmId{space}).page_table.set(*page, pte);
      }
      ++c.frame(to).maps;
      c.get(to);
      c.spend(Cost::pte_change);
      c.emit({.kind = EventKind::pte_set,
              .detail = pte.write,
              .mm = MmId{space},
              .pages = one_page(*page),
              .frame = to});
    }
  }
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
        if (folio.device || (all && folio.node != from)) return;
        if (std::ranges::find(move.folios, head) == move.folios.end()) {
          move.folios.push_back(head);
        }
      });
      for (const FrameId folio : move.folios) c.get(folio);
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
  step = Step::migrated;
  if (move.folios.empty()) return Next::pass;
  return c.call({move});
}

// ---- MemoryFailure

Next MemoryFailure::run(Context& c) {
  switch (step) {
    case Step::get:
      if (pages.count == 0) return c.give(Result::success());
      step = Step::got;
      return c.call({GetPage{.mode = GetPage::Mode::hold, .mm = mm, .page = pages.first}});
    case Step::got: {
      if (!c.task().result.ok()) return c.give(c.task().result);
      if (c.machine.is_zero(c.task().found.frame)) return c.give(Result::error(EBUSY));
      frame = c.machine.frames.head(c.task().found.frame);
      if (soft) {
        step = Step::done;
        MigratePages move{};
        move.folios.push_back(frame);
        return c.call({move});
      }
      c.frame(frame).poisoned = true;
      step = Step::unmap;
      return c.call({UnmapFolio{.what = UnmapFolio::For::poison,
                                .batch = false,
                                .frame = frame,
                                .mapping = c.frame(frame).mapping}});
    }
    case Step::unmap:  // The frame is never used again: its reference stays.
      lru_remove(c, frame);
      step = Step::done;
      return Next::again;
    case Step::done:
      pages = {.first = pages.at(1), .count = pages.count - 1};
      step = Step::get;
      return Next::pass;
  }
  return c.done();
}

}  // namespace model
