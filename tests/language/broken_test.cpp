// SPDX-License-Identifier: Apache-2.0
// Every message that users meet: one broken scenario for each, with what is said about it.
#include <doctest/doctest.h>

#include "tests/language/support.hpp"

TEST_CASE("each broken scenario is answered as expected") {
  const std::vector<std::string> paths = language_test::scenarios_in("tests/language/broken");
  CHECK(paths.size() > 30);
  for (const std::string& path : paths) {
    CAPTURE(path);
    language::Sources sources(language_test::read_file);
    const std::string actual = language_test::problems_of(sources, path);
    CHECK(actual.find("error: ") != std::string::npos);
    const std::string expect = path.substr(0, path.size() - 3) + ".expect";
    CHECK(language_test::expected(expect, actual) == actual);
  }
}
