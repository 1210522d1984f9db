// SPDX-License-Identifier: Apache-2.0
#include "model/memory/block_table.hpp"

#include <doctest/doctest.h>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <map>
#include <vector>

#include "model/memory/page_table.hpp"

namespace {
using model::BlockTable;
using model::one_page;
using model::Page;
using model::PageRange;
using model::Pte;
using Table = BlockTable<Pte>;
using Reference = std::map<std::uint32_t, Pte>;

constexpr std::uint32_t block = Table::block_pages;

Pte frame(std::uint32_t number) { return {.target = number, .kind = Pte::Kind::present}; }

std::uint32_t below(boost::random::mt19937& engine, std::uint32_t count) {
  return boost::random::uniform_int_distribution<std::uint32_t>(0, count - 1)(engine);
}

// Page `i` of a run of blocks is frame `i`: as after a fault of everything in order.
Table filled(std::uint32_t blocks) {
  Table table;
  table.fill({.first = Page{0}, .count = blocks * block}, frame(0));
  return table;
}

// A table and a map to which the same is done.
struct Pair {
  Table table;
  Reference map;

  void set(Page page, Pte entry) {
    table.set(page, entry);
    if (entry.populated()) {
      map[page.value] = entry;
    } else {
      map.erase(page.value);
    }
  }
  void fill(PageRange range, Pte first) {
    table.fill(range, first);
    map.erase(map.lower_bound(range.first.value), map.lower_bound(range.end().value));
    if (!first.populated()) return;
    for (std::uint32_t i = 0; i < range.count; ++i) map[range.at(i).value] = first.advanced(i);
  }
  bool same(PageRange range) const {
    auto expected = map.lower_bound(range.first.value);
    bool same = true;
    table.for_each(range, [&](Page page, const Pte& entry) {
      same = same && expected != map.end() && expected->first == page.value &&
             expected->second == entry;
      if (expected != map.end()) ++expected;
    });
    return same && (expected == map.end() || expected->first >= range.end().value);
  }
};

// One random operation within the first `pages` pages. Frames are few, so that runs form.
void change(Pair& pair, boost::random::mt19937& engine, std::uint32_t pages) {
  const Page page{below(engine, pages)};
  const PageRange range{.first = page, .count = below(engine, pages - page.value) + 1};
  switch (below(engine, 16)) {
    case 0:
      pair.fill(range, frame(below(engine, 4)));
      break;
    case 1:
      pair.fill(range, {});
      break;
    case 2:
    case 3:
    case 4:
      pair.set(page, {});
      break;
    case 5:
      pair.set(page, {.target = below(engine, 4), .kind = Pte::Kind::swapped});
      break;
    default:  // Most of all, the frame that makes the page's block uniform.
      pair.set(page, frame(below(engine, 8) == 0 ? below(engine, 4) : page.value));
  }
}

void compare_with_map(std::uint32_t pages, std::uint32_t operations, std::uint32_t seed) {
  boost::random::mt19937 engine(seed);
  Pair pair;
  bool same = true;
  for (std::uint32_t i = 0; i < operations && same; ++i) {
    change(pair, engine, pages);
    const Page page{below(engine, pages)};
    const auto expected = pair.map.find(page.value);
    same = pair.table.at(page) == (expected == pair.map.end() ? Pte{} : expected->second);
    const PageRange looked_at{.first = page, .count = below(engine, 8)};
    same = same && pair.same(looked_at) && pair.table.populated() == pair.map.size();
    if (i % 64 == 0) same = same && pair.same({.first = Page{0}, .count = pages});
  }
  CHECK(same);
}

sim::Fingerprint print(const Table& table) { return sim::fingerprint_of(table); }

// The same contents, entry by entry, in random order and with detours.
Table rebuilt(const Table& table, PageRange range, std::uint32_t seed) {
  boost::random::mt19937 engine(seed);
  std::vector<Page> order;
  for (std::uint32_t i = 0; i < range.count; ++i) order.push_back(range.at(i));
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[below(engine, static_cast<std::uint32_t>(i))]);
  }
  Table other;
  for (const Page page : order) {
    if (below(engine, 4) == 0) other.set(page, frame(below(engine, 99)));
  }
  for (const Page page : order) other.set(page, table.at(page));
  return other;
}

