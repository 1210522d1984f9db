// SPDX-License-Identifier: Apache-2.0
#include "model/flow/pmd_sharing.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

// Multiples of PUD_SIZE.
Page down(Page at) { return span_of(at, pud_pages).first; }
Page up(Page at) { return down(Page{at.value + pud_pages - 1}); }

// vma_pgtable_within, want_pmd_share(): the whole GiB is of that VMA, which others can share, and
// userfaultfd needs no table of its own.
bool may_share(const Vma& vma, Page page) {
  const PageRange span = span_of(page, pud_pages);
  return vma.hugetlb && !vma.gigantic && vma.shared && vma.file.some() && !vma.uffd_wp &&
         !vma.uffd_minor && vma.pages.intersect(span) == span;
}

// page_table_shareable(): those of which this is alike can use one table.
SharedTable table_of(const Vma& vma, Page first) {
  const unsigned rights = (vma.read ? 4U : 0U) | (vma.write ? 2U : 0U) | (vma.exec ? 1U : 0U);
  return {
      .file = vma.file, .index = vma.index_of(first), .rights = static_cast<std::uint8_t>(rights)};
}

struct Place {
  MmId mm{};
  Page first{};
};

// A process, or another place of this one, that has a table which it could share.
Place find_owner(const Machine& machine, MmId mm, Page first, const SharedTable& wanted) {
  for (std::uint32_t i = 0; i < machine.spaces.size(); ++i) {
    for (const Vma& vma : machine.spaces[i].vmas) {
      if (vma.file != wanted.file) continue;
      const auto there = vma.page_at(wanted.index);
      if (!there || there->value % pud_pages != 0 || !may_share(vma, *there)) continue;
      if ((MmId{i} == mm && *there == first) || table_of(vma, *there) != wanted) continue;
      if (machine.spaces[i].page_table.has_table(pud_pages, *there)) return {MmId{i}, *there};
    }
  }
  return {};
}

// The others that share the table.
Small<Place, 2> others_of(const Machine& machine, MmId mm, Page first, const SharedTable& table) {
  Small<Place, 2> others;
  for (std::uint32_t i = 0; i < machine.spaces.size(); ++i) {
    const Page own = MmId{i} == mm ? first : Page{};
    const auto there = machine.spaces[i].page_table.sharing(table, own);
    if (there) others.push_back({MmId{i}, *there});
  }
  return others;
}

// Its entries: the first page of each.
Small<std::pair<Page, Pte>, 4> entries_of(const Machine& machine, MmId mm, Page first) {
  Small<std::pair<Page, Pte>, 4> entries;
  machine.spaces[mm.index()].page_table.for_each({.first = first, .count = pud_pages},
                                                 [&](Page at, const Pte& pte) {
                                                   if (at.value % pmd_pages == 0)
                                                     entries.push_back({at, pte});
                                                 });
  return entries;
}

}  // namespace

std::optional<Wait> share_pmds(Context& c, MmId mm, Page page) {
  const Page first = span_of(page, pud_pages).first;
  const AddressSpace& space = std::as_const(c.machine).spaces[mm.index()];
  const Vma* vma = space.find_vma(page);
  if (space.page_table.has_table(pud_pages, page) || vma == nullptr || !may_share(*vma, page)) {
    return std::nullopt;
  }
  if (!c.machine.lock_available(rmap_lock(vma->file), LockMode::read)) {
    return Wait::lock(rmap_lock(vma->file), LockMode::read);
  }
  const SharedTable table = table_of(*vma, first);
  const Place owner = find_owner(c.machine, mm, first, table);
  c.spend(Cost::rmap_walk);
  if (!owner.mm.some()) return std::nullopt;
  const auto entries = entries_of(c.machine, owner.mm, owner.first);
  PageTable& own = c.mm(mm).page_table;
  own.add_table(pud_pages, first);
  for (const auto& [at, pte] : entries) {
    own.set_huge(Page{first.value + (at.value - owner.first.value)}, pte);
  }
  own.set_shared(first, table);
  c.mm(owner.mm).page_table.set_shared(owner.first, table);
  c.spend(Cost::pte_change);
  return std::nullopt;
}

