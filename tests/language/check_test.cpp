// SPDX-License-Identifier: Apache-2.0
// What the checker finds out, besides problems: tables, meanings, values of params.
#include <doctest/doctest.h>

#include "scenarios/language/evaluate.hpp"
#include "tests/language/support.hpp"

using language::Dimension;
using language::Kind;
using language::Rational;
using language_test::checked;
using language_test::problems_in;

namespace {

const std::string machine_text =
    "host A { device rnic0: rnic }\nhost B { device rnic0: rnic }\n"
    "process app on A { region buf: anon 4 pages }\nprocess peer on B\n";

Rational value_of(const language::Checked& script, const std::string& let, Dimension dimension) {
  for (const language::LetInfo& info : script.lets) {
    if (info.name.text != let) continue;
    const language::Evaluated result =
        language::evaluate(script, language::samples(script).front(), info.let->value);
    CHECK(result.problem == "");
    return language::amount_in(result.value, dimension).value();
  }
  return {};
}

}  // namespace

TEST_CASE("units give times in ns, sizes in bytes and pages in pages") {
  const language::Checked script = checked(
      "let a = 1.2us\nlet b = 64M\nlet c = 16 pages\nlet d = 120% * 10\nlet e = 100Gbps\n"
      "let f = 200k/s\nlet n = 3\nlet g = n pages\nlet h = (n + 1) pages\nlet i = 2 * c\n"
      "let j = 0xffffffffffffffff\nlet k = 1ms / 1us\n");
  CHECK(value_of(script, "a", Dimension::time) == Rational(1200));
  CHECK(value_of(script, "b", Dimension::size) == Rational(64 * 1024 * 1024));
  CHECK(value_of(script, "b", Dimension::pages) == Rational(64 * 256));
  CHECK(value_of(script, "c", Dimension::pages) == Rational(16));
  CHECK(value_of(script, "c", Dimension::size) == Rational(65536));
  CHECK(value_of(script, "d", Dimension::none) == Rational(12));
  CHECK(value_of(script, "e", Dimension::bandwidth) == Rational(100'000'000'000));
  CHECK(value_of(script, "f", Dimension::rate) == Rational(200'000));
  CHECK(value_of(script, "g", Dimension::pages) == Rational(3));
  CHECK(value_of(script, "h", Dimension::pages) == Rational(4));
  CHECK(value_of(script, "i", Dimension::pages) == Rational(32));
  CHECK(value_of(script, "j", Dimension::none).to_uint64() == UINT64_MAX);
  CHECK(value_of(script, "k", Dimension::none) == Rational(1000));
}

TEST_CASE("a variable is of the kind that its call gives and covers the pages that it names") {
  const language::Checked script =
      checked(machine_text +
              "init {\n  app: mr := reg_mr(A.rnic0, buf[1..2], odp)\n"
              "  app: h := export(buf)\n  peer: qp := connect(A.rnic0)\n"
              "  peer: a := attach(h)\n}\nthread app.t { r0 := READ_ONCE(buf[0]) }\n");
  REQUIRE(script.variables.size() == 5);
  CHECK(script.variables[0].kind == Kind::mr);
  CHECK(script.variables[0].first_page == 1U);
  CHECK(script.variables[0].pages == 2U);
  CHECK(script.variables[0].device == 0U);
  CHECK(script.variables[1].kind == Kind::handle);
  CHECK(script.variables[2].kind == Kind::qp);
  CHECK(script.variables[3].kind == Kind::attachment);
  CHECK(script.variables[3].region == 0U);
  CHECK(script.variables[4].thread == 0U);
}

TEST_CASE("a bare name means what is nearest") {
  CHECK(problems_in(machine_text +
                    "process other on A { region buf: anon 1 page }\n"
                    "thread app.t { munmap(buf[3]) }\nthread other.t { munmap(buf[0]) }\n") == "");
  CHECK(problems_in(machine_text +
                    "init { app: n := READ_ONCE(buf[0]); peer: n := mpi_recv(app) }\n"
                    "thread app.t { WRITE_ONCE(buf[0], n) }\n"
                    "exists (app.n == peer.n && app.t:r == 0)\n"
                    "thread peer.t { r := mpi_recv(app) }\n")
            .find("'r' is not a register of app.t") != std::string::npos);
}

TEST_CASE("a child may use what its parent has") {
  CHECK(problems_in(machine_text + "process kid on A\ninit { app: fork(kid) }\n"
                                   "thread kid.t { READ_ONCE(buf[0]) }\n") == "");
}

TEST_CASE("indices are checked for every value of a param") {
  CHECK(problems_in(machine_text + "param n in 0..3\nthread app.t { READ_ONCE(buf[n]) }\n") == "");
  CHECK(problems_in(machine_text + "param n in 0..4\nthread app.t { READ_ONCE(buf[n]) }\n")
            .find("page 4 is beyond the last one, 3") != std::string::npos);
}

TEST_CASE("-D wins over the file") {
  const std::string text = "param n = 1 in [1, 2, 3]\nparam mode in [yes, no]\n";
  const language::Checked script = checked(text, {"n=7", "mode=no"});
  REQUIRE(script.params.size() == 2);
  CHECK(script.params[0].overridden);
  CHECK(script.params[0].values.size() == 1);
  CHECK(script.params[0].values[0].text() == "7");
  CHECK(script.params[1].values[0].text() == "no");
  CHECK(language::combinations(script).size() == 1);
  CHECK(language::combinations(checked(text)).size() == 6);
}

TEST_CASE("-D gives a value to a param that has none") {
  CHECK(problems_in("param n\n", {"n=7us"}) == "");
  CHECK(problems_in("param n\n") != "");
}

TEST_CASE("-D of what is no param, or is no value, is a problem that shows the option") {
  CHECK(problems_in("param size = 1\n", {"sise=2"}) ==
        "-D sise=2:1:1: error: 'sise' is not a param of this scenario; did you mean 'size'?\n"
        "    1 | sise=2\n"
        "      | ^~~~\n");
  CHECK(problems_in("param n = 1\n", {"n"}).find("-D n:1:1: error: -D takes name=value") == 0);
  CHECK(problems_in("param n = 1\n", {"n=("}).find("-D n:1:2: error: expected a value") == 0);
  CHECK(problems_in("param n = 1\n", {"n=[1]"}).find("a param takes words and numbers") !=
        std::string::npos);
}

TEST_CASE("--policy must name a policy, and may replace the one of the file") {
  CHECK(problems_in("policy pin_all\n", {}, "none") == "");
  CHECK(problems_in("policy pin_all\n", {}, "pin_al")
            .find("--policy:1:1: error: 'pin_al' is not a policy; did you mean 'pin_all'?") == 0);
}

TEST_CASE("a param chosen by -D may still be compared with the words of its list") {
  const std::string text = "param mode in [fast, slow]\nalways 1 == 1 if mode == fast\n";
  CHECK(problems_in(text) == "");
  CHECK(problems_in(text, {"mode=slow"}) == "");
  CHECK(problems_in("param mode in [fast, slow]\nalways 1 == 1 if mode == fasst\n")
            .find("'fasst' is not a value of param 'mode'; did you mean 'fast'?") !=
        std::string::npos);
}

TEST_CASE("a name missing because of a syntax error is not reported as well") {
  CHECK(problems_in("process app A { region buf: anon 1 page }\nalways value(app, buf[0]) == 1\n")
            .find("is not defined") == std::string::npos);
}

TEST_CASE("calls and indices within one another take no time") {
  std::string calls = "always ";
  std::string indices = "always ";
  for (int i = 0; i < 50; ++i) {
    calls += "tlb_entries(";
    indices += "buf[";
  }
  calls += "1" + std::string(50, ')') + " == 1\n";
  indices += "1" + std::string(50, ']') + " == 1\n";
  CHECK(problems_in(machine_text + calls) != "");
  CHECK(problems_in(machine_text + indices) != "");
}

TEST_CASE("lets that refer to one another take no time") {
  std::string text = "let a0 = 1\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "a" + std::to_string(i - 1);
    text += "let a" + std::to_string(i) + " = " + before + " + " + before + "\n";
  }
  CHECK(problems_in(text) != "");  // Too deep, and said so.
}
