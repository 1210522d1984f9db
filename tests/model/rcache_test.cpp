// SPDX-License-Identifier: Apache-2.0
// Registration caches: what they find, what becomes of it when memory is unmapped, and who tells.
#include <doctest/doctest.h>

#include "tests/model/builder.hpp"
#include "tests/model/run.hpp"

namespace model::testing {
namespace {

// A process with a cache and two regions of memory, which its second thread may use.
struct Cached : App {
  PageRange other = region(mm, 2);
  std::uint32_t side = program(first_host, mm);

  explicit Cached(const RcacheSetup& rcache = {}) : App(2, {}, IntervalNotifierPolicy{}) {
    setup.processes[mm.index()].rcache = rcache;
    setup.processes[mm.index()].rcache.exists = true;
    init(main, memset(mm, pages, 7));
  }
  Call get(PageRange part) const {
    return {.verb = Verb::rcache_get, .mm = mm, .pages = part, .adapter = AdapterId{0}};
  }
  Call put(VariableId region) const {
    return {.verb = Verb::rcache_put, .mm = mm, .target = {.variable = region}};
  }
  void cache(PageRange part) { init(main, put(made(main, get(part)))); }
  // The memory is another one, and the device reads what the cache has for it.
  void replace_and_read() {
    const VariableId region = variable();
    call(munmap(mm, pages));
    call(mmap(mm, pages));
    call(write(mm, page(0), 5));
    const LineId got = line(main, get(pages), region);
    after(got, program(first_host), dma_read(region, 0));
  }
  Result gives(std::initializer_list<PageRange> parts) {
    LineId last{};
    for (const PageRange part : parts) last = call(get(part));
    return Run(setup).result(last);
  }
};

TEST_CASE("a look-up finds the region that has all of its pages") {
  Cached cached;
  CHECK(cached.gives({cached.pages, one_page(cached.page(1))}) == Result::object(0));
}

TEST_CASE("a look-up of more than a region has makes another one") {
  Cached cached;
  CHECK(cached.gives({one_page(cached.page(1)), cached.pages, one_page(cached.page(1))}) ==
        Result::object(1));
}

TEST_CASE("without merges, regions that overlap stay side by side") {
  Cached cached({.merge = false});
  CHECK(cached.gives({one_page(cached.page(1)), cached.pages, one_page(cached.page(1))}) ==
        Result::object(0));
}

TEST_CASE("beyond its limit a cache gives up the region that was used longest ago") {
  Cached cached({.limit = 1});
  cached.cache(cached.pages);
  cached.call(cached.get(cached.other));
  const Run run(cached.setup);
  CHECK(run.machine().caches[0].regions.size() == 1);
  CHECK(run.machine().caches[0].regions[0].pages == cached.other);
}

TEST_CASE("a cache without hooks gives the device memory that is not there any more") {
  Cached cached({.hooks = RcacheSetup::Hooks::none});
  cached.cache(cached.pages);
  cached.replace_and_read();
  CHECK(all_broken(cached.setup) == "stale_translation");
}

TEST_CASE("a cache that is told has nothing stale, whoever tells and whoever has the lock") {
  for (const auto events : {RcacheSetup::Events::hooks, RcacheSetup::Events::kernel,
                            RcacheSetup::Events::userfaultfd}) {
    CAPTURE(static_cast<int>(events));
    Cached cached({.events = events});
    cached.cache(cached.pages);
    cached.replace_and_read();
    cached.line(cached.side, cached.get(cached.other));
    CHECK(all_broken(cached.setup).empty());
  }
}

TEST_CASE("a monitor that needs the lock never reads what the lock's owner waits for") {
  Cached cached({.events = RcacheSetup::Events::userfaultfd, .frees_locked = true});
  cached.cache(cached.pages);
  cached.call(munmap(cached.mm, cached.pages));
  cached.call(cached.get(cached.other));
  CHECK(all_broken(cached.setup) == "lock_cycle deadlock");
}

}  // namespace
}  // namespace model::testing