bool unshare_pmds(Context& c, MmId mm, Page page) {
  const Page first = span_of(page, pud_pages).first;
  const auto table = std::as_const(c.machine).spaces[mm.index()].page_table.shared(first);
  if (!table) return false;
  const auto others = others_of(c.machine, mm, first, *table);
  PageTable& own = c.mm(mm).page_table;
  own.set_shared(first, std::nullopt);
  for (const auto& [at, pte] : entries_of(c.machine, mm, first)) {
    own.set_huge(at, {});
    if (!pte.present()) continue;
    c.emit({.kind = EventKind::pte_cleared,
            .mm = mm,
            .pages = {.first = at, .count = pmd_pages},
            .frame = pte.frame()});
  }
  own.drop_table(pud_pages, first);
  c.spend(Cost::pte_change);
  if (others.size() == 1) {
    c.mm(others.front().mm).page_table.set_shared(others.front().first, std::nullopt);
  }
  return true;
}

void set_shared_huge(Context& c, MmId mm, Page first, Pte entry) {
  c.mm(mm).page_table.set_huge(first, entry);
  const auto table = std::as_const(c.machine).spaces[mm.index()].page_table.shared(first);
  if (!table) return;
  const PageRange span = span_of(first, pud_pages);
  for (const Place& other : others_of(c.machine, mm, span.first, *table)) {
    const Page there{other.first.value + (first.value - span.first.value)};
    c.mm(other.mm).page_table.set_huge(there, entry);
  }
}

LockMode rmap_mode(const Machine& machine, MappingId mapping) {
  const bool pool =
      mapping.some() && machine.mappings[mapping.index()].kind == Mapping::Kind::hugetlbfs;
  return pool ? LockMode::write : LockMode::read;
}

PageRange shareable_part(const Vma& vma) {
  const Page first = up(vma.pages.first);
  const Page last = down(vma.pages.end());
  if (!vma.hugetlb || !vma.shared || first >= last) return {};
  return {.first = first, .count = last.value - first.value};
}

PageRange sharing_range(const Context& c, const Vma* vma, PageRange pages) {
  if (!c.setup.switches.announce_shared) return pages;
  const PageRange tables = vma == nullptr ? PageRange{} : shareable_part(*vma);
  if (!tables.overlaps(pages)) return pages;
  const Page first = tables.first;
  const Page last = tables.end();
  const Page from = pages.first > first ? down(pages.first) : pages.first;
  const Page to = pages.end() < last ? up(pages.end()) : pages.end();
  return {.first = from, .count = to.value - from.value};
}

PageRange unshared_by_cut(const AddressSpace& space, Page at) {
  const Vma* vma = space.find_vma(at);
  const PageRange span = span_of(at, pud_pages);
  const bool cuts = vma != nullptr && vma->hugetlb && vma->shared && vma->pages.first < at &&
                    at.value % pud_pages != 0 && vma->pages.intersect(span) == span;
  return cuts ? span : PageRange{};
}

std::optional<PageRange> unshared_by_change(const AddressSpace& space, PageRange pages,
                                            Page& done) {
  for (const Page at : {pages.first, pages.end()}) {
    const PageRange table = at > done ? unshared_by_cut(space, at) : PageRange{};
    if (table.count == 0) continue;
    done = at;
    return table;
  }
  return std::nullopt;
}

// ---- UnsharePmds

Wait UnsharePmds::guard() const {
  if (step == Step::lock_file) return Wait::lock(rmap_lock(file), LockMode::write);
  return step == Step::lock_ptl ? Wait::lock(page_table_lock(mm), LockMode::write) : Wait{};
}

Next UnsharePmds::run(Context& c) {
  const NotifierRange range{.mm = mm, .pages = pages, .event = NotifierEvent::clear};
  switch (step) {
    case Step::start:
      file = c.mm(mm).find_vma(pages.first)->file;
      step = Step::lock_file;
      return c.call({RangeStart{.range = range}});
    case Step::lock_file:
      c.take(rmap_lock(file), LockMode::write);
      step = Step::lock_ptl;
      return Next::again;
    case Step::lock_ptl:
      for (std::uint32_t at = 0; at < pages.count; at += pud_pages) {
        unshare_pmds(c, mm, pages.at(at));
      }
      step = Step::flush;
      return Next::again;
    case Step::flush:
      step = Step::end;
      return c.call({TlbFlush{.mm = mm, .pages = pages, .shift = 21}});
    case Step::end:
      c.release(rmap_lock(file));
      step = Step::finish;
      return c.call({RangeEnd{.range = range}});
    case Step::finish:
      return c.give();
  }
  return c.done();
}

}  // namespace model
