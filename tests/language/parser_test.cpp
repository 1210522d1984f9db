// SPDX-License-Identifier: Apache-2.0
// The parser on texts that nobody would write on purpose.
#include <doctest/doctest.h>

#include "scenarios/language/json.hpp"
#include "tests/language/support.hpp"

using language_test::problems_in;

namespace {

std::string tree_of(const std::string& text) {
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  const language::Parsed parsed = language::parse(sources, "t.sd");
  CHECK(language::render(sources, parsed.problems) == "");
  return language::to_json(parsed.script.files.at(0));
}

std::size_t count_errors(const std::string& text) {
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  return language::parse(sources, "t.sd").problems.size();
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("an empty file is a good file") {
  CHECK(problems_in("") == "");
  CHECK(problems_in("\n\n") == "");
  CHECK(problems_in("// nothing") == "");
  CHECK(problems_in("/* nothing */") == "");
}

TEST_CASE("lines may end as in DOS") {
  CHECK(tree_of("let a = 3\r\nlet b = [1,\r\n2] // c\r\n") ==
        tree_of("let a = 3\nlet b = [1,2]\n"));
  CHECK(problems_in("let a =\r\n") ==
        "t.sd:1:8: error: expected a value, got end of line\n"
        "    1 | let a =\n"
        "      |        ^\n");
}

TEST_CASE("a byte order mark is not seen") {
  CHECK(tree_of("\xEF\xBB\xBFlet a = 3\n") == tree_of("let a = 3\n"));
}

TEST_CASE("the logic of herd and of C parse to the same tree") {
  CHECK(tree_of("always ~(a == 1 /\\ b == 2) \\/ c == 3\n") ==
        tree_of("always !(a == 1 && b == 2) || c == 3\n"));
}

TEST_CASE("operators bind as in C") {
  CHECK(tree_of("always a || b && c == d + e * f\n") !=
        tree_of("always (a || b) && c == d + e * f\n"));
  const std::string tree = tree_of("let x = 1 + 2 * 3 - 4\n");
  CHECK(tree.find("\"op\":\"-\",\"left\":{\"node\":\"binary\",\"op\":\"+\"") != std::string::npos);
}

TEST_CASE("the tree says which calls are in which step") {
  const std::string tree =
      tree_of("timeline { p: exit(); step \"two\" { p: exit(); q: exit() }; step {} }");
  const std::string wanted =
      R"("steps":[{"node":"step_block","text":"two","first":"1","count":"2"},)"
      R"({"node":"step_block","first":"3","count":"0"}])";
  CHECK(tree.find(wanted) != std::string::npos);
}

TEST_CASE("the tree has files and windows") {
  CHECK(tree_of("file f on A: memfd 2 pages hole").find(R"("node":"file")") != std::string::npos);
  CHECK(tree_of("window m every 2 with q").find(R"("node":"window_part")") != std::string::npos);
}

TEST_CASE("a comma carries a list over the end of the line") {
  CHECK(tree_of("never a,\n   b,\n\n   c\n") == tree_of("never a, b, c\n"));
}

TEST_CASE("a brace may stand on the next line") {
  CHECK(tree_of("policy p\n{\n x 1\n}\n") == tree_of("policy p { x 1 }\n"));
}

TEST_CASE("bytes that are no text are one problem each kind") {
  CHECK(count_errors(std::string("let a = 3\0\0\0\n", 13)) == 1);
  CHECK(count_errors("let a = 3 \xff\xfe\xff\n") == 1);
  CHECK(count_errors("// comment \xc3\n") == 1);
  CHECK(problems_in(std::string("let a = 3\0\n", 11)) ==
        "t.sd:1:10: error: unexpected byte 0x00\n"
        "    1 | let a = 3?\n"
        "      |          ^\n");
  CHECK(problems_in("scenario \"\xff\"\n").find("t.sd:1:11: error: the file is not valid UTF-8") ==
        0);
}

TEST_CASE("columns count characters and tabs stay tabs") {
  CHECK(problems_in("/* \xC3\xA4\xE2\x82\xAC */\tlet a = = 3\n") ==
        "t.sd:1:18: error: expected a value, got '='\n"
        "    1 | /* \xC3\xA4\xE2\x82\xAC */\tlet a = = 3\n"
        "      |         \t        ^\n");
}

TEST_CASE("what is open at the end of the file is said once") {
  CHECK(count_errors("thread a.b {") == 1);
  CHECK(count_errors("host A { device d: rnic {") == 2);
  CHECK(count_errors("always (((1") == 1);
  CHECK(count_errors("always [1, 2") == 1);
  CHECK(count_errors("thread a.b { f(x") == 2);
  CHECK(count_errors("scenario \"") == 1);
  CHECK(count_errors("/*") == 1);
}

TEST_CASE("depth is bounded and said once") {
  CHECK(count_errors("let a = " + repeated("(", 100'000)) == 1);
  CHECK(count_errors("let a = " + repeated("-", 100'000) + "1\n") == 1);
  CHECK(count_errors("let a = " + repeated("[", 100'000) + "\n") == 1);
  CHECK(count_errors("let a = " + repeated("f(", 100'000) + "\n") == 1);
  CHECK(count_errors("let a = 1" + repeated("+1", 100'000) + "\n") == 1);
  CHECK(count_errors("let a = b" + repeated("[0]", 100'000) + "\n") == 1);
  CHECK(count_errors("let a = f(1)" + repeated(".x", 100'000) + "\n") == 1);
  CHECK(count_errors("policy p " + repeated("{ a ", 10'000) + "\n") > 0);
}

TEST_CASE("one mistake does not hide the next line") {
  CHECK(count_errors("let a =\nlet b =\nlet c = 3\nhost {\n  cpus 3\n}\nlet d =\n") == 4);
}

TEST_CASE("twenty problems are shown and the rest is counted") {
  const std::string text = problems_in(repeated("never ,\n", 23));
  CHECK(text.find("t.sd:20:7: error:") != std::string::npos);
  CHECK(text.find("t.sd:21:7: error:") == std::string::npos);
  CHECK(text.ends_with("3 more errors\n"));
}

TEST_CASE("a missing main file is a problem") {
  language::Sources sources = language_test::sources_of({});
  CHECK(language_test::problems_of(sources, "no.sd").find("no.sd:1:1: error: there is no file") ==
        0);
}

TEST_CASE("an import is relative to its file and is read once") {
  language::Sources sources = language_test::sources_of({
      {"a/main.sd", "import \"b/one.sd\"\nimport \"../a/b/two.sd\"\nlet z = x + y\n"},
      {"a/b/one.sd", "import \"two.sd\"\nlet x = y\n"},
      {"a/b/two.sd", "let y = 1\n"},
  });
  CHECK(language_test::problems_of(sources, "a/main.sd") == "");
  const language::Parsed parsed = language::parse(sources, "a/main.sd");
  REQUIRE(parsed.script.files.size() == 3);
  CHECK(sources.at(parsed.script.files[0].source).path == "a/b/two.sd");
  CHECK(sources.at(parsed.script.files[2].source).path == "a/main.sd");
}

TEST_CASE("a problem of an imported file is shown there") {
  language::Sources sources =
      language_test::sources_of({{"m.sd", "import \"i.sd\"\n"}, {"i.sd", "let x =\n"}});
  CHECK(language_test::problems_of(sources, "m.sd").find("i.sd:1:8: error:") == 0);
}
