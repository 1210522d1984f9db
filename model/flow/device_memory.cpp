// SPDX-License-Identifier: Apache-2.0
#include "model/flow/device_memory.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- MigrateVma

namespace {

// migrate_vma_setup(): what it takes is pages of one VMA, and not of hugetlb.
bool may_migrate(const AddressSpace& space, PageRange pages) {
  const Vma* vma = space.find_vma(pages.first);
  return vma != nullptr && !vma->hugetlb && pages.end() <= vma->pages.end();
}

}  // namespace

Wait MigrateVma::guard() const {
  switch (step) {
    case Step::lock:
      return Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::start:
      return {};
    case Step::fill:
    case Step::finalize:
      return Wait::lock(page_table_lock(mm), LockMode::write);
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
    case Step::start:
      drain_lru(c);
      step = Step::collect;
      return c.call({RangeStart{.range = range()}});
    case Step::collect:
      return collect(c);
    case Step::replace: {
      const Page page = pages.at(cursor++);
      entry.kind = Pte::Kind::migration;
      table.set(page, entry);
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
      while (unmapped < pages.count) {
        const Pte pte = table.at(pages.at(unmapped++));
        if (!pte.migrating() || c.frame(pte.frame()).locked_by != c.self) continue;
        if (c.frame(pte.frame()).maps == 0) continue;
        return c.call({UnmapFolio{.what = UnmapFolio::For::migration,
                                  .batch = false,
                                  .frame = pte.frame(),
                                  .mapping = c.frame(pte.frame()).mapping}});
      }
      step = first_hole < pages.count ? Step::start_holes : Step::finalize;
      return Next::pass;
    case Step::start_holes:
      step = Step::fill;
      return c.call({RangeStart{.range = holes()}});
    case Step::fill:
      return fill(c);
    case Step::filled:
      return filled(c);
    case Step::end_holes:
      step = Step::finalize;
      return c.call({RangeEnd{.only_end = true, .range = holes()}});
    case Step::finalize:
      return finalize(c);
    case Step::unlock:
      if (locks) c.release(mmap_lock(mm));
      return c.done();
  }
  return c.done();
}

// migrate_vma_collect_pmd(): under one page table lock, each entry is flushed as it is replaced.
Next MigrateVma::collect(Context& c) {
  if (!c.mm(mm).page_table_lock.held_by(c.self)) {
    if (!c.machine.lock_available(page_table_lock(mm), LockMode::write)) return Next::again;
    c.take(page_table_lock(mm), LockMode::write);
  }
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  for (; cursor < pages.count; ++cursor) {
    const Page page = pages.at(cursor);
    const Pte pte = table.at(page);
    const bool zero = pte.present() && c.machine.is_zero(pte.frame());
    if ((!pte.populated() || zero) && !from_device && first_hole == 0xffffffff) {
      first_hole = cursor;
    }
    const bool wanted =
        from_device ? pte.kind == Pte::Kind::device_private
                    : pte.present() && !zero && !pte.huge && is_anonymous(c.machine, pte.frame());
    if (!wanted || c.frame(pte.frame()).locked_by.some()) continue;
    c.lock_folio(pte.frame());
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

std::optional<FrameId> MigrateVma::allocate(Context& c, Page page) const {
  const auto frame = c.allocate(c.mm(mm).host);
  if (!frame) return frame;
  Vma& vma = *c.mm(mm).find_vma(page);
  vma.prepared = true;
  belongs(c, *frame, vma, page);
  if (to_device) {
    c.frame(*frame).device = true;
  } else {
    lru_add(c, *frame);
  }
  return frame;
}

// migrate_vma_insert_page(): one page that was not there, or the zero page.
Next MigrateVma::fill(Context& c) {
  const PageTable& table = std::as_const(c.machine).spaces[mm.index()].page_table;
  for (; cursor < pages.count; ++cursor) {
    const Pte pte = table.at(pages.at(cursor));
    const bool zero = pte.present() && c.machine.is_zero(pte.frame());
    if (pte.populated() && !zero) continue;
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
  replaced = false;
  step = Step::fill;
  if (const auto frame = allocate(c, page)) {
    const bool write = c.mm(mm).find_vma(page)->write;
    if (was_zero && c.setup.switches.change_pte) {
      c.emit({.kind = EventKind::change_pte,
              .detail = write,
              .mm = mm,
              .pages = one_page(page),
              .frame = *frame});
    }
    if (to_device) {
      Pte fresh{.target = frame->value, .kind = Pte::Kind::device_private};
      fresh.write = fresh.exclusive = write;
      c.mm(mm).page_table.set(page, fresh);
      ++c.frame(*frame).maps;
    } else {
      map_frame(c, mm, page, *frame, {.write = write, .dirty = write, .exclusive = true});
    }
  }
  c.release(page_table_lock(mm));
  return Next::again;
}

// migrate_vma_pages() and _finalize(): everything is copied, and the migration entries replaced.
Next MigrateVma::finalize(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    const Page page = pages.at(i);
    Pte pte = table.at(page);
    if (!pte.migrating() || c.frame(pte.frame()).locked_by != c.self) continue;
    const FrameId from = pte.frame();
    const bool device = c.frame(from).device;
    const bool alone = c.frame(from).references == 1 && c.frame(from).maps == 0;
    const auto target = alone ? allocate(c, page) : std::nullopt;
    const FrameId to = target.value_or(from);
    pte.kind = target && to_device             ? Pte::Kind::device_private
               : target || !c.frame(to).device ? Pte::Kind::present
                                               : Pte::Kind::device_private;
    pte.target = to.value;
    if (to_device || device) pte.young = pte.dirty = false;
    if (target) {
      c.frame(to).value = c.frame(from).value;
      c.frame(to).dirty = true;
      c.spend(Cost::copy_page);
    }
    table.set(page, pte);
    ++c.frame(to).maps;
    remap_others(c, from, to, pte.kind);
    c.release(folio_lock(from));
    if (target) {
      lru_remove(c, from);
      c.put(from);
    }
  }
  step = Step::unlock;
  return Next::again;
}

// remove_migration_ptes(): what other address spaces had is put back as well.
void MigrateVma::remap_others(Context& c, FrameId from, FrameId to, Pte::Kind kind) {
  const Frame folio = c.frame(from);
  const auto waits = [from](RmapPlace, const Vma&, const Pte& pte) {
    return pte.migrating() && pte.target == from.value;
  };
  for (RmapPlace place = next_place(c.machine, folio.mapping, folio.index, {}, waits);
       place.mm.some(); place = next_place(c.machine, folio.mapping, folio.index, place, waits)) {
    Pte pte = c.mm(place.mm).page_table.at(place.page);
    pte.kind = kind;
    pte.target = to.value;
    c.mm(place.mm).page_table.set(place.page, pte);
    ++c.frame(to).maps;
    c.get(to);
  }
}

// ---- MigrateToRam

Next MigrateToRam::run(Context& c) {
  switch (step) {
    case Step::ask:
      c.emit({.kind = EventKind::migrate_to_ram, .mm = mm, .pages = one_page(page)});
      step = Step::answered;
      return c.call({MigrateVma{.step = MigrateVma::Step::start,
                                .locks = false,
                                .owner = true,
                                .from_device = true,
                                .mm = mm,
                                .pages = one_page(page)}});
    case Step::answered: {
      const Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
      const bool back = pte.kind != Pte::Kind::device_private;
      return c.give(back ? Result::success() : Result::error(ENOMEM));
    }
  }
  return c.done();
}

// ---- MakeExclusive

Wait MakeExclusive::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange MakeExclusive::range() const {
  return {.mm = mm,
          .pages = one_page(pages.at(cursor)),
          .event = NotifierEvent::exclusive,
          .owner = owner};
}

Next MakeExclusive::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      step = Step::next;
      return Next::again;
    case Step::next: {
      if (cursor == pages.count || error != 0) {
        c.release(mmap_lock(mm));
        return c.done(error == 0 ? Result::success() : Result::error(error));
      }
      const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
      const Pte pte = space.page_table.at(pages.at(cursor));
      if (!pte.allows(true)) {
        step = Step::got;
        return c.call({HandleFault{.write = true, .mm = mm, .page = pages.at(cursor)}});
      }
      frame = pte.frame();
      c.get(frame);
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range()}});
    }
    case Step::got:
      if (!c.task().result.ok()) error = static_cast<int>(c.task().result.number);
      step = Step::next;
      return Next::pass;
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      entry = c.mm(mm).page_table.at(pages.at(cursor));
      step = Step::end;
      if (!entry.maps(frame) || entry.huge) return Next::again;
      unmap_frame(c, mm, pages.at(cursor));
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::set;
      return c.call({flush_page(mm, pages.at(cursor))});
    case Step::set:
      entry.kind = Pte::Kind::device_exclusive;
      entry.write = entry.young = false;
      c.mm(mm).page_table.set(pages.at(cursor), entry);
      ++c.frame(frame).maps;
      c.frame(frame).dirty = true;
      step = Step::end;
      return Next::again;
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      return c.call({RangeEnd{.range = range()}});
    case Step::finish:
      free_unmapped(c, frame);
      ++cursor;
      step = Step::next;
      return Next::again;
  }
  return c.done();
}

