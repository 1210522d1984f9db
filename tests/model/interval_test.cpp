// SPDX-License-Identifier: Apache-2.0
#include "model/notifier/interval.hpp"

#include <doctest/doctest.h>

namespace {
using model::IntervalNotifiers;
using model::MrId;
using model::Page;
using model::PageRange;
using Hits = model::Small<MrId, 4>;

constexpr MrId mr{0};
constexpr MrId elsewhere{1};
constexpr PageRange low{.first = Page{0}, .count = 4};
constexpr PageRange high{.first = Page{4}, .count = 4};

IntervalNotifiers watching() {
  IntervalNotifiers notifiers;
  notifiers.insert(mr, low);
  return notifiers;
}

// What a driver does when it is called back.
void invalidate(IntervalNotifiers& notifiers, PageRange pages) {
  for (const MrId hit : notifiers.start(pages)) {
    notifiers.set_sequence(hit, notifiers.sequence());
  }
}

TEST_CASE("the sequence starts at two, even and idle") {
  const IntervalNotifiers notifiers;
  CHECK(notifiers.sequence() == 2);
  CHECK(notifiers.active() == 0);
  CHECK(notifiers.idle());
  CHECK(notifiers.empty());
}

TEST_CASE("an idle insert takes the sequence before the current one, so the first read goes on") {
  const IntervalNotifiers notifiers = watching();
  const std::uint32_t begun = notifiers.read_begin(mr);
  CHECK(begun == 1);
  CHECK(notifiers.readable(mr, begun));
  CHECK_FALSE(notifiers.read_retry(mr, begun));
}

TEST_CASE("an invalidation that hits no interval leaves the sequence even") {
  IntervalNotifiers notifiers = watching();
  CHECK(notifiers.start(high).empty());
  CHECK(notifiers.active() == 1);
  CHECK_FALSE(notifiers.odd());
  CHECK_FALSE(notifiers.idle());
  CHECK_FALSE(notifiers.end());  // Nobody waits for it.
  CHECK(notifiers.sequence() == 2);
}

TEST_CASE("an invalidation that hits an interval makes the sequence odd until it ends") {
  IntervalNotifiers notifiers = watching();
  CHECK(notifiers.start(low) == Hits{mr});
  CHECK(notifiers.sequence() == 3);
  CHECK(notifiers.end());
  CHECK(notifiers.sequence() == 4);
  CHECK(notifiers.idle());
}

TEST_CASE("a range that ends where an interval begins does not hit it") {
  IntervalNotifiers notifiers;
  notifiers.insert(mr, high);
  CHECK(notifiers.start(low).empty());
  CHECK(notifiers.start({.first = Page{0}, .count = 5}) == Hits{mr});
  CHECK(notifiers.start({.first = Page{8}, .count = 1}).empty());
}

TEST_CASE("intervals are hit in the order of their first pages") {
  IntervalNotifiers notifiers;
  notifiers.insert(mr, high);
  notifiers.insert(elsewhere, low);
  CHECK(notifiers.start({.first = Page{3}, .count = 2}) == Hits{elsewhere, mr});
}

TEST_CASE(
    "a reader of an invalidated interval waits for the end of the epoch and then retries not") {
  IntervalNotifiers notifiers = watching();
  invalidate(notifiers, low);
  const std::uint32_t begun = notifiers.read_begin(mr);
  CHECK(begun == 3);
  CHECK_FALSE(notifiers.readable(mr, begun));
  notifiers.end();
  CHECK(notifiers.readable(mr, begun));
  CHECK_FALSE(notifiers.read_retry(mr, begun));
}

TEST_CASE("a reader that began before an invalidation retries from set_sequence on") {
  IntervalNotifiers notifiers = watching();
  const std::uint32_t begun = notifiers.read_begin(mr);
  notifiers.start(low);
  CHECK_FALSE(notifiers.read_retry(mr, begun));  // The driver has not been called yet.
  notifiers.set_sequence(mr, notifiers.sequence());
  CHECK(notifiers.read_retry(mr, begun));
  notifiers.end();
  CHECK(notifiers.read_retry(mr, begun));
}

TEST_CASE("a driver that does not set the sequence lets a stale lookup through") {
  IntervalNotifiers notifiers = watching();
  const std::uint32_t begun = notifiers.read_begin(mr);
  notifiers.start(low);
  notifiers.end();
  CHECK_FALSE(notifiers.read_retry(mr, begun));
}

TEST_CASE("a reader does not wait for an invalidation that misses its interval") {
  IntervalNotifiers notifiers = watching();
  notifiers.insert(elsewhere, high);
  invalidate(notifiers, high);
  const std::uint32_t begun = notifiers.read_begin(mr);
  CHECK(notifiers.readable(mr, begun));
  CHECK_FALSE(notifiers.read_retry(mr, begun));
}

TEST_CASE("an odd epoch lasts until every invalidation that overlaps in time has ended") {
  IntervalNotifiers notifiers = watching();
  invalidate(notifiers, low);
  invalidate(notifiers, high);  // Of other pages, but the reader must wait for it as well.
  const std::uint32_t begun = notifiers.read_begin(mr);
  CHECK_FALSE(notifiers.end());
  CHECK(notifiers.active() == 1);
  CHECK(notifiers.odd());
  CHECK_FALSE(notifiers.readable(mr, begun));
  CHECK(notifiers.end());
  CHECK(notifiers.readable(mr, begun));
}

TEST_CASE("a nested invalidation of the same interval belongs to the same epoch") {
  IntervalNotifiers notifiers = watching();
  invalidate(notifiers, low);
  invalidate(notifiers, low);
  CHECK(notifiers.sequence() == 3);
  notifiers.end();
  notifiers.end();
  CHECK(notifiers.sequence() == 4);
}

TEST_CASE("an invalidation that first misses turns odd when one that hits comes") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(high);
  CHECK_FALSE(notifiers.odd());
  notifiers.start(low);
  CHECK(notifiers.odd());
  CHECK_FALSE(notifiers.end());
  CHECK(notifiers.end());
}

