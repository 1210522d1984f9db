// SPDX-License-Identifier: Apache-2.0
// PAGEMAP_SCAN: do_pagemap_scan() of fs/proc/task_mmu.c, for pages that were written.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

// Whether range_start comes before mmap_lock, and range_end behind it.
bool PagemapScan::outside(const Context& c) const {
  return protects && !c.setup.switches.scan_notifies_locked;
}

Wait PagemapScan::guard() const {
  if (step == Step::lock) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::lock_ptl) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

NotifierRange PagemapScan::range() const {
  return {.mm = mm, .pages = pages, .event = NotifierEvent::protection_vma};
}

Next PagemapScan::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      c.spend(Cost::syscall);
      cursor = pages.first;
      step = !protects ? Step::unlock : outside(c) ? Step::next : Step::start;
      return Next::again;
    case Step::start:
      step = outside(c) ? Step::lock : Step::next;
      return c.call({RangeStart{.outside = outside(c), .range = range()}});
    case Step::next:
      return next(c);
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      protect_table(c, changed);
      step = Step::flush;
      if (changed.count == 0) return Next::again;
      return c.call({flush(c)});
    case Step::flush:
      c.release(page_table_lock(mm));
      step = Step::next;
      return Next::again;
    case Step::end:
      step = Step::unlock;
      if (outside(c)) return Next::pass;
      return c.call({RangeEnd{.range = range()}});
    case Step::unlock:
      c.release(mmap_lock(mm));
      step = Step::ended;
      return outside(c) ? Next::again : c.done();
    case Step::ended:
      if (ended) return c.done();
      ended = true;
      return c.call({RangeEnd{.range = range()}});
  }
  return c.done();
}

// The next table, of a VMA whose writes lift their protection themselves. Others are passed over.
Next PagemapScan::next(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  while (cursor < pages.end()) {
    const Vma* vma = space.vma_from(cursor);
    if (vma == nullptr || vma->pages.first >= pages.end()) break;
    cursor = std::max(cursor, vma->pages.first);
    const bool ours = vma->uffd_wp && vma->uffd_async && vma->uffd_marks();
    const PageRange whole = span_of(cursor, std::max(vma->pagesize(), pmd_pages));
    const PageRange span = whole.intersect(vma->pages).intersect(pages);
    changed = {.first = cursor, .count = span.end().value - cursor.value};
    const bool huge = vma->hugetlb || space.page_table.at(cursor).huge;
    // pagemap_scan_hugetlb_entry() asks for HPAGE_SIZE, whatever the size of the page is.
    const bool partly = huge && changed.count != (vma->hugetlb ? pmd_pages : whole.count);
    if (ours && partly && !vma->hugetlb) {
      return c.call({SplitPmd{.mm = mm, .first = whole.first}});
    }
    cursor = ours ? span.end() : vma->pages.end();
    if (!ours || partly || (!huge && !space.page_table.has_table(pmd_pages, span.first))) continue;
    step = Step::lock_ptl;
    return Next::pass;
  }
  step = Step::end;
  return Next::pass;
}

// flush_tlb_range(), which knows the size of pages of hugetlb.
TlbFlush PagemapScan::flush(Context& c) const {
  TlbFlush all = flush_range(mm, changed);
  all.shift = page_shift(c.mm(mm).find_vma(changed.first)->pagesize());
  return all;
}

// pagemap_scan_pmd_entry(): whatever is not write-protected counts as written. `changed` is what is
// to be flushed.
void PagemapScan::protect_table(Context& c, PageRange part) {
  PageTable& table = c.mm(mm).page_table;
  const std::uint32_t size = c.mm(mm).find_vma(part.first)->pagesize();
  changed = {};
  for (std::uint32_t i = 0; i < part.count; i += size) {  // A huge page of hugetlb at once.
    const Page page = part.at(i);
    Pte pte = table.at(page);
    const bool refuses = pte.kind == Pte::Kind::marker || pte.kind == Pte::Kind::poisoned;
    if (pte.uffd_wp || refuses) continue;  // Guards and poison stay what they are.
    if (size > 1 && !pte.populated()) continue;
    if (changed.count == 0) changed.first = page;
    changed.count = page.value + size - changed.first.value;
    if (!pte.populated()) {
      table.set(page, wp_marker());
      c.spend(Cost::pte_change);
      continue;
    }
    protect(c, mm, page);
    pte = table.at(page);
    pte.uffd_wp = true;
    set_bits(c, mm, page, pte);
    if (pte.huge) changed = entry_range(page, pte);
  }
}

}  // namespace model
