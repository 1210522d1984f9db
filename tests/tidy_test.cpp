// SPDX-License-Identifier: Apache-2.0
// Holds the sources to CONTRIBUTING.md. Each check runs over the whole tree, and is shown an
// example that it must catch and one that it must let pass.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/tidy/checks.hpp"

namespace {

using tidy::File;
using tidy::Findings;
using tidy::Tree;

const Tree& tree() {
  static const Tree read = tidy::read_tree();
  return read;
}

void report(const Findings& findings) {
  for (const tidy::Finding& finding : findings) {
    FAIL_CHECK(finding.path << ":" << finding.line << ": " << finding.message);
  }
}

void report_each(Findings (*check)(const File&)) {
  REQUIRE_FALSE(tree().empty());
  for (const File& file : tree()) report(check(file));
}

// The lines in which `check` finds something.
std::vector<std::size_t> lines(Findings (*check)(const File&), const File& file) {
  std::vector<std::size_t> numbers;
  for (const tidy::Finding& finding : check(file)) numbers.push_back(finding.line);
  return numbers;
}

using Lines = std::vector<std::size_t>;

}  // namespace

TEST_CASE("the tree is read from the root of the repository") {
  const auto here = [](std::string_view path) {
    return std::ranges::any_of(tree(), [&](const File& file) { return file.path == path; });
  };
  CHECK(here("CMakeLists.txt"));
  CHECK(here("tests/tidy_test.cpp"));
  CHECK(here(".clang-tidy"));
}

TEST_CASE("arrows between folders point down only") { report_each(tidy::layering); }

TEST_CASE("layering catches an arrow that points up") {
  using tidy::layering;
  CHECK(lines(layering, {"sim/a.hpp", "#include \"model/memory/frame.hpp\"\n"}) == Lines{1});
  CHECK(lines(layering, {"model/world.cpp", "\n#include \"cli/run.hpp\"\n"}) == Lines{2});
  CHECK(lines(layering, {"model/memory/a.hpp", "#include \"model/flow/b.hpp\"\n"}) == Lines{1});
  CHECK(lines(layering, {"scenarios/language/a.cpp", "#include \"tests/b.hpp\"\n"}) == Lines{1});
  CHECK(lines(layering, {"cli/a.cpp", "#include \"neighbour.hpp\"\n"}) == Lines{1});
}

TEST_CASE("layering catches a policy that looks past its driver, also in its source") {
  const std::string machine = "#include \"model/machine.hpp\"\n";
  CHECK(lines(tidy::layering, {"model/policy/a.cpp", machine}) == Lines{1});
  CHECK(tidy::layering({"model/notifier/a.cpp", machine}).empty());
}

TEST_CASE("layering catches a file that no row of the table describes") {
  CHECK(lines(tidy::layering, {"model/extra/a.hpp", ""}) == Lines{0});
  CHECK(lines(tidy::layering, {"helper/a.cpp", ""}) == Lines{0});
}

TEST_CASE("layering lets pass what points down, and a source that uses all of its library") {
  using tidy::layering;
  CHECK(layering({"model/flow/a.hpp", "#include \"model/memory/b.hpp\"\n"}).empty());
  CHECK(layering({"model/memory/a.cpp", "#include \"model/world.hpp\"\n"}).empty());
  CHECK(layering({"sim/a.hpp", "#include <model/flow/b.hpp>\n"}).empty());
  CHECK(layering({"sim/a.hpp", "// #include \"model/flow/b.hpp\"\n"}).empty());
  CHECK(layering({"tests/sim/a.cpp", "#include \"cli/b.hpp\"\n"}).empty());
}

TEST_CASE("no folder uses what it must do without") { report_each(tidy::bans); }

TEST_CASE("bans catch a header, a word, and both only in their folders") {
  using tidy::bans;
  CHECK(lines(bans, {"sim/a.hpp", "#include <random>\n"}) == Lines{1});
  CHECK(lines(bans, {"model/a.cpp", "int a;\n#include <unordered_map>\n"}) == Lines{2});
  CHECK(lines(bans, {"scenarios/language/a.cpp", "#include <CLI/CLI.hpp>\n"}) == Lines{1});
  CHECK(lines(bans, {"model/a.cpp", "if (odd) throw 1;\n"}) == Lines{1});
  CHECK(lines(bans, {"cli/a.cpp", "int a = rand();\n"}) == Lines{1});
  CHECK(lines(bans, {"model/a.cpp", "auto a = std::time(nullptr);\n"}) == Lines{1});
  CHECK(lines(bans, {"sim/a.cpp", "double share;\n"}) == Lines{1});
  CHECK(bans({"cli/a.cpp", "#include <chrono>\nthrow 1; getenv(name);\n"}).empty());
  CHECK(bans({"tests/a.cpp", "#include <doctest/doctest.h>\n"}).empty());
}

TEST_CASE("bans are about code, not about comments, texts and longer words") {
  using tidy::bans;
  CHECK(bans({"sim/a.cpp", "// We never throw.\n/* rand() */ log(\"throw\");\n"}).empty());
  CHECK(bans({"sim/a.cpp", "auto a = R\"x(throw)x\"; int b = 1'000;\n"}).empty());
  CHECK(bans({"model/a.cpp", "Nanoseconds time() const; int operand; world.time();\n"}).empty());
  CHECK(lines(bans, {"sim/a.cpp", "auto a = R\"x(\n)x\"; throw 1;\n"}) == Lines{2});
  CHECK(lines(bans, {"sim/a.cpp", "char a = '\"'; throw 1; // '\n"}) == Lines{1});
}

TEST_CASE("each file names its licence first") { report_each(tidy::licence); }

