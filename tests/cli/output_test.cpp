// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <doctest/doctest.h>

#include "cli/junit.hpp"
#include "cli/layout.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::Output;
using cli::testing::Folder;

TEST_CASE("a file is the old one until all is written") {
  const Folder folder;
  const std::string path = folder.write("result", "old");
  Output out(stdout);
  REQUIRE(out.redirect(path));
  out.write("new");
  CHECK(cli::read_file(path) == "old");
  CHECK(out.commit());
  CHECK(cli::read_file(path) == "new");
  CHECK(folder.files() == std::vector<std::string>{"result"});
}

TEST_CASE("a file that was not committed leaves nothing behind") {
  const Folder folder;
  {
    Output out(stdout);
    REQUIRE(out.redirect(folder.path("result")));
    out.write("half");
  }
  CHECK(folder.files().empty());
}

TEST_CASE("a link to a file stays a link, and the file keeps its permissions") {
  const Folder folder;
  const std::string path = folder.write("result", "old");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::filesystem::create_symlink(path, folder.path("link"));
  Output out(stdout);
  REQUIRE(out.redirect(folder.path("link")));
  out.write("new");
  CHECK(out.commit());
  CHECK(std::filesystem::is_symlink(folder.path("link")));
  CHECK(cli::read_file(path) == "new");
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms::owner_all);
}

TEST_CASE("a file that cannot be written is noticed") {
  const Folder folder;
  Output out(stdout);
  CHECK_FALSE(out.redirect(folder.path("no such folder/result")));
  Output full(stdout);
  REQUIRE(full.redirect("/dev/full"));
  full.write("more than fits");
  CHECK_FALSE(full.commit());
}

TEST_CASE("text is coloured only when it is asked for") {
  std::string text;
  Output out(text);
  CHECK(out.styled(cli::Style::bad, "FAIL") == "FAIL");
  out.set_colour(cli::Colour::always);
  CHECK(out.styled(cli::Style::bad, "FAIL") == "\x1b[1;31mFAIL\x1b[0m");
}

TEST_CASE("flowing text keeps to 80 columns and to its words") {
  const std::string text =
      cli::flowed("  word: ", std::string(50, 'a') + " " + std::string(50, 'b'), 4);
  CHECK(text == "  word: " + std::string(50, 'a') + "\n    " + std::string(50, 'b') + "\n");
  CHECK(cli::flowed("x ", "", 4) == "x\n");
}

TEST_CASE("a separator that is no space stays at the end of its line") {
  const std::string text = cli::flowed("{", {std::string(60, 'a'), std::string(60, 'b')}, "; ", 1);
  CHECK(text == "{" + std::string(60, 'a') + ";\n " + std::string(60, 'b') + "\n");
}

TEST_CASE("columns count characters") {
  CHECK(cli::padded("\u00e4", 3) == "\u00e4  ");
  CHECK(cli::right_aligned("ab", 4) == "  ab");
}

TEST_CASE("JUnit XML escapes what XML cannot hold") {
  const std::vector<cli::TestResult> results{
      {.path = "a<b>.sd", .status = cli::TestStatus::failed, .details = "x && \"y\"\x01\xff\n"},
      {.path = "c.sd"}};
  CHECK(cli::junit_text(results) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="shootdown" tests="2" failures="1" skipped="0">
  <testcase classname="shootdown" name="a&lt;b&gt;.sd">
    <failure message="not as claimed">x &amp;&amp; &quot;y&quot;??
</failure>
  </testcase>
  <testcase classname="shootdown" name="c.sd"/>
</testsuite>
)");
}

}  // namespace
