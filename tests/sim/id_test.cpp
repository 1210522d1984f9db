// SPDX-License-Identifier: Apache-2.0
#include "sim/id.hpp"

#include <doctest/doctest.h>

#include <type_traits>

#include "tests/sim/aborts.hpp"

namespace {
using Apple = sim::Id<struct AppleTag>;
using Pear = sim::Id<struct PearTag>;

static_assert(!std::is_convertible_v<Apple, Pear>);
static_assert(!std::is_convertible_v<int, Apple>);
static_assert(sizeof(Apple) == 4);

TEST_CASE("an id is none until it is given a value") {
  CHECK_FALSE(Apple{}.some());
  CHECK(Apple{0}.some());
  CHECK(Apple{} == Apple{Apple::none});
}

TEST_CASE("ids compare by value") {
  CHECK(Apple{3} == Apple{3});
  CHECK(Apple{3} < Apple{4});
}

TEST_CASE("an index is never taken of none") {
  CHECK(Apple{7}.index() == 7);
  CHECK(aborts([] { (void)Apple{}.index(); }));
}

TEST_CASE("a check that holds lets the program go on, one that does not aborts it") {
  CHECK_FALSE(aborts([] { check(1 + 1 == 2); }));
  CHECK(aborts([] { check(1 + 1 == 3); }));
}
}  // namespace
