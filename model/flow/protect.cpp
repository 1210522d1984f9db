// SPDX-License-Identifier: Apache-2.0
#include "model/flow/protect.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {

bool may_be_writable(Context& c, const Vma& vma, const Pte& pte) {
  if (!vma.write || pte.no_access || pte.uffd_wp) return false;
  if (pte.soft_clean && !vma.soft_dirty) return false;
  if (vma.shared) return pte.dirty || !vma.disk;
  return pte.exclusive && is_anonymous(c.machine, pte.frame());
}

// ---- ChangeProtection

Wait ChangeProtection::guard() const {
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

NotifierRange ChangeProtection::bracket() const {
  return {.mm = mm, .pages = part, .event = NotifierEvent::protection_vma};
}

Next ChangeProtection::run(Context& c) {
  switch (step) {
    case Step::next:
      if (cursor < pages.first) cursor = pages.first;
      if (!find_part(c)) return c.give();
      at = part.first;
      step = Step::start;
      return Next::pass;
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = bracket()}});
    case Step::lock_ptl:
      c.take(page_table_lock(mm), LockMode::write);
      step = Step::modify;
      return flush_pending(c, mm) ? c.call({flush_mm(mm)}) : Next::again;
    case Step::modify:
      return modify(c);
    case Step::end:
      step = Step::finish;
      return c.call({RangeEnd{.range = bracket()}});
    case Step::finish:
      cursor = part.end();
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

// Nothing is notified before the first table that is populated: of the lowest level but one
// (change_pmd_range()), or of the one above it.
bool ChangeProtection::find_part(Context& c) {
  if (what == What::uffd_wp && cursor < pages.end()) {
    const Vma* vma = c.mm(mm).find_vma(cursor);
    if (vma != nullptr && vma->uffd_marks()) {  // pgtable_populate_needed(): tables are made first.
      part = {.first = cursor, .count = pages.end().value - cursor.value};
      return true;
    }
  }
  const PageTable& table = c.mm(mm).page_table;
  const bool by_pud = c.setup.switches.protect_by_pud;
  const std::uint32_t span = by_pud ? pgd_pages : pud_pages;
  while (cursor < pages.end()) {
    const PageRange piece = span_of(cursor, span).intersect(pages);
    for (Page first = std::max(cursor, piece.first); first < piece.end();) {
      const PageRange entry = span_of(first, by_pud ? pud_pages : pmd_pages);
      const bool populated = by_pud ? table.has_table(pud_pages, first)
                                    : table.has_table(pmd_pages, first) || table.at(first).huge;
      if (populated) {
        part = {.first = first, .count = piece.end().value - first.value};
        return true;
      }
      first = entry.end();
    }
    cursor = piece.end();
  }
  return false;
}

// change_pte_range(), change_huge_pmd(): under the page table lock.
Next ChangeProtection::modify(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  if (what == What::uffd_wp) mark_absent(c);
  while (at < part.end()) {
    const auto found = table.first({.first = at, .count = part.end().value - at.value});
    if (!found) break;
    const PageRange span = span_of(*found, pmd_pages);
    const bool huge = table.at(*found).huge;
    if (huge && span.intersect(pages).count < pmd_pages) {
      c.release(page_table_lock(mm));
      step = Step::lock_ptl;
      return c.call({SplitPmd{.mm = mm, .first = span.first}});
    }
    const Vma* vma = c.mm(mm).find_vma(*found);
    if (vma != nullptr) change(c, *found, *vma);
    at = huge ? span.end() : Page{found->value + 1};
  }
  c.release(page_table_lock(mm));
  step = Step::end;
  return Next::again;
}

// userfaultfd_wp_use_markers(): what is not there is marked.
void ChangeProtection::mark_absent(Context& c) {
  PageTable& table = c.mm(mm).page_table;
  for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].parts(part)) {
    if (!vma.uffd_wp || !vma.uffd_marks() || vma.hugetlb) continue;
    for (std::uint32_t i = 0; i < vma.pages.count; ++i) {
      if (!table.at(vma.pages.at(i)).populated()) table.set(vma.pages.at(i), wp_marker());
    }
  }
}