TEST_CASE("an insert during an even invalidation makes it odd and counts as invalidated") {
  IntervalNotifiers notifiers;
  notifiers.start(low);
  notifiers.insert(mr, high);
  CHECK(notifiers.odd());
  CHECK(notifiers.hits(high) == Hits{mr});
  CHECK_FALSE(notifiers.readable(mr, notifiers.read_begin(mr)));
  CHECK(notifiers.end());
  CHECK(notifiers.readable(mr, 3));
}

TEST_CASE("an insert during an odd invalidation is in the tree only after its end") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(low);
  notifiers.insert(elsewhere, high);
  CHECK(notifiers.hits(high).empty());
  CHECK(notifiers.contains(elsewhere));
  CHECK(notifiers.read_begin(elsewhere) == 3);
  CHECK_FALSE(notifiers.readable(elsewhere, 3));
  CHECK(notifiers.end());
  CHECK(notifiers.hits(high) == Hits{elsewhere});
  CHECK(notifiers.readable(elsewhere, 3));
  CHECK_FALSE(notifiers.read_retry(elsewhere, 3));
}

TEST_CASE("an idle remove takes the interval out at once") {
  IntervalNotifiers notifiers = watching();
  CHECK(notifiers.remove(mr));
  CHECK_FALSE(notifiers.contains(mr));
  CHECK(notifiers.empty());
}

TEST_CASE("a remove during an even invalidation takes the interval out at once") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(high);
  CHECK(notifiers.remove(mr));
  CHECK(notifiers.start(low).empty());
}

TEST_CASE("a remove during an odd invalidation waits for its end") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(low);
  CHECK_FALSE(notifiers.remove(mr));
  CHECK(notifiers.contains(mr));
  CHECK(notifiers.hits(low) == Hits{mr});
  CHECK(notifiers.end());
  CHECK_FALSE(notifiers.contains(mr));
}

TEST_CASE("a remove undoes an insert that was deferred, and need not wait") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(low);
  notifiers.insert(elsewhere, high);
  CHECK(notifiers.remove(elsewhere));
  CHECK_FALSE(notifiers.contains(elsewhere));
  notifiers.end();
  CHECK(notifiers.hits(high).empty());
}

TEST_CASE("what waits in the deferred list is applied in its order") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(low);
  notifiers.remove(mr);
  notifiers.insert(elsewhere, low);
  CHECK(notifiers.hits(low) == Hits{mr});
  notifiers.end();
  CHECK(notifiers.hits(low) == Hits{elsewhere});
}

TEST_CASE("a reader of an interval that is gone does not wait") {
  IntervalNotifiers notifiers = watching();
  notifiers.start(low);
  notifiers.set_sequence(mr, notifiers.sequence());
  const std::uint32_t begun = notifiers.read_begin(mr);
  notifiers.remove(mr);
  notifiers.end();
  CHECK(notifiers.readable(mr, begun));
}
}  // namespace
