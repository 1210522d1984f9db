// SPDX-License-Identifier: Apache-2.0
// Was a page used? Accessed bits are looked at and cleared, and subscribers are asked for theirs.
#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

constexpr std::uint32_t batch_pages = 64;  // MIN_LRU_BATCH

// Clears the accessed bit; whether it was set.
bool clear_young(Context& c, MmId mm, Page page) {
  Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  if (!pte.young) return false;
  pte.young = false;
  c.spend(Cost::pte_change);
  set_bits(c, mm, page, pte);
  return true;
}

// Calls visit(page, pte) for each present entry, and for a huge one once.
template <class Visit>
void each_present(const Machine& machine, MmId mm, PageRange pages, Visit visit) {
  Small<std::pair<Page, Pte>, 8> entries;
  machine.spaces[mm.index()].page_table.for_each(pages, [&](Page page, const Pte& pte) {
    const bool again = pte.huge && page != pages.first && page.value % pte.pages() != 0;
    if (pte.present() && !again) entries.push_back({page, pte});
  });
  for (const auto& [page, pte] : entries) visit(page, pte);
}

// Calls visit(mm, page, pte) for each entry that maps the folio.
template <class Visit>
void each_map(Context& c, FrameId head, Visit visit) {
  const Machine& machine = c.machine;
  const auto any = [](RmapPlace, const Vma&, const Pte&) { return true; };
  for (RmapPlace place = next_map(machine, head, {}, any); place.mm.some();
       place = next_map(machine, head, place, any)) {
    c.spend(Cost::rmap_walk);
    each_present(machine, place.mm, part_at(machine, head, place), [&](Page page, const Pte& pte) {
      if (machine.frames.head(pte.frame()) == head) visit(place.mm, page, pte);
    });
  }
}

// lru_gen_look_around(): the pages nearby that the same table maps.
void look_around(Context& c, MmId mm, Page page) {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(page);
  if (vma == nullptr) return;
  PageRange near = span_of(page, pmd_pages).intersect(vma->pages);
  if (near.count > batch_pages) {
    const std::uint32_t before = std::min(page.value - near.first.value, batch_pages / 2);
    const std::uint32_t first = std::min(page.value - before, near.end().value - batch_pages);
    near = {.first = Page{first}, .count = batch_pages};
  }
  each_present(c.machine, mm, near, [&](Page other, const Pte& pte) {
    if (c.machine.is_zero(pte.frame()) || other == page) return;
    if (c.setup.switches.aging_asks) ask_young(c, mm, one_page(other), Aging::clear);
    clear_young(c, mm, other);
  });
}

}  // namespace

// folio_referenced_one()
bool test_and_clear_young(Context& c, FrameId frame) {
  const bool generations = c.setup.hosts[c.frame(frame).host.index()].lru_gen;
  bool used = false;
  each_map(c, frame, [&](MmId mm, Page page, const Pte& pte) {
    const bool looks = generations && !pte.huge;
    const bool young = clear_young(c, mm, page);
    used = used || young;
    const bool lightly = looks && c.setup.switches.aging_asks;
    if (lightly) used = ask_young(c, mm, one_page(page), Aging::clear) || used;
    if (looks && young) look_around(c, mm, page);
    if (!lightly) used = ask_young(c, mm, entry_range(page, pte), Aging::clear_flush) || used;
  });
  return used;
}

// ---- AgePages

Wait AgePages::guard() const {
  switch (step) {
    case Step::lock:
      return by == By::frame ? Wait{} : Wait::lock(mmap_lock(mm), LockMode::read);
    case Step::clear:
      return Wait::lock(page_table_lock(mm), LockMode::write);
    default:
      return {};
  }
}

Next AgePages::run(Context& c) {
  switch (step) {
    case Step::lock:
      if (by != By::frame) c.take(mmap_lock(mm), LockMode::read);
      step = Step::clear;
      return Next::again;
    case Step::clear:
      clear(c);
      if (by != By::frame) c.release(mmap_lock(mm));
      if (then == Advice::none) return c.done();
      step = Step::advise;
      return Next::again;
    case Step::advise:
      step = Step::finish;
      return c.call({Madvise{.hold = Madvise::wanted(c.machine, mm, pages, then, true),
                             .advice = then,
                             .mm = mm,
                             .pages = pages}});
    case Step::finish:
      return c.give(Result::success());
  }
  return c.done();
}

void AgePages::clear(Context& c) {
  switch (by) {
    case By::table:
      each_present(c.machine, mm, pages, [&](Page page, const Pte& pte) {
        clear_young(c, mm, page);
        ask_young(c, mm, entry_range(page, pte), Aging::clear);
      });
      return;
    case By::frame: {  // damon_pa_mkold(), page_idle_clear_pte_refs()
      Small<FrameId, 8> folios;
      each_present(c.machine, mm, pages, [&](Page, const Pte& pte) {
        const FrameId head = c.machine.frames.head(pte.frame());
        if (std::ranges::find(folios, head) == folios.end()) folios.push_back(head);
      });
      for (const FrameId folio : folios) {
        each_map(c, folio, [&](MmId whose, Page page, const Pte& pte) {
          clear_young(c, whose, page);
          ask_young(c, whose, entry_range(page, pte), Aging::clear);
        });
      }
      return;
    }
    case By::generation:
      return make_generation(c);
  }
}

// walk_mm(). A process of few pages is not worth it: should_skip_mm().
void AgePages::make_generation(Context& c) {
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  std::uint32_t mapped = 0;
  space.page_table.for_each(all_pages, [&](Page, const Pte& pte) {
    mapped += pte.present() && !c.machine.is_zero(c.machine.frames.head(pte.frame())) ? 1 : 0;
  });
  if (mapped < batch_pages) return;
  for (const Vma& vma : space.vmas) {
    if (vma.locked || vma.hugetlb || vma.xpmem) continue;  // should_skip_vma()
    each_present(c.machine, mm, vma.pages, [&](Page page, const Pte& pte) {
      if (c.machine.is_zero(c.machine.frames.head(pte.frame()))) return;
      if (c.setup.switches.aging_asks) ask_young(c, mm, entry_range(page, pte), Aging::clear);
      clear_young(c, mm, page);
    });
  }
}

}  // namespace model