TEST_CASE("a table of four pages holds what a map would hold") {
  compare_with_map(4, 40'000, 1);
  compare_with_map(4, 40'000, 2);
}

TEST_CASE("a table of one block holds what a map would hold") { compare_with_map(512, 10'000, 3); }

TEST_CASE("a table of three and a half blocks holds what a map would hold") {
  compare_with_map(1800, 10'000, 4);
  compare_with_map(1800, 10'000, 5);
}

TEST_CASE("an empty table has no entry, no descriptor and nothing to visit") {
  const Table table;
  CHECK(table.at(Page{7}) == Pte{});
  CHECK_FALSE(table.any({.first = Page{0}, .count = 0xffffffff}));
  CHECK(table.populated() == 0);
  CHECK(table.descriptors() == 0);
}

TEST_CASE("pages that are alike cost one descriptor for 512 of them, and no leaf") {
  const Table table = filled(64);
  CHECK(table.populated() == 64 * block);
  CHECK(table.descriptors() == 64);
  CHECK(table.opened() == 0);
  CHECK(table.at(Page{63 * block + 5}) == frame(63 * block + 5));
}

TEST_CASE("one page that differs opens one block, and only while it differs") {
  Table table = filled(8);
  table.set(Page{3 * block + 100}, frame(1));
  CHECK(table.opened() == 1);
  CHECK(table.at(Page{3 * block + 99}) == frame(3 * block + 99));
  CHECK(table.at(Page{3 * block + 100}) == frame(1));
  table.set(Page{3 * block + 100}, frame(3 * block + 100));
  CHECK(table.opened() == 0);
  CHECK(table == filled(8));
}

TEST_CASE("a block that is filled page by page folds when its last page comes") {
  Table table;
  for (std::uint32_t i = 1; i < block; ++i) table.set(Page{i}, frame(i));
  CHECK(table.opened() == 1);
  table.set(Page{0}, frame(0));
  CHECK(table.opened() == 0);
  CHECK(table.descriptors() == 1);
  CHECK(print(table) == print(filled(1)));
}

TEST_CASE("a block whose frames are not in a row does not fold") {
  Table table;
  for (std::uint32_t i = 0; i < block; ++i) table.set(Page{i}, frame(7));
  CHECK(table.populated() == block);
  CHECK(table.opened() == 1);
}

TEST_CASE("a cleared block leaves no descriptor behind") {
  Table table = filled(4);
  table.clear({.first = Page{block}, .count = 2 * block});
  CHECK(table.descriptors() == 2);
  for (std::uint32_t i = 0; i < block; ++i) table.clear(Page{i});
  table.clear({.first = Page{3 * block}, .count = block});
  CHECK(table.descriptors() == 0);
  CHECK(table == Table{});
}

TEST_CASE("a range that starts and ends within blocks leaves its neighbours alone") {
  Table table = filled(4);
  table.clear({.first = Page{block - 1}, .count = 2 * block + 2});
  CHECK(table.at(Page{block - 2}) == frame(block - 2));
  CHECK(table.at(Page{block - 1}) == Pte{});
  CHECK(table.at(Page{3 * block}) == Pte{});
  CHECK(table.at(Page{3 * block + 1}) == frame(3 * block + 1));
  CHECK(table.populated() == 2 * block - 2);
}

TEST_CASE("an empty range changes nothing and visits nothing") {
  Table table = filled(1);
  table.clear({.first = Page{5}, .count = 0});
  CHECK(table == filled(1));
  CHECK_FALSE(table.any({.first = Page{5}, .count = 0}));
}

TEST_CASE("the last pages that a page number can name can be visited") {
  const PageRange all{.first = Page{0}, .count = 0xffffffff};
  Table table;
  table.set(Page{0xfffffffe}, frame(3));
  CHECK(table.at(Page{0xfffffffe}) == frame(3));
  CHECK(table.any(all));
}

TEST_CASE("tables with equal contents are equal and encode equally, whatever their history") {
  constexpr PageRange range{.first = Page{0}, .count = 600};
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    boost::random::mt19937 engine(seed);
    Pair pair;
    for (std::uint32_t i = 0; i < 60; ++i) change(pair, engine, seed % 2 == 0 ? 600 : 6);
    const Table other = rebuilt(pair.table, range, seed);
    CHECK(other == pair.table);
    CHECK(print(other) == print(pair.table));
    CHECK(other.descriptors() == pair.table.descriptors());
    CHECK(other.opened() == pair.table.opened());
  }
}

TEST_CASE("tables that differ in one entry are unequal and encode differently") {
  Table table = filled(1);
  Table moved;
  moved.fill({.first = Page{block}, .count = block}, frame(0));
  Table dirty = table;
  Pte changed = table.at(Page{9});
  changed.dirty = true;
  dirty.set(Page{9}, changed);
  for (const Table& other : {moved, dirty, Table{}}) {
    CHECK_FALSE(other == table);
    CHECK(print(other) != print(table));
  }
}

TEST_CASE("a copy does not change with its original") {
  Table table = filled(2);
  const Table copy = table;
  table.set(Page{5}, frame(99));
  CHECK(copy == filled(2));
}
}  // namespace
