// SPDX-License-Identifier: Apache-2.0
#include "model/flow/migrate.hpp"

#include "model/flow/all.hpp"
#include "model/flow/hugetlb.hpp"
#include "model/flow/paging.hpp"

namespace model {

Next migrate_folios(Context& c, const Small<FrameId, 2>& folios, std::uint8_t node) {
  for (const FrameId folio : folios) c.get(folio);
  c.spend(Cost::lru, folios.size());
  if (folios.empty()) return Next::pass;
  c.task().collected.push_back({.folios = folios});
  return c.call({MigratePages{.node = node}});
}

// ---- MigratePages

Wait MigratePages::guard() const {
  if (step == Step::lock_rmap) return Wait::lock(rmap_lock(mapping), LockMode::read);
  const bool locks = step == Step::lock && waits;
  return locks ? Wait::lock(folio_lock(folio), LockMode::write) : Wait{};
}

bool MigratePages::batch(Context& c) const { return c.setup.switches.batch_migration; }

Next MigratePages::run(Context& c) {
  switch (step) {
    case Step::next:
      if (cursor == c.collected().folios.size()) {
        step = batch(c) ? Step::flush : Step::finish;
        return Next::pass;
      }
      waits = waits || !batch(c);
      folio = c.collected().folios[cursor];
      step = Step::lock;
      return Next::pass;
    case Step::lock:
      return lock(c);
    case Step::unmapped:
      return unmapped(c);
    case Step::flush:
      step = Step::move;
      return c.call({BatchFlush{}});
    case Step::lock_rmap:
      step = Step::move;
      return Next::pass;
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
  Collected& lists = c.collected();
  if (c.frame(folio).locked_by.some()) {
    lists.rest.push_back(folio);
    lists.folios.erase(lists.folios.begin() + cursor);
    step = Step::next;
    return Next::again;
  }
  const bool gone = c.frame(folio).references == 1 || !c.frame(folio).mapping.some();
  const std::uint32_t pages = c.frame(folio).pages();
  const bool pool = c.frame(folio).hugetlb;
  const HostId host = c.frame(folio).host;
  if (!pool && !gone) c.spend(Cost::page_alloc);
  const auto target = gone   ? std::nullopt
                      : pool ? hugetlb_page(c, host, pages)
                             : c.allocate(host, pages);
  lists.targets.push_back(target.value_or(FrameId{}));
  if (!target || c.frame(folio).pins > 0) {
    if (target) c.put(*target);
    lists.targets.back() = FrameId{};
    ++cursor;
    failed = static_cast<std::uint16_t>(failed + (gone ? 0 : 1));
    step = Step::next;
    return Next::again;
  }
  c.lock_folio(folio);
  step = Step::unmapped;
  return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                            .batch = batch(c),
                            .mode = rmap_mode(c.machine, c.frame(folio).mapping),
                            .frame = folio,
                            .mapping = c.frame(folio).mapping}});
}

