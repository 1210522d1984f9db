// SPDX-License-Identifier: Apache-2.0
#include "model/flow/hugetlb.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"
#include "model/flow/pmd_sharing.hpp"

namespace model {
namespace {

void copy_pages(Context& c, FrameId from, FrameId to) {
  c.machine.frames.copy(from, to);
  c.spend(Cost::copy_page, c.frame(from).pages());
}

// Whether the VMA's file, if it has one, ends before that page.
bool ends_before(const Machine& machine, const Vma& vma, std::uint32_t end) {
  if (!vma.file.some()) return false;
  const Mapping& cache = machine.mappings[vma.file.index()];
  return cache.file && cache.size < end;
}

}  // namespace

// alloc_hugetlb_folio()
std::optional<FrameId> hugetlb_page(Context& c, HostId host, std::uint32_t pages) {
  const auto head = c.machine.frames.allocate(host, pages);
  c.changed(Wait::Kind::pressure, host.value);
  c.spend(Cost::page_alloc);
  if (!head) return head;
  c.frame(*head).hugetlb = true;
  c.emit({.kind = EventKind::frame_allocated, .frame = *head, .value = c.frame(*head).order});
  return head;
}

bool cuts_hugetlb(const AddressSpace& space, PageRange pages) {
  const auto cuts = [&](Page at) {
    const Vma* vma = space.find_vma(at);
    return vma != nullptr && vma->hugetlb && vma->pages.first < at &&
           at.value % vma->pagesize() != 0;
  };
  return cuts(pages.first) || cuts(pages.end());
}

// ---- HugetlbFault

Wait HugetlbFault::guard() const {
  const bool locks = step == Step::decide || step == Step::lock_ptl;
  return locks ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange HugetlbFault::range(const Context& c) const {
  const std::uint32_t size = c.machine.frames[old].pages();
  return {.mm = mm, .pages = span_of(page, size), .event = NotifierEvent::clear};
}

Next HugetlbFault::run(Context& c) {
  switch (step) {
    case Step::decide:
      return decide(c);
    case Step::start:
      copy_pages(c, old, fresh);
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range(c)}});
    case Step::lock_ptl: {
      c.take(page_table_lock(mm), LockMode::write);
      const Page first = range(c).pages.first;
      const Pte pte = c.mm(mm).page_table.at(first);
      step = Step::end;
      if (!pte.maps(old)) return Next::again;
      wp = pte.uffd_wp;
      unmap_huge(c, mm, first);
      step = Step::flush;
      return Next::again;
    }
    case Step::flush: {  // huge_ptep_clear_flush() names its first page only.
      step = Step::set;
      TlbFlush flush = flush_page(mm, range(c).pages.first);
      flush.secondary = false;
      return c.call({flush});
    }
    case Step::set: {
      if (!c.setup.switches.secondary_by_flush && !told) {
        told = true;
        if (secondary_tlb(c, mm, range(c).pages, Next::pass) == Next::call) return Next::call;
      }
      Vma& vma = *c.mm(mm).find_vma(page);
      const Page first = range(c).pages.first;
      vma.prepared = true;
      belongs(c, fresh, vma, first);
      map_huge(c, mm, first, fresh,
               {.write = !unshare, .dirty = !unshare, .exclusive = true, .uffd_wp = unshare && wp});
      c.put(old);
      fresh = FrameId{};
      step = Step::end;
      return Next::again;
    }
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      return c.call({RangeEnd{.range = range(c)}});
    case Step::finish:
      if (fresh.some()) c.put(fresh);
      if (old.some()) c.put(old);
      return c.done();
  }
  return c.done();
}

// hugetlb_handle_userfault()
Next HugetlbFault::wait_for_user(Context& c, UserFault reason) {
  c.task().awaited = Wait::userfault(mm, page, reason, c.mm(mm).generation);
  return c.give(Result::error(EBUSY));
}

