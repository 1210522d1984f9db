// SPDX-License-Identifier: Apache-2.0
// Good scenarios stay good: those of the design, and all that the program ships.
#include <doctest/doctest.h>

#include "scenarios/language/evaluate.hpp"
#include "scenarios/language/model_words.hpp"
#include "tests/language/support.hpp"

TEST_CASE("the scenarios of the language's design have no problems") {
  const std::vector<std::string> paths = language_test::scenarios_in("tests/language/data");
  CHECK(paths.size() >= 7);
  for (const std::string& path : paths) {
    CAPTURE(path);
    language::Sources sources(language_test::read_file);
    CHECK(language_test::problems_of(sources, path) == "");
  }
}

TEST_CASE("all scenarios of the repository have no problems with the model's words") {
  for (const std::string& path : language_test::scenarios_in("scenarios")) {
    CAPTURE(path);
    language::Sources sources(language_test::read_file);
    language::Parsed parsed = language::parse(sources, path);
    CHECK(language::render(sources, parsed.problems) == "");
    const language::Checked checked =
        language::check(std::move(parsed.script), language::full_vocabulary());
    CHECK(language::render(sources, checked.problems) == "");
  }
}

TEST_CASE("a sweep is the cross product of its params") {
  language::Sources sources(language_test::read_file);
  language::Parsed parsed = language::parse(sources, "tests/language/data/3-pressure-sweep.sd");
  const language::Checked checked =
      language::check(std::move(parsed.script), language_test::small_vocabulary());
  CHECK(checked.params.size() == 4);
  CHECK(language::combinations(checked).size() == 6 * 3 * 4 * 5);
  CHECK(checked.regions.at(0).pages == 4096U);
}

TEST_CASE("a second block of a host extends the first") {
  language::Sources sources(language_test::read_file);
  language::Parsed parsed = language::parse(sources, "tests/language/data/3-pressure-sweep.sd");
  const language::Checked checked =
      language::check(std::move(parsed.script), language_test::small_vocabulary());
  REQUIRE(checked.hosts.size() == 2);
  CHECK(checked.hosts[0].blocks.size() == 2);
  CHECK(checked.hosts[1].blocks.size() == 1);
}
