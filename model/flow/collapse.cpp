// SPDX-License-Identifier: Apache-2.0
// Small pages become a huge one.
#include "model/flow/all.hpp"
#include "model/flow/huge_page.hpp"
#include "model/flow/paging.hpp"
#include "model/flow/shmem.hpp"

namespace model {

// ---- Collapse

namespace {

// What does not pass by itself: markers, what userfaultfd watches over (SCAN_PTE_UFFD_WP, and holes
// where it is armed), and, up to some version, pages of which none may be written (SCAN_PAGE_RO).
bool never_suits(const KernelSwitches& switches, const AddressSpace& space, const Vma& vma,
                 PageRange span) {
  std::uint32_t there = 0;
  bool marked = false;
  bool writable = switches.collapse_read_only;
  space.page_table.for_each(span, [&](Page, const Pte& pte) {
    ++there;
    marked =
        marked || pte.uffd_wp || pte.kind == Pte::Kind::marker || pte.kind == Pte::Kind::poisoned;
    writable = writable || (pte.present() && pte.write);
  });
  return marked || !writable || (vma.uffd() && there < span.count);
}

// thp_vma_allowable_order(): whether all of it is shared memory of a file that can be huge there.
bool is_shmem(const Machine& machine, const Vma& vma, PageRange span) {
  return vma.file.some() && !vma.hugetlb && !vma.nohuge &&
         machine.mappings[vma.file.index()].kind == Mapping::Kind::shmem &&
         vma.pages.intersect(span) == span && vma.index_of(span.first) % pmd_pages == 0;
}

// thp_vma_allowable_order(): whether some of it can be huge.
bool allowable(const Vma& vma) {
  const Page first = span_of(Page{vma.pages.first.value + pmd_pages - 1}, pmd_pages).first;
  const bool aligned =
      !vma.file.some() || vma.index % pmd_pages == vma.pages.first.value % pmd_pages;
  const bool may = !vma.nohuge && !vma.hugetlb && !vma.xpmem;
  return may && aligned && first.value + pmd_pages <= vma.pages.end().value;
}

// madvise_collapse_errno(): why not all is huge now. Where something is, it may work later.
int left_over(const KernelSwitches& switches, const AddressSpace& space, PageRange pages,
              int file_error) {
  const Page end = span_of(pages.end(), pmd_pages).first;
  Page first = span_of(Page{pages.first.value + pmd_pages - 1}, pmd_pages).first;
  for (; first < end; first = Page{first.value + pmd_pages}) {
    if (space.page_table.at(first).huge) continue;
    const Vma* vma = space.find_vma(first);
    if (vma != nullptr && vma->file.some()) return file_error != 0 ? file_error : EINVAL;
    const bool fits = vma != nullptr && !vma->file.some() && !vma->hugetlb && !vma->xpmem &&
                      vma->pages.contains(Page{first.value + pmd_pages - 1});
    const PageRange span{.first = first, .count = pmd_pages};
    const bool later =
        fits && space.page_table.any(span) && !never_suits(switches, space, *vma, span);
    return later ? EAGAIN : EINVAL;
  }
  return 0;
}

}  // namespace

Wait Collapse::guard() const {
  if (step == Step::lock_read) return Wait::lock(mmap_lock(mm), LockMode::read);
  if (step == Step::lock) return write_lock_wait(mm, has_lock);
  if (step == Step::lock_rmap) return Wait::lock(rmap_lock(anon), LockMode::write);
  const bool locks = step == Step::lock_ptl || step == Step::isolate;
  return locks ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next Collapse::run(Context& c) {
  switch (step) {
    case Step::next:
      return next(c);
    case Step::lock_read:
      c.take(mmap_lock(mm), LockMode::read);
      step = Step::swap_in;
      return Next::again;
    case Step::swap_in:
      return swap_in(c);
    case Step::swapped:
      step = Step::swap_in;
      if (c.task().result.ok()) return Next::pass;
      c.release(mmap_lock(mm));
      c.put(head);
      head = FrameId{};
      step = Step::next;
      return Next::again;
    case Step::lock:
      if (!lock_for_write(c, mm, has_lock)) return Next::again;
      has_lock = false;
      step = suits(c, {.first = first, .count = pmd_pages}) ? Step::lock_rmap : Step::unlock;
      if (step == Step::lock_rmap) anon = c.mm(mm).find_vma(first)->anon;
      return Next::again;
    case Step::lock_rmap:
      c.take(rmap_lock(anon), LockMode::write);
      step = Step::start;
      return Next::again;
    case Step::start:
      step = Step::lock_ptl;
      return c.call({RangeStart{.range = clear_of(mm, first)}});
    case Step::lock_ptl:  // pmdp_collapse_flush(): the table is taken out, and no CPU finds it.
      c.take(page_table_lock(mm), LockMode::write);
      hide(c, true);
      step = Step::end;
      return c.call({flush_range(mm, {.first = first, .count = pmd_pages})});
    case Step::end:
      c.release(page_table_lock(mm));
      step = Step::isolate;
      return c.call({RangeEnd{.range = clear_of(mm, first)}});
    case Step::isolate:  // What has changed since it was looked at puts the table back.
      c.take(page_table_lock(mm), LockMode::write);
      if (suits(c, {.first = first, .count = pmd_pages})) {
        copy(c);
        c.spend(Cost::clear_page, pmd_pages - c.task().gather.frames.size());
        step = Step::map;
      } else {
        hide(c, false);
        step = Step::unlock;
      }
      c.release(page_table_lock(mm));
      c.release(rmap_lock(anon));
      return Next::again;
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
    case Step::file:  // khugepaged goes on; so does MADV_COLLAPSE, if it may work later.
      step = Step::next;
      if (c.task().result.ok()) {
        ++collapsed;
      } else {
        file_error = static_cast<int>(c.task().result.number);
        if (asked && file_error == ENOMEM) return c.done(Result::error(ENOMEM));
      }
      return Next::pass;
    case Step::finish:
      break;
  }
  if (!asked) return c.done(Result::value(collapsed));
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const int error = left_over(c.setup.switches, space, pages, file_error);
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
  if (never_suits(c.setup.switches, space, *vma, span)) return false;
  const bool swaps_in = asked && (step == Step::next || step == Step::swap_in);
  bool found = false;
  bool fits = true;
  bool used = asked;
  space.page_table.for_each(span, [&](Page page, const Pte& pte) {
    found = true;
    fits = fits && (pte.present() || swaps_in);
    if (!fits || !pte.present() || c.machine.is_zero(pte.frame())) return;
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
  if (cursor < pages.first) {
    const Vma* vma = std::as_const(c.machine).spaces[mm.index()].vma_from(pages.first);
    if (asked && vma != nullptr && !allowable(*vma)) return c.done(Result::error(EINVAL));
    cursor = pages.first;
  }
  drain_all_lru(c, c.mm(mm).host);
  while (const auto found = next_span(c)) {
    const PageRange span = *found;
    cursor = span.end();
    c.spend(Cost::memory_access, pmd_pages);
    if (span.first < pages.first || span.end() > pages.end()) continue;
    const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(span.first);
    if (vma != nullptr && is_shmem(c.machine, *vma, span)) {
      step = Step::file;
      return c.call({CollapseFile{.asked = asked,
                                  .mm = mm,
                                  .first = span.first,
                                  .file = vma->file,
                                  .index = vma->index_of(span.first)}});
    }
    if (!suits(c, span)) continue;
    const auto huge = allocate_huge(c, c.mm(mm).host);
    if (!huge) return c.done(asked ? Result::error(ENOMEM) : Result::value(collapsed));
    head = *huge;
    first = span.first;
    step = absent(c) ? Step::lock_read : Step::lock;
    return Next::again;
  }
  step = Step::finish;
  return Next::pass;
}

// The first page that is somewhere, but not in memory.
std::optional<Page> Collapse::absent(Context& c) const {
  std::optional<Page> found;
  std::as_const(c.machine).spaces[mm.index()].page_table.for_each(
      {.first = first, .count = pmd_pages}, [&](Page page, const Pte& pte) {
        if (!pte.present() && !found) found = page;
      });
  return found;
}

// __collapse_huge_page_swapin(): what is not in memory comes back, unless it has to be waited for.
Next Collapse::swap_in(Context& c) {
  const auto found = suits(c, {.first = first, .count = pmd_pages}) ? absent(c) : std::nullopt;
  if (!found) {
    c.release(mmap_lock(mm));
    step = Step::lock;
    return Next::again;
  }
  step = Step::swapped;
  return c.call({HandleFault{.mm = mm, .page = *found}});
}

// Where small entries are, or small pages of shared memory, whether they are mapped or not.
std::optional<PageRange> Collapse::next_span(Context& c) const {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const PageRange rest{.first = cursor, .count = pages.end().value - cursor.value};
  std::optional<Page> found = space.page_table.first(rest);
  for (const Vma& vma : space.vmas) {
    const PageRange part = vma.pages.intersect(rest);
    if (part.count == 0 || !vma.file.some() || (found && *found < part.first)) continue;
    if (!asked && !shmem_allows_huge(c, vma)) continue;
    Page at = span_of(Page{part.first.value + pmd_pages - 1}, pmd_pages).first;
    for (; at < part.end() && (!found || at < *found); at = Page{at.value + pmd_pages}) {
      const Mapping& cache = std::as_const(c.machine).mappings[vma.file.index()];
      if (!is_shmem(c.machine, vma, {.first = at, .count = pmd_pages})) break;
      if (cache.caches_any(vma.index_of(at), pmd_pages)) found = at;
    }
  }
  if (!found) return std::nullopt;
  return span_of(*found, pmd_pages);
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
    c.emit({.kind = hidden ? EventKind::pte_cleared : EventKind::pte_set,
            .detail = !hidden && pte.write,
            .mm = mm,
            .pages = one_page(page),
            .frame = pte.frame()});
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