Next HugetlbFault::decide(Context& c) {
  if (const auto wait = share_pmds(c, mm, page)) {
    c.task().awaited = *wait;
    return c.give(Result::error(EBUSY));
  }
  Vma& vma = *c.mm(mm).find_vma(page);
  const std::uint32_t size = vma.pagesize();
  const Page first = span_of(page, size).first;
  Pte pte = c.mm(mm).page_table.at(first);
  const HostId host = c.mm(mm).host;
  const bool marked = pte.kind == Pte::Kind::marker && pte.uffd_wp;
  if (!pte.populated() || marked) {
    const std::uint32_t index = vma.index_of(first);
    if (ends_before(c.machine, vma, index + size)) {
      return c.give(Result::error(ENOMEM));  // SIGBUS: only whole huge pages count.
    }
    const Pte cached = vma.file.some() ? c.mapping(vma.file).cached(index) : Pte{};
    if (cached.present() && c.frame(cached.frame()).poisoned) {
      return c.give(Result::error(EHWPOISON));
    }
    if (cached.present() && vma.uffd_minor) return wait_for_user(c, UserFault::minor);
    if (!cached.present() && vma.uffd_missing) return wait_for_user(c, UserFault::missing);
    if (cached.present() && c.frame(cached.frame()).locked_by.some()) {  // hugetlb_fault_mutex
      c.task().awaited = Wait::lock(folio_lock(cached.frame()), LockMode::write);
      return c.give(Result::error(EBUSY));
    }
    if (cached.present()) {
      c.get(cached.frame());
      const bool shared_write = write && vma.shared;
      map_huge(
          c, mm, first, cached.frame(),
          {.write = vma.write && vma.shared && !marked, .dirty = shared_write, .uffd_wp = marked});
      return write && !vma.shared ? Next::again : c.done();  // Then its copy.
    }
    const auto head = hugetlb_page(c, host, size);
    if (!head) return c.give(Result::error(ENOMEM));
    c.spend(Cost::clear_page, size);
    if (vma.file.some() && vma.shared) {
      c.frame(*head).mapping = vma.file;
      c.frame(*head).index = index;
      c.get(*head);
      c.mapping(vma.file).set_cached(index, {.target = head->value, .kind = Pte::Kind::present});
    } else {
      vma.prepared = true;
      belongs(c, *head, vma, first);
    }
    const bool writable = vma.write && (vma.shared || write) && !marked;
    map_huge(c, mm, first, *head,
             {.write = writable, .dirty = write, .exclusive = !vma.shared, .uffd_wp = marked});
    return c.done();
  }
  if (pte.migrating()) {  // migration_entry_wait_huge()
    c.task().awaited = Wait::lock(folio_lock(pte.frame()), LockMode::write);
    return c.give(Result::error(EBUSY));
  }
  if (!pte.present()) return c.give(Result::error(EHWPOISON));  // Or a marker says so.
  if (!unshare && (!write || pte.write)) return c.give();
  if (write && pte.uffd_wp && vma.uffd_wp && !vma.uffd_async)
    return wait_for_user(c, UserFault::wp);
  if (write) pte.uffd_wp = pte.uffd_wp && !vma.uffd_wp;
  old = pte.frame();
  const Frame& folio = c.frame(old);
  const bool alone = pte.exclusive || (folio.maps == 1 && folio.references == 1);
  if (vma.shared || alone) {
    if (write) pte.write = pte.dirty = pte.young = true;
    pte.exclusive = !vma.shared;
    set_bits(c, mm, first, pte);
    return c.done();
  }
  const auto head = hugetlb_page(c, host, size);
  if (!head) return c.give(Result::error(ENOMEM));
  fresh = *head;
  c.get(old);
  step = Step::start;
  return Next::again;
}

// ---- CopyHugetlb

Wait CopyHugetlb::guard() const {
  return step == Step::copy ? Wait::lock(page_table_lock(parent), LockMode::write) : Wait{};
}

// With a bracket for private memory alone: is_cow_mapping().
Next CopyHugetlb::run(Context& c) {
  const bool cow = !c.mm(parent).find_vma(pages.first)->shared;
  const NotifierRange range{.mm = parent, .pages = pages, .event = NotifierEvent::clear};
  switch (step) {
    case Step::start:
      step = Step::copy;
      if (!cow) return Next::pass;
      return c.call({RangeStart{.range = range}});
    case Step::copy:
      for (const std::uint32_t size = c.mm(parent).find_vma(pages.first)->pagesize();
           done < pages.count; done += size) {
        if (!copy(c, pages.at(done))) failed = true;
      }
      step = Step::finish;
      if (!cow) return Next::again;
      return c.call({RangeEnd{.range = range}});
    case Step::finish:
      return c.give(failed ? Result::error(ENOMEM) : Result::success());
  }
  return c.done();
}

bool CopyHugetlb::copy(Context& c, Page first) {
  const Pte pte = c.mm(parent).page_table.at(first);
  const Vma& vma = *std::as_const(c.machine).spaces[parent.index()].find_vma(first);
  const bool marked = pte.kind == Pte::Kind::marker && pte.no_access;  // UFFDIO_POISON
  if (pte.kind == Pte::Kind::poisoned || marked) {
    c.mm(child).page_table.set_huge(first, without_uffd_wp(pte));
  }
  if (pte.migrating()) share_migration(c, parent, child, first, vma);
  if (!pte.present()) return true;
  const bool pinned = c.frame(pte.frame()).pins > 0 && c.setup.switches.fork_copies_pinned;
  if (!vma.shared && pinned && is_anonymous(c.machine, pte.frame())) {
    const auto head = hugetlb_page(c, c.mm(child).host, vma.pagesize());
    if (!head) return false;
    copy_pages(c, pte.frame(), *head);
    belongs(c, *head, vma, first);
    map_huge(c, child, first, *head, {.write = vma.write, .dirty = true, .exclusive = true});
    return true;
  }
  if (!vma.shared) {
    Pte kept = pte;
    kept.exclusive = false;
    set_bits(c, parent, first, kept);
    protect(c, parent, first);
  }
  c.get(pte.frame());
  map_huge(c, child, first, pte.frame(),
           {.write = vma.shared && pte.write, .dirty = pte.dirty, .young = pte.young});
  return true;
}

