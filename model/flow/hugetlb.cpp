// SPDX-License-Identifier: Apache-2.0
#include "model/flow/hugetlb.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// alloc_hugetlb_folio()
std::optional<FrameId> from_pool(Context& c, HostId host) {
  const auto head = c.machine.frames.allocate(host, pmd_pages);
  if (!head) return head;
  c.frame(*head).hugetlb = true;
  c.emit({.kind = EventKind::frame_allocated, .frame = *head, .value = 9});
  return head;
}

}  // namespace

// ---- HugetlbFault

Wait HugetlbFault::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange HugetlbFault::range() const {
  return {.mm = mm, .pages = span_of(page, pmd_pages), .event = NotifierEvent::clear};
}

Next HugetlbFault::run(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  switch (step) {
    case Step::decide:
      return decide(c);
    case Step::start:
      for (std::uint32_t i = 0; i < pmd_pages; ++i) {
        c.frame(FrameId{fresh.value + i}).value = c.frame(FrameId{old.value + i}).value;
      }
      c.spend(Cost::copy_page, pmd_pages);
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = range()}});
    case Step::lock_ptl: {
      c.take(page_table_lock(mm), LockMode::write);
      const Pte pte = c.mm(mm).page_table.at(first);
      step = Step::end;
      if (!pte.maps(old)) return Next::again;
      unmap_huge(c, mm, first);
      step = Step::flush;
      return Next::again;
    }
    case Step::flush: {  // huge_ptep_clear_flush() names its first page only.
      step = Step::set;
      TlbFlush flush = flush_page(mm, first);
      flush.secondary = false;
      return c.call({flush});
    }
    case Step::set: {
      if (!c.setup.switches.secondary_by_flush) secondary_tlb(c, mm, range().pages);
      const Vma& vma = *c.mm(mm).find_vma(page);
      belongs(c, fresh, vma, first);
      map_huge(c, mm, first, fresh, {.write = true, .dirty = true, .exclusive = true});
      c.put(old);
      fresh = FrameId{};
      step = Step::end;
      return Next::again;
    }
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::finish;
      return c.call({RangeEnd{.range = range()}});
    case Step::finish:
      if (fresh.some()) c.put(fresh);
      if (old.some()) c.put(old);
      return c.done();
  }
  return c.done();
}

Next HugetlbFault::decide(Context& c) {
  const Page first = span_of(page, pmd_pages).first;
  Vma& vma = *c.mm(mm).find_vma(page);
  Pte pte = c.mm(mm).page_table.at(first);
  const HostId host = c.mm(mm).host;
  if (!pte.populated()) {
    const Pte cached = vma.file.some() ? c.mapping(vma.file).cached(vma.index_of(first)) : Pte{};
    if (cached.present() && (vma.shared || !write)) {
      c.get(cached.frame());
      map_huge(c, mm, first, cached.frame(), {.write = vma.write && vma.shared, .dirty = write});
      return c.done();
    }
    const auto head = from_pool(c, host);
    if (!head) return c.give(Result::error(ENOMEM));
    if (vma.file.some() && vma.shared) {
      c.frame(*head).mapping = vma.file;
      c.frame(*head).index = vma.index_of(first);
      c.get(*head);
      c.mapping(vma.file).set_cached(vma.index_of(first),
                                     {.target = head->value, .kind = Pte::Kind::present});
    } else {
      vma.prepared = true;
      belongs(c, *head, vma, first);
    }
    const bool writable = vma.write && (vma.shared || write);
    map_huge(c, mm, first, *head, {.write = writable, .dirty = write, .exclusive = !vma.shared});
    return c.done();
  }
  if (!pte.present() || !write || pte.write) return c.give();
  old = pte.frame();
  const Frame& folio = c.frame(old);
  const bool alone = pte.exclusive || (folio.maps == 1 && folio.references == 1);
  if (vma.shared || alone) {
    pte.write = pte.dirty = pte.young = true;
    pte.exclusive = !vma.shared;
    c.mm(mm).page_table.set_huge(first, pte);
    return c.done();
  }
  const auto head = from_pool(c, host);
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

Next CopyHugetlb::run(Context& c) {
  const Page first = pages.at(done);
  const NotifierRange range{
      .mm = parent, .pages = {.first = first, .count = pmd_pages}, .event = NotifierEvent::clear};
  switch (step) {
    case Step::next:
      while (done < pages.count && !c.mm(parent).page_table.at(pages.at(done)).present()) {
        done += pmd_pages;
      }
      if (done >= pages.count) return c.give();
      step = Step::copy;
      return c.call({RangeStart{.range = {.mm = parent,
                                          .pages = {.first = pages.at(done), .count = pmd_pages},
                                          .event = NotifierEvent::clear}}});
    case Step::copy: {
      const Pte pte = c.mm(parent).page_table.at(first);
      const Vma& vma = *c.mm(parent).find_vma(first);
      if (pte.present()) {
        if (!vma.shared) {
          Pte kept = pte;
          kept.exclusive = false;
          set_bits(c, parent, first, kept);
          protect(c, parent, first);
        }
        c.get(pte.frame());
        map_huge(c, child, first, pte.frame(),
                 {.write = vma.shared && pte.write, .dirty = pte.dirty, .young = pte.young});
      }
      step = Step::finish;
      return c.call({RangeEnd{.range = range}});
    }
    case Step::finish:
      done += pmd_pages;
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

// ---- ProtectHugetlb

Wait ProtectHugetlb::guard() const {
  return step == Step::modify ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next ProtectHugetlb::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = pages, .event = NotifierEvent::protection_vma};
  switch (step) {
    case Step::start:
      step = Step::modify;
      return c.call({RangeStart{.range = range}});
    case Step::modify:
      for (std::uint32_t at = 0; at < pages.count; at += pmd_pages) {
        const Page first = pages.at(at);
        Pte pte = c.mm(mm).page_table.at(first);
        if (!pte.present()) continue;
        const Vma& vma = *c.mm(mm).find_vma(first);
        if (!vma.write) protect(c, mm, first);
        pte = c.mm(mm).page_table.at(first);
        pte.no_access = !vma.allows(false);
        if (vma.write && vma.shared) pte.write = pte.dirty;
        set_bits(c, mm, first, pte);
      }
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::end;
      return c.call({TlbFlush{.mm = mm, .pages = pages, .shift = 21}});
    case Step::end:
      step = Step::finish;
      return c.call({RangeEnd{.range = range}});
    case Step::finish:  // The caller flushes everything: the tables could have been shared.
      c.task().gather.add(all_pages);
      c.task().gather.freed_tables = true;
      return c.give();
  }
  return c.done();
}

}  // namespace model
