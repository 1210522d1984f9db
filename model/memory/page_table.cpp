// SPDX-License-Identifier: Apache-2.0
#include "model/memory/page_table.hpp"

namespace model {

const PageTable::Numbers& PageTable::tables(std::uint32_t span) const {
  return span == pmd_pages ? pte_tables_ : span == pud_pages ? pmd_tables_ : pud_tables_;
}

PageTable::Numbers& PageTable::tables(std::uint32_t span) {
  return span == pmd_pages ? pte_tables_ : span == pud_pages ? pmd_tables_ : pud_tables_;
}

bool PageTable::has_table(std::uint32_t span, Page page) const {
  const Numbers& all = tables(span);
  return std::binary_search(all.begin(), all.end(), page.value / span);
}

void PageTable::add_table(std::uint32_t span, Page page) {
  for (const std::uint32_t level : {pmd_pages, pud_pages, pgd_pages}) {
    if (level < span) continue;
    Numbers& all = tables(level);
    const std::uint32_t number = page.value / level;
    const auto place = std::lower_bound(all.begin(), all.end(), number);
    if (place != all.end() && *place == number) return;
    all.insert(place, number);
  }
}

void PageTable::drop_table(std::uint32_t span, Page page) {
  drop_if(tables(span), [&](std::uint32_t number) { return number == page.value / span; });
}

Small<Page, 4> PageTable::tables_over(std::uint32_t span, PageRange pages) const {
  Small<Page, 4> found;
  for (const std::uint32_t number : tables(span)) {
    if (span_of(Page{number * span}, span).overlaps(pages)) found.push_back(Page{number * span});
  }
  return found;
}

void PageTable::set_shared(Page page, std::optional<SharedTable> what) {
  const std::uint32_t table = page.value / pud_pages;
  drop_if(shared_tables_, [=](const auto& entry) { return entry.first == table; });
  if (!what) return;
  const auto place =
      std::ranges::find_if(shared_tables_, [=](const auto& entry) { return entry.first > table; });
  shared_tables_.insert(place, {table, *what});
}

void PageTable::set(Page page, Pte entry) {
  if (entry.populated()) add_table(pmd_pages, page);
  entries_.set(page, entry);
}

void PageTable::set_huge(Page first, Pte entry) {
  const bool gigantic = entry.gigantic || at(first).gigantic;
  const PageRange span{.first = first, .count = gigantic ? pud_pages : pmd_pages};
  check(first.value % span.count == 0);
  entry.huge = entry.populated();
  entry.gigantic = entry.populated() && gigantic;
  if (entry.populated()) add_table(gigantic ? pgd_pages : pud_pages, first);
  if (gigantic) drop_table(pud_pages, first);
  drop_table(pmd_pages, first);
  entries_.fill(span, entry);
}

void PageTable::encode(sim::Encoder& out) const {
  sim::encode(out, entries_);
  sim::encode(out, pte_tables_);
  sim::encode(out, pmd_tables_);
  sim::encode(out, pud_tables_);
  sim::encode(out, shared_tables_);
}

}  // namespace model
