// SPDX-License-Identifier: Apache-2.0
#include "model/flow/zap.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

// A copy of a file's page, which truncation leaves unless the file ends before it.
bool is_private_copy(Context& c, const Pte& pte) {
  return pte.has_frame() && is_anonymous(c.machine, pte.frame());
}

// !zap_drop_markers(): as long as the mapping is there, so are its guards, and what userfaultfd has
// protected of a file.
bool keeps_marker(const Vma& vma, const Pte& marker) {
  return marker.uffd_wp ? vma.file.some() : !marker.no_access;
}

// mm_tlb_flush_nested(): munmap() may have gathered entries of the same pages, and not flushed them
// yet. Where page tables have references, that is not what keeps the pages.
bool flush_is_nested(const Context& c, const NotifierRange& range) {
  const auto& gone = std::as_const(c.machine).spaces[range.mm.index()].detached;
  return std::ranges::any_of(gone, [&](const Vma& vma) {
    return vma.pages.overlaps(range.pages) && c.machine.pfnmap(vma);
  });
}

}  // namespace

bool cuts_huge(Context& c, MmId mm, Page page) {
  const Pte entry = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  return page.value % entry.pages() != 0;
}

// ---- Zap

Wait Zap::guard() const {
  if (step == Step::lock_file) return Wait::lock(rmap_lock(file), LockMode::write);
  if (step == Step::tables && pfn.some()) return Wait::lock(rmap_lock(pfn), LockMode::write);
  if (step != Step::clear || locked) return {};
  return Wait::lock(page_table_lock(range.mm), LockMode::write);
}

NotifierRange Zap::bracket(Context& c) const {
  NotifierRange whole = range;
  whole.pages = part;
  // hugetlb_zap_begin(); munmap() says what it unmaps.
  if (pool.count > 0 && !tables) {
    whole.pages = sharing_range(c, c.mm(range.mm).find_vma(part.first), part);
  }
  return whole;
}

// That of unmap_hugepage_range().
NotifierRange Zap::nested_bracket(Context& c) const {
  return {.mm = range.mm,
          .pages = sharing_range(c, c.mm(range.mm).find_vma(pool.first), pool),
          .event = NotifierEvent::unmap};
}

