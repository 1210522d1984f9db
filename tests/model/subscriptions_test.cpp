// SPDX-License-Identifier: Apache-2.0
#include "model/notifier/subscriptions.hpp"

#include <doctest/doctest.h>

namespace {
using model::MmId;
using model::MrId;
using model::NotifierRange;
using model::Page;
using model::Subscriptions;
using model::TaskId;

constexpr TaskId one{0};
constexpr TaskId two{1};
constexpr NotifierRange range{.mm = MmId{0}, .pages = {.first = Page{4}, .count = 2}};

TEST_CASE("listeners are walked newest first, each once, in whatever order they came") {
  Subscriptions notifier;
  for (const std::uint32_t mr : {5U, 1U, 3U}) notifier.listen(MrId{mr});
  CHECK(notifier.next_listener({}) == MrId{5});
  CHECK(notifier.next_listener(MrId{5}) == MrId{3});
  CHECK(notifier.next_listener(MrId{3}) == MrId{1});
  CHECK_FALSE(notifier.next_listener(MrId{1}).some());
}

TEST_CASE("a walk of listeners goes on after one that has left meanwhile") {
  Subscriptions notifier;
  for (const std::uint32_t mr : {1U, 3U, 5U}) notifier.listen(MrId{mr});
  notifier.unlisten(MrId{3});
  CHECK(notifier.next_listener(MrId{5}) == MrId{1});
  CHECK(notifier.next_listener(MrId{3}) == MrId{1});
}

TEST_CASE("a range forbids installs from the return of range_start on, and up to its end") {
  Subscriptions notifier;
  notifier.open_range(range, one);
  CHECK_FALSE(notifier.invalidating(Page{4}));
  notifier.range_returned(range, one);
  CHECK(notifier.invalidating(Page{4}));
  CHECK(notifier.invalidating(Page{5}));
  CHECK_FALSE(notifier.invalidating(Page{3}));
  CHECK_FALSE(notifier.invalidating(Page{6}));
  notifier.close_range(range, one);
  CHECK_FALSE(notifier.invalidating(Page{4}));
}

TEST_CASE("the same range of another task keeps its own count") {
  Subscriptions notifier;
  notifier.open_range(range, one);
  notifier.open_range(range, two);
  notifier.range_returned(range, two);
  notifier.close_range(range, one);
  CHECK(notifier.invalidating(Page{4}));
  notifier.close_range(range, two);
  CHECK(notifier.open.empty());
}

TEST_CASE("a lookup is spoiled when range_start of its page returns, not when it is called") {
  Subscriptions notifier;
  notifier.begin_lookup(one, Page{4});
  notifier.open_range(range, two);
  CHECK_FALSE(notifier.find_lookup(one, Page{4})->spoiled);
  notifier.range_returned(range, two);
  CHECK(notifier.find_lookup(one, Page{4})->spoiled);
}

TEST_CASE("a lookup that is made during an invalidation of its page is spoiled from the start") {
  Subscriptions notifier;
  notifier.open_range(range, two);
  notifier.range_returned(range, two);
  notifier.begin_lookup(one, Page{5});
  notifier.begin_lookup(one, Page{6});
  CHECK(notifier.find_lookup(one, Page{5})->spoiled);
  CHECK_FALSE(notifier.find_lookup(one, Page{6})->spoiled);
}

TEST_CASE("a second lookup of the same task forgets the first one") {
  Subscriptions notifier;
  notifier.open_range(range, two);
  notifier.range_returned(range, two);
  notifier.begin_lookup(one, Page{4});
  notifier.close_range(range, two);
  notifier.begin_lookup(one, Page{4});
  CHECK_FALSE(notifier.find_lookup(one, Page{4})->spoiled);
  CHECK(notifier.lookups.size() == 1);
  notifier.end_lookup(one, Page{4});
  CHECK(notifier.find_lookup(one, Page{4}) == nullptr);
}
}  // namespace