TEST_CASE("licence catches a file without, with another, and with a late one") {
  using tidy::licence;
  const std::string tag = "SPDX-License-Identifier: ";
  CHECK(licence({"sim/a.hpp", "#pragma once\n"}).size() == 1);
  CHECK(licence({"sim/a.hpp", ""}).size() == 1);
  CHECK(licence({"sim/a.hpp", "// " + tag + "GPL-2.0-only\n"}).size() == 1);
  CHECK(licence({"a.sd", "scenario \"a\"\n// " + tag + "Apache-2.0\n"}).size() == 1);
  CHECK(licence({"a.sd", "// " + tag + "Apache-2.0\n"}).empty());
  CHECK(licence({"run", "#!/bin/sh\n# " + tag + "Apache-2.0\n"}).empty());
  CHECK(licence({"record/module.c", "// " + tag + "GPL-2.0-only\n"}).empty());
}

TEST_CASE("no line is wider than 100 columns") { report_each(tidy::columns); }

TEST_CASE("columns catches one column too many, and counts characters, not bytes") {
  CHECK(lines(tidy::columns, {"a.cpp", "\n" + std::string(101, 'x') + "\n"}) == Lines{2});
  CHECK(tidy::columns({"a.cpp", std::string(100, 'x') + "\n"}).empty());
  CHECK(tidy::columns({"a.sd", "\u00b5" + std::string(99, 'x')}).empty());
}

TEST_CASE("no file is longer than 500 lines") { report_each(tidy::length); }

TEST_CASE("length catches one line too many") {
  CHECK(tidy::length({"a.cpp", std::string(501, '\n')}).size() == 1);
  CHECK(tidy::length({"a.cpp", std::string(500, '\n')}).empty());
}

TEST_CASE("headers are included once and open no namespace") { report_each(tidy::header_form); }

TEST_CASE("header_form catches a missing guard and an opened namespace") {
  using tidy::header_form;
  CHECK(lines(header_form, {"a.hpp", "// Text.\n"}) == Lines{0});
  CHECK(lines(header_form, {"a.hpp", "\n#pragma once\nusing namespace std;\n"}) == Lines{3});
  CHECK(header_form({"a.hpp", "\n#pragma once\n// using namespace std;\n"}).empty());
  CHECK(header_form({"a.cpp", "using namespace std;\n"}).empty());
}

TEST_CASE("the folder is the namespace") { report_each(tidy::own_namespace); }

TEST_CASE("own_namespace catches a file in another namespace") {
  using tidy::own_namespace;
  CHECK(own_namespace({"sim/a.hpp", "namespace model {}\n"}).size() == 1);
  CHECK(own_namespace({"scenarios/language/a.cpp", "// namespace language\n"}).size() == 1);
  CHECK(own_namespace({"model/flow/a.hpp", "namespace model {}\n"}).empty());
  CHECK(own_namespace({"cli/main.cpp", "int main() {}\n"}).empty());
}

TEST_CASE("nothing says that it is unfinished") { report_each(tidy::unfinished); }

TEST_CASE("unfinished catches the usual words") {
  const std::string word = std::string("TO") + "DO";
  CHECK(lines(tidy::unfinished, {"a.md", "\n" + word + ": write\n"}) == Lines{2});
  CHECK(lines(tidy::unfinished, {"a.cpp", std::string("// XX") + "X\n"}) == Lines{1});
  CHECK(tidy::unfinished({"a.cpp", word + "S and mastodon\n"}).empty());
}

TEST_CASE("nothing names a path of one machine") { report_each(tidy::host_paths); }

TEST_CASE("host_paths catches a home folder and lets pass what lies in the repository") {
  const std::string home = std::string("/ho") + "me/";
  CHECK(lines(tidy::host_paths, {"a.md", "see " + home + "someone/file\n"}) == Lines{1});
  CHECK(lines(tidy::host_paths, {"a.cpp", "open(\"" + home + "x\");\n"}) == Lines{1});
  CHECK(tidy::host_paths({"a.cpp", "open(\"docs" + home + "x\"); // read/write\n"}).empty());
}

TEST_CASE("each policy and flow is listed") { report(tidy::unlisted(tree())); }

TEST_CASE("each policy has a page") { report(tidy::undocumented(tree())); }

TEST_CASE("unlisted and undocumented catch what was added only half") {
  const std::string named = "struct A {\n  static constexpr std::string_view name = \"a\";\n};\n";
  Tree half = {{"model/policy/all.hpp", "#include \"model/policy/pin.hpp\"\n"},
               {"model/policy/driver.hpp", "class Driver;\n"},
               {"model/policy/pin.hpp", named},
               {"model/policy/retry.hpp", named},
               {"model/flow/munmap.hpp", named},
               {"docs/policies/retry.md", "Text.\n"}};
  const Findings not_listed = tidy::unlisted(half);
  REQUIRE(not_listed.size() == 2);
  CHECK(not_listed[0].path == "model/policy/retry.hpp");
  CHECK(not_listed[1].path == "model/flow/munmap.hpp");
  const Findings without_page = tidy::undocumented(half);
  REQUIRE(without_page.size() == 1);
  CHECK(without_page[0].path == "model/policy/pin.hpp");
}

TEST_CASE("each link in the documentation leads somewhere") { report(tidy::broken_links(tree())); }

TEST_CASE("broken_links catches a link to a file that is not there") {
  Tree docs = {{"docs/a.md", "[b](b.md) [c](../sim/c.hpp#top) [d](d.md)\n[e](https://e.org)\n"},
               {"docs/b.md", "[folder](../sim) [part](#part) [up](../../docs)\n"},
               {"sim/c.hpp", ""}};
  const Findings findings = tidy::broken_links(docs);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0] == tidy::Finding{"docs/a.md", 1, "leads nowhere: d.md"});
}
