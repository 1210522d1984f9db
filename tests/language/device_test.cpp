// SPDX-License-Identifier: Apache-2.0
// Settings of devices whose numbers have bounds.

#include <doctest/doctest.h>

#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

std::string said_of(const std::string& settings) {
  language::Sources sources = language_test::sources_of(
      {{"t.sd", "scenario \"s\"\nhost A { cpus 2; device acc0: sva { " + settings + " } }\n"}});
  return language::render(sources, language::load(sources, "t.sd", {}).problems);
}

bool says(const std::string& settings, const std::string& what) {
  return said_of(settings).find("t.sd:2:37: error: " + what) == 0;
}

}  // namespace

TEST_CASE("invalidations have 32 ITags and eight traffic classes at most") {
  CHECK(said_of("inval_queue 32; traffic_classes 8; inval_completion late") == "");
  CHECK(says("inval_queue 33", "'inval_queue' is at most 32"));
  CHECK(says("traffic_classes 9", "'traffic_classes' is at most 8"));
  CHECK(says("traffic_classes 0", "'traffic_classes' is at least 1"));
}