// migrate_pages_sync(): then those that were locked.
Next MigratePages::finish(Context& c) {
  Collected& lists = c.collected();
  for (const FrameId left : lists.folios) {
    if (left.some()) free_unmapped(c, left);
  }
  if (lists.rest.empty()) {
    c.task().collected.pop_back();
    return c.done(Result::value(failed));
  }
  lists.folios.assign(1, lists.rest.front());
  lists.rest.erase(lists.rest.begin());
  lists.targets.clear();
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
  Collected& lists = c.collected();
  while (moved < cursor && !lists.targets[moved].some()) ++moved;
  if (moved == cursor) {
    step = batch(c) ? Step::free : Step::next;
    return Next::pass;
  }
  const FrameId from = lists.folios[moved];
  const FrameId to = lists.targets[moved];
  const Frame& old = c.frame(from);
  mapping = old.mapping;
  if (mapping.some() && !c.machine.lock_available(rmap_lock(mapping), LockMode::read)) {
    step = Step::lock_rmap;  // rmap_walk()
    return Next::pass;
  }
  const bool file = is_file(c.machine, from);
  const unsigned cache = file ? old.cache_references() : old.slot.some() ? 1 : 0;
  if (old.references != 1 + cache || old.maps > 0) {  // Somebody else holds it: it stays.
    ++failed;
    remap(c, from, from);
    c.put(to);
    lists.targets[moved] = FrameId{};
  } else {
    c.machine.frames.copy(from, to);
    c.spend(Cost::copy_page, old.pages());
    Frame& fresh = c.frame(to);
    fresh.mapping = old.mapping;
    fresh.index = old.index;
    fresh.dirty = old.dirty;
    fresh.lazy_free = old.lazy_free;
    fresh.ksm = old.ksm;
    fresh.node = node;
    if (file) {
      add_to_page_cache(c, old.mapping, old.index, to);
      put_cached(c, from);
    } else if (old.slot.some()) {
      const SlotId slot = old.slot;
      c.frame(from).slot = SlotId{};
      c.put(from);
      add_to_swap_cache(c, to, slot);
    }
    lru_remove(c, from);
    if (!old.hugetlb && !old.ksm) lru_add(c, to);
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
  Collected& lists = c.collected();
  const std::uint32_t first = batch(c) ? 0 : moved - 1;
  for (std::uint32_t i = first; i < moved; ++i) {
    if (!lists.targets[i].some()) continue;
    c.spend(Cost::page_alloc);
    c.put(lists.folios[i]);
    lists.folios[i] = FrameId{};
  }
  if (batch(c) || cursor == lists.folios.size()) {
    drop_if(lists.folios, [](FrameId left) { return !left.some(); });
    lists.targets.clear();
    step = Step::finish;
  } else {
    step = Step::next;
  }
  return Next::again;
}

// Entries that were huge may have become small meanwhile, and VMAs may have been cut.
void MigratePages::remap(Context& c, FrameId from, FrameId to) {
  const Frame old = c.frame(from);
  for (std::uint32_t space = 0; space < c.machine.spaces.size(); ++space) {
    const AddressSpace& looked_at = std::as_const(c.machine).spaces[space];
    Small<std::pair<Page, Pte>, 8> entries;
    for (const Vma& vma : looked_at.vmas) {
      if (old.ksm) {  // rmap_walk_ksm()
        looked_at.page_table.for_each(vma.pages, [&](Page page, const Pte& pte) {
          if (pte.migrating() && pte.target == from.value) entries.push_back({page, pte});
        });
        continue;
      }
      if (!vma.belongs_to(old.mapping)) continue;
      c.spend(Cost::rmap_walk);
      for (std::uint32_t i = 0; i < old.pages(); ++i) {
        const auto page = vma.page_at(old.index + i);
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
              .pages = entry_range(page, pte),
              .frame = FrameId{pte.target}});
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
      Small<FrameId, 2> folios;
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      space.page_table.for_each(pages, [&](Page, const Pte& pte) {
        if (!pte.present() || pte.special || c.machine.is_zero(pte.frame())) return;
        const FrameId head = c.machine.frames.head(pte.frame());
        const Frame& folio = std::as_const(c.machine).frames[head];
        if (folio.device || folio.pfnmap || folio.node == node || (all && folio.node != from))
          return;
        if (std::ranges::find(folios, head) == folios.end()) folios.push_back(head);
      });
      c.spend(Cost::pte_walk, folios.size());
      if (!holds) c.release(mmap_lock(mm));
      step = Step::migrated;
      return migrate_folios(c, folios, node);
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
  Small<FrameId, 2> folios;
  for (const FrameId frame : std::as_const(c.machine).hosts[host.index()].lru) {
    const Frame& folio = std::as_const(c.machine).frames[frame];
    if (folio.pages() == 1 && folio.pins == 0 && !folio.locked_by.some()) {
      folios.push_back(frame);
    }
  }
  step = Step::migrated;
  return migrate_folios(c, folios, 0);
}

}  // namespace model
