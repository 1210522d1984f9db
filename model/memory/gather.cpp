// SPDX-License-Identifier: Apache-2.0
#include "model/memory/gather.hpp"

namespace model {

void MmuGather::add(PageRange pages) {
  if (range.count == 0) {
    range = pages;
    return;
  }
  const Page first = std::min(range.first, pages.first);
  range = {.first = first, .count = std::max(range.end(), pages.end()).value - first.value};
}

void MmuGather::add_pte(Page page) {
  add(one_page(page));
  ptes = true;
}

void MmuGather::add_huge(PageRange entry) {
  add(entry);
  (entry.count == pud_pages ? puds : pmds) = true;
}

// Only the first page of what the table spans is named; a p4d that is folded has no stride.
void MmuGather::add_table(Page first, std::uint32_t span) {
  add(one_page(first));
  freed_tables = true;
  if (span == pmd_pages) pmds = true;
  if (span == pud_pages) puds = true;
}

void MmuGather::reset() {
  range = {};
  ptes = pmds = puds = freed_tables = false;
}

void MmuGather::encode(sim::Encoder& out) const {
  const bool empty = range.count == 0 && frames.empty();
  out.add(empty);
  if (empty) return;
  sim::encode(out, range);
  out.add(static_cast<std::uint8_t>(ptes + 2 * pmds + 4 * puds + 8 * freed_tables));
  sim::encode(out, frames);
}

}  // namespace model