// ---- RestoreExclusive

Wait RestoreExclusive::guard() const {
  return step == Step::restore ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next RestoreExclusive::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = one_page(page), .event = NotifierEvent::clear};
  switch (step) {
    case Step::start:
      step = Step::restore;
      return c.call({RangeStart{.range = range}});
    case Step::restore: {
      Pte pte = c.mm(mm).page_table.at(page);
      step = Step::finish;
      if (pte.kind == Pte::Kind::device_exclusive) {
        const Vma& vma = *c.mm(mm).find_vma(page);
        pte.kind = Pte::Kind::present;
        pte.write = vma.write && pte.exclusive;
        pte.dirty = true;
        pte.young = false;
        c.mm(mm).page_table.set(page, pte);
      }
      return c.call({RangeEnd{.range = range}});
    }
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// ---- HmmRange

Wait HmmRange::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::walk) return Wait::lock(page_table_lock(mm), LockMode::read);
  return {};
}

Next HmmRange::run(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  switch (step) {
    case Step::watch:  // The driver's own interval: what changes is looked up again.
      mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
      c.machine.registrations.push_back({.mm = mm, .pages = pages});
      c.notifier(mm).intervals.insert(mr, pages);
      step = Step::lock;
      return Next::again;
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::lock);
      begun = c.notifier(mm).intervals.read_begin(mr);
      cursor = 0;
      step = Step::walk;
      return Next::again;
    case Step::walk:  // hmm_vma_walk_test(), hmm_vma_handle_pte()
      for (; cursor < pages.count; ++cursor) {
        const Page page = pages.at(cursor);
        const Vma* vma = space.find_vma(page);
        const Pte pte = space.page_table.at(page);
        if (!fault) continue;
        if (vma == nullptr || !vma->allows(false)) {
          error = EFAULT;
          break;
        }
        const bool own = pte.kind == Pte::Kind::device_private && owner;
        const bool there = own ? pte.write || !write : pte.allows(write);
        if (there) continue;
        if (write && !vma->write) {
          error = EPERM;
          break;
        }
        step = Step::faulted;
        return c.call({HandleFault{.write = write, .mm = mm, .page = page}});
      }
      step = Step::unlock;
      return Next::again;
    case Step::faulted: {
      const Result result = c.task().result;
      retry = result == Result::error(EBUSY);
      if (!result.ok() && !retry) error = static_cast<int>(result.number);
      step = result.ok() ? Step::walk : Step::unlock;
      return Next::pass;
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      retry = retry || (error == 0 && c.notifier(mm).intervals.read_retry(mr, begun));
      step = Step::finish;
      return Next::pass;
    case Step::finish:
      if (retry) {
        retry = false;
        step = Step::lock;
        return Next::again;
      }
      step = Step::unwatched;
      return c.call({Unwatch{.mr = mr}});
    case Step::unwatched:
      return c.give(error == 0 ? Result::success() : Result::error(error));
  }
  return c.done();
}

}  // namespace model