// ---- ProtectHugetlb

Wait ProtectHugetlb::guard() const {
  if (step == Step::lock_file) return Wait::lock(rmap_lock(file), LockMode::write);
  return step == Step::modify ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next ProtectHugetlb::run(Context& c) {
  const std::uint32_t size = c.mm(mm).find_vma(pages.first)->pagesize();
  const NotifierRange range{.mm = mm,
                            .pages = sharing_range(c, c.mm(mm).find_vma(pages.first), pages),
                            .event = NotifierEvent::protection_vma};
  switch (step) {
    case Step::start:
      if (shareable_part(*c.mm(mm).find_vma(pages.first)).count > 0) {
        file = c.mm(mm).find_vma(pages.first)->file;
      }
      step = file.some() ? Step::lock_file : Step::modify;
      return c.call({RangeStart{.range = range}});
    case Step::lock_file:
      c.take(rmap_lock(file), LockMode::write);
      step = Step::modify;
      return Next::again;
    case Step::modify:
      for (std::uint32_t at = 0; at < pages.count; at += size) {
        unshared = unshare_pmds(c, mm, pages.at(at)) || unshared;
        modify(c, pages.at(at));
      }
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::end;
      return c.call(
          {TlbFlush{.mm = mm, .pages = unshared ? range.pages : pages, .shift = page_shift(size)}});
    case Step::end:
      if (file.some()) c.release(rmap_lock(file));
      step = Step::finish;
      return c.call({RangeEnd{.range = range}});
    case Step::finish:  // The caller flushes everything: the tables could have been shared.
      c.task().gather.add(all_pages);
      c.task().gather.freed_tables = true;
      return c.give();
  }
  return c.done();
}

void ProtectHugetlb::modify(Context& c, Page first) {
  const Vma& vma = *c.mm(mm).find_vma(first);
  Pte pte = c.mm(mm).page_table.at(first);
  if (!pte.populated() && what == What::uffd_wp) {
    return c.mm(mm).page_table.set_huge(first, wp_marker(vma.pagesize()));
  }
  if (pte.kind == Pte::Kind::marker && pte.uffd_wp && what == What::uffd_resolve) {
    return c.mm(mm).page_table.set_huge(first, {});
  }
  if (pte.migrating()) {  // Writable ones become readable; remove_migration_pte() asks the VMA.
    pte.write = false;
    if (what == What::protection) pte.no_access = !vma.allows(false);
    if (what != What::protection) pte.uffd_wp = what == What::uffd_wp;
    return set_bits(c, mm, first, pte);
  }
  if (!pte.present()) return;
  if (!vma.write || what == What::uffd_wp) protect(c, mm, first);
  pte = c.mm(mm).page_table.at(first);
  if (what == What::protection) pte.no_access = !vma.allows(false);
  if (what != What::protection) pte.uffd_wp = what == What::uffd_wp;
  if (what == What::protection && vma.write && vma.shared && !pte.uffd_wp) pte.write = pte.dirty;
  set_bits(c, mm, first, pte);
}

// ---- MoveHugetlb

Wait MoveHugetlb::guard() const {
  if (step == Step::lock_file) return Wait::lock(rmap_lock(file), LockMode::write);
  return step == Step::move ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange MoveHugetlb::range(Context& c) const {
  return {.mm = mm,
          .pages = sharing_range(c, c.mm(mm).find_vma(from.first), from),
          .event = NotifierEvent::clear};
}

Next MoveHugetlb::run(Context& c) {
  switch (step) {
    case Step::start:
      if (shareable_part(*c.mm(mm).find_vma(from.first)).count > 0) {
        file = c.mm(mm).find_vma(from.first)->file;
      }
      step = file.some() ? Step::lock_file : Step::move;
      return c.call({RangeStart{.range = range(c)}});
    case Step::lock_file:
      c.take(rmap_lock(file), LockMode::write);
      step = Step::move;
      return Next::again;
    case Step::move: {
      PageTable& table = c.mm(mm).page_table;
      MmuGather gather;
      const std::uint32_t size = c.mm(mm).find_vma(from.first)->pagesize();
      for (std::uint32_t at = 0; at < from.count; at += size) {
        // What is shared is found again by faults.
        if (unshare_pmds(c, mm, from.at(at))) gather.add(range(c).pages);
        const Pte entry = table.at(from.at(at));
        if (!entry.populated()) continue;
        table.set_huge(from.at(at), {});
        table.set_huge(Page{to.value + at}, without_uffd_wp(entry));
        gather.add_huge({.first = from.at(at), .count = size});
        c.spend(Cost::pte_change);
      }
      step = Step::end;
      if (!gather.flushes()) return Next::again;
      return c.call({flush_of(mm, gather, false)});
    }
    case Step::end:
      if (file.some()) c.release(rmap_lock(file));
      step = Step::finish;
      return c.call({RangeEnd{.range = range(c)}});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

}  // namespace model
