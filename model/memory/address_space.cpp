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

}  // namespace

void AddressSpace::insert(Vma vma) {
  auto place = vmas.begin();
  while (place != vmas.end() && place->pages.first < vma.pages.first) ++place;
  check(place == vmas.end() || !place->pages.overlaps(vma.pages));
  vmas.insert(place, vma);
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
