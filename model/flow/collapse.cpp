// SPDX-License-Identifier: Apache-2.0
// Small pages become a huge one.
#include "model/flow/all.hpp"
#include "model/flow/huge_page.hpp"
#include "model/flow/paging.hpp"

namespace model {

// ---- Collapse

namespace {

// madvise_collapse_errno(): why not all is huge now. Where something is, it may work later.
int left_over(const AddressSpace& space, PageRange pages) {
  const Page end = span_of(pages.end(), pmd_pages).first;
  Page first = span_of(Page{pages.first.value + pmd_pages - 1}, pmd_pages).first;
  for (; first < end; first = Page{first.value + pmd_pages}) {
    if (space.page_table.at(first).huge) continue;
    const Vma* vma = space.find_vma(first);
    const bool fits = vma != nullptr && !vma->file.some() && !vma->hugetlb &&
                      vma->pages.contains(Page{first.value + pmd_pages - 1});
    return fits && space.page_table.any({.first = first, .count = pmd_pages}) ? EAGAIN : EINVAL;
  }
  return 0;
}

}  // namespace

Wait Collapse::guard() const {
  if (step == Step::lock) return write_lock_wait(mm, has_lock);
  if (step == Step::lock_ptl) return Wait::lock(page_table_lock(mm), LockMode::write);
  return {};
}

Next Collapse::run(Context& c) {
  switch (step) {
    case Step::next:
      return next(c);
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      has_lock = false;
      step = suits(c, {.first = first, .count = pmd_pages}) ? Step::start : Step::unlock;
      return Next::pass;
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::lock_ptl:  // pmdp_collapse_flush(): the table is taken out, and no CPU finds it.
      c.take(page_table_lock(mm), LockMode::write);
      hide(c, true);
      step = Step::isolate;
      return c.call({flush_range(mm, {.first = first, .count = pmd_pages})});
    case Step::isolate:  // What has changed since it was looked at puts the table back.
      isolated = suits(c, {.first = first, .count = pmd_pages});
      if (isolated) {
        copy(c);
        c.spend(Cost::clear_page, pmd_pages - c.task().gather.frames.size());
      } else {
        hide(c, false);
      }
      c.release(page_table_lock(mm));
      step = isolated ? Step::map : Step::unlock;
      return c.call({RangeEnd{.range = clear_of(mm, first)}});
    case Step::map: {
      const Vma& vma = *c.mm(mm).find_vma(first);
      lru_add(c, head);
      map_huge(c, mm, first, head, {.write = vma.write, .dirty = true, .exclusive = true});
      const auto frames = c.task().gather.frames;
      c.task().gather.frames.clear();
      for (const FrameId frame : frames) free_unmapped(c, frame);
      ++collapsed;
      head = FrameId{};
      step = Step::unlock;
      return Next::again;
    }
    case Step::unlock:
      unlock_write(c, mm);
      if (head.some()) c.put(head);
      head = FrameId{};
      step = Step::next;
      return Next::again;
    case Step::finish:
      break;
  }
  if (!asked) return c.done(Result::value(collapsed));
  const int error = left_over(std::as_const(c.machine).spaces[mm.index()], pages);
  return c.done(error == 0 ? Result::success() : Result::error(error));
}

// hugepage_vma_revalidate(), hpage_collapse_scan_pmd(), __collapse_huge_page_isolate(): all that is
// there are pages that nobody has locked, and that nobody holds but by mapping them.
bool Collapse::suits(Context& c, PageRange span) const {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = space.find_vma(span.first);
  if (vma == nullptr || vma->file.some() || vma->nohuge || (!vma->huge && !asked)) return false;
  if (vma->pages.first > span.first || span.end() > vma->pages.end()) return false;
  if (space.page_table.at(span.first).huge) return false;
  bool found = false;
  bool fits = true;
  bool used = asked;
  space.page_table.for_each(span, [&](Page page, const Pte& pte) {
    found = true;
    fits = fits && pte.present();
    if (!fits || c.machine.is_zero(pte.frame())) return;
    const Frame& folio = std::as_const(c.machine).frames[c.machine.frames.head(pte.frame())];
    const std::uint32_t cached = folio.slot.some() ? 1 : 0;
    fits = !folio.locked_by.some() && folio.references == folio.maps + cached;
    used = used || pte.young;
    if (asked || pte.young) return;  // khugepaged asks the subscribers where no bit shows a use.
    used = ask_young(c, mm, one_page(page), Aging::test) || used;
  });
  return found && fits && used;
}

Next Collapse::next(Context& c) {
  if (cursor < pages.first) cursor = pages.first;
  drain_all_lru(c, c.mm(mm).host);
  for (;;) {
    const auto found = std::as_const(c.machine).spaces[mm.index()].page_table.first(
        {.first = cursor, .count = pages.end().value - cursor.value});
    if (!found) break;
    const PageRange span = span_of(*found, pmd_pages);
    cursor = span.end();
    c.spend(Cost::memory_access, pmd_pages);
    if (span.first < pages.first || span.end() > pages.end()) continue;
    if (!suits(c, span)) continue;
    const auto huge = allocate_huge(c, c.mm(mm).host);
    if (!huge) return c.done(Result::error(ENOMEM));
    head = *huge;
    first = span.first;
    step = Step::lock;
    return Next::again;
  }
  step = Step::finish;
  return Next::pass;
}

// Whether the hardware finds the small entries.
void Collapse::hide(Context& c, bool hidden) {
  PageTable& table = c.mm(mm).page_table;
  Small<std::pair<Page, Pte>, 8> entries;
  std::as_const(table).for_each({.first = first, .count = pmd_pages},
                                [&](Page page, const Pte& pte) {
                                  if (pte.present()) entries.push_back({page, pte});
                                });
  for (auto [page, pte] : entries) {
    pte.invalid = hidden;
    table.set(page, pte);
  }
  if (hidden) table.drop_table(pmd_pages, first);
}

// __collapse_huge_page_copy(): nobody can write any more. Then there is no small entry left.
void Collapse::copy(Context& c) {
  AddressSpace& space = c.mm(mm);
  const Vma& vma = *std::as_const(space).find_vma(first);
  belongs(c, head, vma, first);
  Small<Page, 8> present;
  space.page_table.for_each({.first = first, .count = pmd_pages},
                            [&](Page page, const Pte&) { present.push_back(page); });
  for (const Page page : present) {
    const FrameId frame = unmap_frame(c, mm, page);
    c.spend(Cost::copy_page);
    if (c.machine.is_zero(frame)) continue;
    c.frame(FrameId{head.value + (page.value - first.value)}).value = c.frame(frame).value;
    c.task().gather.frames.push_back(frame);
  }
  space.page_table.drop_table(pmd_pages, first);
}

}  // namespace model