void ChangeProtection::change(Context& c, Page page, const Vma& vma) {
  const Pte old = c.mm(mm).page_table.at(page);
  if (old.kind == Pte::Kind::poisoned) return;
  if (old.kind == Pte::Kind::marker) {  // A guard stays what it is.
    if (old.uffd_wp && what == What::uffd_resolve) c.mm(mm).page_table.clear(page);
    return;
  }
  if (!old.present()) {
    Pte entry = old;
    if (what == What::uffd_wp) entry.uffd_wp = true;
    if (what == What::uffd_resolve) entry.uffd_wp = false;
    entry.write = false;  // Whatever the VMA allows: a fault will find out.
    if (entry == old) return;
    set_bits(c, mm, page, entry);
    return;
  }
  Pte entry = old;
  switch (what) {
    case What::protection:
    case What::exec_changed:
      entry.no_access = !vma.allows(false) && !vma.allows(true);
      entry.write = false;
      break;
    case What::uffd_wp:
      entry.uffd_wp = true;
      entry.write = false;
      break;
    case What::uffd_resolve:
      entry.uffd_wp = false;
      if (!c.setup.switches.resolve_writable) entry.write = false;
      break;
    case What::numa:
      if (c.machine.is_zero(old.frame()) || old.no_access) return;
      entry.no_access = true;
      entry.write = false;
      break;
  }
  const bool widens = what != What::uffd_wp && what != What::numa &&
                      (!old.huge || c.setup.switches.upgrade_huge) &&
                      (what != What::uffd_resolve || c.setup.switches.resolve_writable);
  if (widens && !entry.write && may_be_writable(c, vma, entry)) entry.write = true;
  const bool differs = entry != old || what == What::exec_changed;
  if (!differs) return;
  // pte_needs_flush(): no TLB holds what was not accessible. Software bits do not count.
  const bool visible =
      old.write != entry.write || old.no_access != entry.no_access || what == What::exec_changed;
  if (old.write && !entry.write) {
    entry.write = true;
    set_bits(c, mm, page, entry);
    protect(c, mm, page);
  } else {
    set_bits(c, mm, page, entry);
  }
  if (old.no_access || !visible) return;
  if (old.huge) {
    c.task().gather.add_huge(span_of(page, pmd_pages));
  } else {
    c.task().gather.add_pte(page);
  }
}

// ---- Mprotect

Wait Mprotect::guard() const {
  return step == Step::lock ? killable_write_lock_wait(mm, has_lock) : Wait{};
}

Next Mprotect::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      c.spend(Cost::syscall);
      cursor = pages.first;
      step = Step::next_vma;
      return Next::again;
    case Step::next_vma:
      return next_vma(c);
    case Step::flush:
      step = Step::unlock;
      return c.call({TlbFinish{.mm = mm}});
    case Step::unlock:
      unlock_write(c, mm);
      return c.done(error == 0 ? Result::success() : Result::error(error));
  }
  return c.done();
}

// mprotect_fixup(). Nothing is notified if nothing changes.
Next Mprotect::next_vma(Context& c) {
  AddressSpace& space = c.mm(mm);
  while (cursor < pages.end()) {
    const Vma* vma = space.find_vma(cursor);
    if (vma == nullptr) {
      error = ENOMEM;
      break;
    }
    const PageRange part =
        vma->pages.intersect({.first = cursor, .count = pages.end().value - cursor.value});
    if (vma->read == read && vma->write == write && vma->exec == exec && vma->pkey == pkey) {
      cursor = part.end();
      continue;
    }
    if (cuts_hugetlb(space, part)) {
      error = EINVAL;
      break;
    }
    if (const auto table = unshared_by_change(space, part, unshared)) {  // hugetlb_split()
      return c.call({UnsharePmds{.mm = mm, .pages = *table}});
    }
    for (const Page at : {part.first, part.end()}) {  // vma_adjust_trans_huge()
      if (at != vma->pages.first && at != vma->pages.end() && cuts_huge(c, mm, at)) {
        return c.call({SplitPmd{.mm = mm, .first = span_of(at, pmd_pages).first}});
      }
    }
    if (fails_to_split(c, space, part)) {
      error = ENOMEM;
      break;
    }
    const bool other = vma->exec != exec || vma->pkey != pkey;
    space.modify(part, [this](Vma& changed) {
      changed.read = read;
      changed.write = write;
      changed.exec = exec;
      changed.pkey = pkey;
    });
    c.spend(Cost::vma);
    cursor = part.end();
    if (space.find_vma(part.first)->hugetlb) {
      return c.call({ProtectHugetlb{.mm = mm, .pages = part}});
    }
    using What = ChangeProtection::What;
    return c.call({ChangeProtection{
        .what = other ? What::exec_changed : What::protection, .mm = mm, .pages = part}});
  }
  step = Step::flush;
  return Next::pass;
}

}  // namespace model