Next Zap::run(Context& c) {
  switch (step) {
    case Step::next:
      return next(c);
    case Step::start:
      step = Step::started;
      if (!notify) return Next::pass;
      return c.call({RangeStart{.range = bracket(c)}});
    case Step::started:
      step = file.some() ? Step::lock_file : Step::clear;
      refused = notify && !c.task().result.ok();
      if (!refused) return Next::pass;
      if (c.setup.switches.heed_refusal) return c.give(Result::error(EAGAIN));
      notify = false;  // The bracket was undone when it was refused.
      return Next::pass;
    case Step::lock_file:  // hugetlb_zap_begin()
      c.take(rmap_lock(file), LockMode::write);
      step = Step::clear;
      return Next::again;
    case Step::clear:
      return clear(c);
    case Step::pending:
      locked = false;
      c.release(page_table_lock(range.mm));
      step = Step::clear;
      return Next::pass;
    case Step::forced: {  // tlb_flush_mmu(): what was gathered so far is freed as well.
      locked = false;
      c.release(page_table_lock(range.mm));
      free_gathered(c);
      step = cursor < part.end() ? Step::clear : Step::end;
      return Next::again;
    }
    case Step::end:
      // tlb_end_vma(), before anybody who frees the pages finds no mapping any more.
      if (pfn.some() && c.setup.switches.pfnmap_flushes && c.task().gather.flushes()) {
        const TlbFlush flush = flush_of(range.mm, c.task().gather, full);
        c.task().gather.reset();
        return c.call({flush});
      }
      if (nested) {
        nested = false;
        return c.call({RangeEnd{.range = nested_bracket(c)}});
      }
      step = Step::tables;
      if (!notify) return Next::pass;
      return c.call({RangeEnd{.range = bracket(c)}});
    case Step::tables:
      if (per_vma && cursor < range.pages.end() && c.setup.switches.gather_advice) {
        step = Step::next;  // The next VMA goes into the same batch.
        return Next::pass;
      }
      step = full ? Step::finish : Step::free;
      if (pfn.some()) {  // unlink_file_vma(), in free_pgtables()
        c.mm(range.mm).unlink(pfn);
        pfn = MappingId{};
      }
      if (tables) free_tables(c, range.mm, range.pages, floor, ceiling);
      return Next::pass;
    case Step::free:
      if (!tables && flush_is_nested(c, range)) c.task().gather.add(range.pages);
      step = cursor < range.pages.end() ? Step::next : Step::finish;
      return c.call({TlbFinish{.mm = range.mm}});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

// The range of the next bracket.
Next Zap::next(Context& c) {
  if (c.setup.switches.zap_drains) drain_lru(c);
  if (cursor < range.pages.first) cursor = range.pages.first;
  part = {.first = cursor, .count = range.pages.end().value - cursor.value};
  if (per_vma) {
    const Vma* vma = c.mm(range.mm).vma_from(cursor);
    part = vma == nullptr ? PageRange{} : vma->pages.intersect(part);
    if (part.count == 0) {
      cursor = range.pages.end();
      step = Step::free;
      return Next::pass;
    }
    cursor = part.first;
    pool = vma->hugetlb ? part : PageRange{};
    file = shareable_part(*vma).count > 0 ? vma->file : MappingId{};
  }
  step = Step::start;
  return Next::pass;
}

// zap_pmd_range(): one table, or one huge entry, at a time under the page table lock.
Next Zap::clear(Context& c) {
  MmuGather& gather = c.task().gather;
  const PageTable& table = c.mm(range.mm).page_table;
  for (;;) {
    if (pool.count > 0 && c.setup.switches.hugetlb_brackets && !nested) {
      nested = true;
      return c.call({RangeStart{.range = nested_bracket(c)}});
    }
    const auto found = table.first({.first = cursor, .count = part.end().value - cursor.value});
    if (!found && unshared) {  // huge_pmd_unshare_flush(): whoever is left may free what it maps.
      unshared = false;
      const TlbFlush flush = flush_of(range.mm, gather, full);
      gather.reset();
      return c.call({flush});
    }
    if (!found && file.some()) {
      c.release(rmap_lock(file));
      file = MappingId{};
    }
    if (!found) {
      cursor = part.end();
      step = Step::end;
      return Next::again;
    }
    if (flush_pending(c, range.mm)) {
      c.take(page_table_lock(range.mm), LockMode::write);
      locked = true;
      step = Step::pending;
      return c.call({flush_mm(range.mm)});
    }
    const Pte first = table.at(*found);
    const PageRange span = span_of(*found, std::max(first.pages(), pmd_pages));
    const PageRange chunk = span.intersect(part);
    if (first.huge && chunk.count < span.count) {
      return c.call({SplitPmd{.mm = range.mm, .first = span.first}});
    }
    cursor = chunk.end();
    if (first.huge) {
      const Pte pte = table.at(span.first);
      if (unshare_pmds(c, range.mm, span.first)) {  // The others keep what it maps.
        if (c.setup.switches.unshare_flushes) {
          gather.add(span_of(span.first, pud_pages));
          gather.pmds = true;
          gather.freed_tables = unshared = true;
        }
        cursor = std::min(part.end(), span_of(span.first, pud_pages).end());
        continue;
      }
      if (keep_private && is_private_copy(c, pte)) continue;
      // Of hugetlb, what userfaultfd has protected stays so, but for munmap() and truncation.
      const bool marks = pool.count > 0 && pte.uffd_wp && (per_vma || keep_private);
      if (marks && pte.kind == Pte::Kind::marker) continue;
      gather.add_huge(span);
      if (!pte.present()) {
        c.mm(range.mm).page_table.set_huge(span.first, marks ? wp_marker(span.count) : Pte{});
        c.spend(Cost::pte_change);
      } else if (const FrameId head = unmap_huge(c, range.mm, span.first);
                 !c.machine.is_zero(head)) {
        gather.frames.push_back(head);
        if (marks) c.mm(range.mm).page_table.set_huge(span.first, wp_marker(span.count));
      }
      continue;
    }
    if (clear_table(c, chunk)) {
      c.take(page_table_lock(range.mm), LockMode::write);
      locked = true;
      step = Step::forced;
      const TlbFlush flush = flush_of(range.mm, gather, full);
      gather.reset();
      return c.call({flush});
    }
    if (free_empty && c.setup.switches.free_empty_tables && chunk.count == pmd_pages &&
        table.has_table(pmd_pages, span.first) && !table.any(span)) {
      c.mm(range.mm).page_table.drop_table(pmd_pages, span.first);
      c.spend(Cost::page_alloc);
      gather.add_table(span.first, pmd_pages);
    }
  }
}

// zap_pte_range(). True if a CPU may still be writing to a page of a file: before the lock is
// dropped, it must be flushed.
bool Zap::clear_table(Context& c, PageRange chunk) {
  MmuGather& gather = c.task().gather;
  bool force = false;
  Small<std::pair<Page, Pte>, 8> entries;
  c.mm(range.mm).page_table.for_each(chunk, [&](Page page, const Pte& pte) {
    entries.push_back({page, pte});
  });
  for (const auto& [page, pte] : entries) {
    if (keep_private && (is_private_copy(c, pte) || pte.swapped())) continue;
    const Vma* vma = tables || full ? nullptr : c.mm(range.mm).find_vma(page);
    if (pte.kind == Pte::Kind::marker && vma != nullptr && keeps_marker(*vma, pte)) continue;
    if (pte.special) {
      const FrameId frame = clear_special(c, range.mm, page);
      gather.add_pte(page);
      const bool puts = xpmem_policy(c, range.mm).close_puts;
      if (puts && frame.some()) gather.frames.push_back(frame);
    } else if (pte.present()) {
      const FrameId frame = unmap_frame(c, range.mm, page);
      gather.add_pte(page);
      if (pte.uffd_wp && vma != nullptr && vma->file.some()) {
        c.mm(range.mm).page_table.set(page, wp_marker());
      }
      if (c.machine.is_zero(frame) || c.frame(frame).pfnmap) continue;
      force = force || (pte.dirty && is_file(c.machine, frame));
      gather.frames.push_back(frame);
    } else if (const FrameId frame = drop_special(c, range.mm, page); frame.some()) {
      free_unmapped(c, frame);
    }
  }
  return force;
}

// ---- SplitPmd

Wait SplitPmd::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

// The folio is mapped by small entries, or by none if those are migration entries.
void SplitPmd::count_small_maps(Context& c, Pte& entry) const {
  Frame& folio = c.frame(entry.frame());
  const unsigned maps = freeze ? 0 : pmd_pages;
  folio.maps = static_cast<std::uint16_t>(folio.maps - 1 + maps);
  folio.references = folio.references - 1 + maps;
  folio.dirty = folio.dirty || entry.dirty;
  if (freeze) entry.kind = Pte::Kind::migration;
  if (!freeze && !c.setup.switches.split_keeps_dirty) entry.dirty = false;
}

Next SplitPmd::run(Context& c) {
  const NotifierRange range{
      .mm = mm, .pages = {.first = first, .count = pmd_pages}, .event = NotifierEvent::clear};
  PageTable& table = c.mm(mm).page_table;
  switch (step) {
    case Step::start:
      step = inner ? Step::flush : Step::lock_ptl;
      if (inner) return Next::pass;
      return c.call({RangeStart{.range = range}});
    case Step::lock_ptl:
      if (!table.at(first).huge || (only.some() && !table.at(first).maps(only))) {
        step = Step::end;
        return Next::pass;
      }
      c.take(page_table_lock(mm), LockMode::write);
      // No CPU can use a migration entry.
      step = table.at(first).present() ? Step::flush : Step::set;
      return Next::again;
    case Step::flush: {
      step = Step::set;
      c.spend(Cost::pte_change);
      Pte entry = table.at(first);
      if (is_file(c.machine, entry.frame())) {
        file_page = unmap_huge(c, mm, first);
        return c.call({flush_range(mm, range.pages)});
      }
      if (c.machine.is_zero(entry.frame())) {  // Nothing to be kept: pmdp_huge_clear_flush().
        table.set_huge(first, {});
        return c.call({flush_range(mm, range.pages)});
      }
      entry.invalid = true;  // pmdp_invalidate(): no CPU sets a bit any more.
      table.set_huge(first, entry);
      return c.call({flush_range(mm, range.pages)});
    }
    case Step::set: {
      Pte entry = table.at(first);
      table.set_huge(first, {});
      const bool file =
          file_page.some() || (entry.populated() && is_file(c.machine, entry.frame()));
      if (file) {
        if (file_page.some()) c.put(file_page);
        step = inner ? Step::done : Step::end;
        if (!inner) c.release(page_table_lock(mm));
        return Next::again;
      }
      table.add_table(pmd_pages, first);
      c.spend(Cost::pte_change, pmd_pages);
      if (!entry.populated()) {
        entry = {.target = c.host(c.mm(mm).host).zero.value, .kind = Pte::Kind::present};
        entry.young = true;
        for (std::uint32_t i = 0; i < pmd_pages; ++i) table.set(range.pages.at(i), entry);
      } else {
        entry.huge = entry.invalid = false;
        if (entry.present()) count_small_maps(c, entry);
        for (std::uint32_t i = 0; i < pmd_pages; ++i)
          table.set(range.pages.at(i), entry.advanced(i));
      }
      step = inner ? Step::done : Step::end;
      if (!inner) c.release(page_table_lock(mm));
      return Next::again;
    }
    case Step::end:
      step = Step::done;
      return c.call({RangeEnd{.only_end = true, .range = range}});
    case Step::done:
      return c.give();
  }
  return c.done();
}

// vm_area_dup() of __split_vma(), at each end of the range that lies within a VMA.
bool fails_to_split(Context& c, const AddressSpace& space, PageRange pages) {
  for (const Page at : {pages.first, pages.end()}) {
    const Vma* vma = space.find_vma(at);
    if (vma != nullptr && vma->pages.first != at && c.fails_alloc()) return true;
  }
  return false;
}

// ---- Unmap

Wait Unmap::guard() const {
  if (step == Step::close) return Wait::lock(attachment_lock(closing), LockMode::write);
  if (step != Step::unlink || !file.some()) return {};
  return Wait::lock(rmap_lock(file), LockMode::write);
}

Next Unmap::run(Context& c) {
  const Page end = pages.end();
  const auto split = [&](Page at, Step after) {
    step = after;
    const PageRange table = unshared_by_cut(c.mm(mm), at);
    if (table.count != 0) return c.call({UnsharePmds{.mm = mm, .pages = table}});
    if (!cuts_huge(c, mm, at)) return Next::pass;
    return c.call({SplitPmd{.mm = mm, .first = span_of(at, pmd_pages).first}});
  };
  switch (step) {
    case Step::split_head:  // vma_adjust_trans_huge()
      if (cuts_hugetlb(c.mm(mm), pages)) return c.give(Result::error(EINVAL));
      if (fails_to_split(c, c.mm(mm), pages)) return c.give(Result::error(ENOMEM));
      return split(pages.first, Step::split_tail);
    case Step::split_tail:
      return split(end, Step::detach);
    case Step::detach: {  // vms_gather_munmap_vmas(), then downgrade_write().
      const auto removed = c.mm(mm).remove(pages);
      c.mm(mm).detached.assign(removed.begin(), removed.end());
      step = Step::unlink;
      c.spend(Cost::vma, removed.size());
      if (removed.empty()) return Next::pass;
      Small<MappingId, 1> files;
      for (const Vma& vma : removed) {
        const bool known = std::ranges::find(files, vma.file) != files.end();
        if (vma.file.some() && !known) files.push_back(vma.file);
      }
      if (!files.empty()) {
        file = files.back();
        c.task().collected.push_back({.files = files});
      }
      if (downgrade) {
        end_vma_writes(c, mm);
        c.downgrade(mmap_lock(mm));
      }
      Page floor{0};
      Page ceiling{0};
      PageRange pool{};
      MappingId shareable{};
      MappingId pfn{};
      for (const Vma& vma : removed) {
        if (c.machine.pfnmap(vma)) pfn = vma.file;
        if (vma.hugetlb && pool.count == 0) pool = vma.pages;
        if (shareable_part(vma).count > 0) shareable = vma.file;
      }
      for (const Vma& vma : c.mm(mm).vmas) {
        if (vma.pages.first < pages.first) floor = vma.pages.end();
        if (vma.pages.first >= end && ceiling.value == 0) ceiling = vma.pages.first;
      }
      return c.call({Zap{.tables = true,
                         .file = shareable,
                         .pfn = pfn,
                         .range = {.mm = mm, .pages = pages, .event = NotifierEvent::unmap},
                         .pool = pool,
                         .floor = floor,
                         .ceiling = ceiling}});
    }
    case Step::unlink:  // unlink_file_vma(): nobody is on the way to these addresses by the rmap.
      if (!file.some()) {
        if (!std::as_const(c.machine).spaces[mm.index()].detached.empty()) {
          c.mm(mm).detached.clear();
        }
        step = Step::done;
        return Next::pass;
      }
      c.mm(mm).unlink(file);
      c.collected().files.pop_back();
      file = c.collected().files.empty() ? MappingId{} : c.collected().files.back();
      if (!file.some()) c.task().collected.pop_back();
      return Next::pass;
    case Step::close:
      close_attachment(c, closing, pages);
      step = Step::done;
      return Next::pass;
    case Step::done:
      if (const auto next = to_close(c.machine, mm, pages)) {
        closing = *next;
        step = Step::close;
        return Next::pass;
      }
      drop_unused_memory(c);
      return c.give();
  }
  return c.done();
}

// ---- OomReap

Wait OomReap::guard() const {
  return step == Step::lock ? Wait::lock(mmap_lock(mm), LockMode::read) : Wait{};
}

Next OomReap::run(Context& c) {
  switch (step) {
    case Step::lock:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::zap;
      return Next::again;
    case Step::zap: {
      if (cursor > 0 && !c.task().result.ok()) result = c.task().result;
      const auto& vmas = c.mm(mm).vmas;
      while (cursor < vmas.size() && (vmas[cursor].shared || vmas[cursor].hugetlb)) ++cursor;
      if (cursor == vmas.size()) {
        step = Step::unlock;
        return Next::pass;
      }
      const Vma& vma = vmas[cursor++];
      const auto event = c.setup.switches.reap_clears ? NotifierEvent::clear : NotifierEvent::unmap;
      return c.call(
          {Zap{.range = {.mm = mm, .pages = vma.pages, .event = event, .blockable = false}}});
    }
    case Step::unlock:
      c.release(mmap_lock(mm));
      return c.done(result);
  }
  return c.done();
}

}  // namespace model
