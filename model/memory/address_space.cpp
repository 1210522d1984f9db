// SPDX-License-Identifier: Apache-2.0
#include "model/memory/address_space.hpp"

#include "sim/check.hpp"

namespace model {
namespace {

Vma piece(const Vma& vma, PageRange pages) {
  Vma part = vma;
  part.pages = pages;
  part.index = vma.index_of(pages.first);
  return part;
}

// can_vma_merge_after(): what follows continues what comes before.
bool continues(const Vma& before, const Vma& after) {
  if (before.pages.end() != after.pages.first) return false;
  if (before.anon != after.anon || before.file != after.file) return false;
  if (before.hugetlb || before.xpmem) return false;  // is_mergeable_vma(): they have a close().
  Vma joined = after;
  joined.pages.first = before.pages.first;
  joined.pages.count = before.pages.count;
  joined.index = after.index - before.pages.count;
  // Soft-dirtiness is passed on, and so are guards and an anon_vma that only one of them has.
  joined.soft_dirty = before.soft_dirty;
  joined.guarded = before.guarded;
  joined.prepared = before.prepared;
  return joined == before;
}

}  // namespace

void Vma::encode(sim::Encoder& out) const {
  sim::encode(out, pages);
  sim::encode(out, anon);
  sim::encode(out, file);
  out.add_small(index);
  out.add(pkey);
  std::uint32_t bits = 0;
  for (const bool bit :
       {read,       write,      exec,       shared,           locked,    prepared,
        disk,       hugetlb,    huge,       nohuge,           mergeable, dontfork,
        wipeonfork, dontdump,   grows_down, soft_dirty,       guarded,   uffd_missing,
        uffd_wp,    uffd_minor, uffd_async, uffd_unpopulated, gigantic,  xpmem}) {
    bits = 2 * bits + (bit ? 1 : 0);
  }
  out.add(bits);
}

void AddressSpace::insert(Vma vma) {
  auto place = vmas.begin();
  while (place != vmas.end() && place->pages.first < vma.pages.first) ++place;
  check(place == vmas.end() || !place->pages.overlaps(vma.pages));
  const auto join = [](Vma& first, const Vma& second) {
    first.pages.count += second.pages.count;
    first.soft_dirty = first.soft_dirty || second.soft_dirty;
    first.guarded = first.guarded || second.guarded;
    first.prepared = first.prepared || second.prepared;
  };
  if (place != vmas.end() && continues(vma, *place)) {
    join(vma, *place);
    place = vmas.erase(place);
  }
  if (place != vmas.begin() && continues(*(place - 1), vma)) {
    join(*(place - 1), vma);
  } else {
    vmas.insert(place, vma);
  }
}

Small<Vma, 2> AddressSpace::parts(PageRange pages) const {
  Small<Vma, 2> found;
  for (const Vma& vma : vmas) {
    const PageRange part = vma.pages.intersect(pages);
    if (part.count > 0) found.push_back(piece(vma, part));
  }
  return found;
}

Small<Vma, 2> AddressSpace::remove(PageRange pages) {
  Small<Vma, 2> removed;
  Small<Vma, 2> kept;
  for (const Vma& vma : vmas) {
    const PageRange part = vma.pages.intersect(pages);
    if (part.count == 0) {
      kept.push_back(vma);
      continue;
    }
    removed.push_back(piece(vma, part));
    const std::uint32_t before = part.first.value - vma.pages.first.value;
    const std::uint32_t after = vma.pages.end().value - part.end().value;
    if (before > 0) kept.push_back(piece(vma, {vma.pages.first, before}));
    if (after > 0) kept.push_back(piece(vma, {part.end(), after}));
  }
  vmas = kept;
  return removed;
}

}  // namespace model
