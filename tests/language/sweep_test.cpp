// SPDX-License-Identifier: Apache-2.0
// Params that take several values: what each of them decides, and what is
// checked for all.
#include <doctest/doctest.h>

#include "scenarios/language/evaluate.hpp"
#include "tests/language/support.hpp"

using language::Dimension;
using language::Rational;
using language_test::checked;
using language_test::problems_in;

namespace {

const std::string two_hosts = "host A { device rnic0: rnic }\nhost B { device rnic0: rnic }\n";

std::vector<std::string> values_of(const std::string& text) {
  const language::Checked script = checked(text);
  std::vector<std::string> texts;
  for (const language::Value& value : script.params.at(0).values) texts.push_back(value.text());
  return texts;
}

}  // namespace

TEST_CASE("the values of a range are written with its unit") {
  using Texts = std::vector<std::string>;
  CHECK(values_of("param t in 1us..3us step 1us\n") == Texts{"1us", "2us", "3us"});
  CHECK(values_of("param t in 0..1us step 500ns\n") == Texts{"0ns", "500ns", "1000ns"});
  CHECK(values_of("param s in 50%..100% step 25%\n") == Texts{"50%", "75%", "100%"});
  CHECK(values_of("param p in 1 pages..3 pages step 2 pages\n") == Texts{"1 pages", "3 pages"});
  CHECK(values_of("param n in 1..2 step 0.5\n") == Texts{"1", "1.5", "2"});
}

TEST_CASE("a range that begins with 0 is of the kind of its end") {
  const language::Checked script = checked("param t in 0..2us step 1us\n");
  const auto first = language::amount_in(script.params.at(0).values.at(2), Dimension::time);
  CHECK(first == Rational(2000));
  CHECK(problems_in(two_hosts + "param t in 0..2us step 1us\nlink A.rnic0 <-> "
                                "B.rnic0 { latency t }\n") == "");
}

TEST_CASE("what a swept param decides is in no table") {
  const language::Checked script =
      checked(two_hosts +
              "param n in [2, 4]\nprocess app on A { region a: anon n pages; region b: "
              "anon 8 pages }\n"
              "process peer on B\ninit {\n  app: whole := reg_mr(A.rnic0, a, odp)\n"
              "  app: part := reg_mr(A.rnic0, b[n..n + 1], odp)\n"
              "  app: fixed := reg_mr(A.rnic0, b[6..7], odp)\n  app: h := export(b)\n"
              "  peer: x := attach(h)\n}\n");
  CHECK(script.regions.at(0).pages == std::nullopt);
  CHECK(script.regions.at(1).pages == 8U);
  CHECK(script.variables.at(0).pages == std::nullopt);
  CHECK(script.variables.at(1).pages == std::nullopt);
  CHECK(script.variables.at(1).first != nullptr);
  CHECK(script.variables.at(2).first_page == 6U);
  CHECK(script.variables.at(2).pages == 2U);
  CHECK(script.variables.at(4).pages == 8U);
}

TEST_CASE("indices are bounded by what each value makes of the region") {
  const std::string regions =
      two_hosts + "param n in [2, 4]\nprocess app on A { region a: anon n pages }\n";
  CHECK(problems_in(regions + "thread app.t { munmap(a[n - 2..n - 1]) }\n") == "");
  CHECK(problems_in(regions + "thread app.t { munmap(a[2]) }\n")
            .find("page 2 is beyond the last one, 1") != std::string::npos);
}

TEST_CASE("what init defines is known before init") {
  const std::string text = two_hosts +
                           "process app on A { region a: anon 4 pages }\nprocess peer on B\n"
                           "timeline { peer: x := attach(h); peer: rdma_read(x[4]) }\n"
                           "init { app: h := export(a) }\n";
  CHECK(problems_in(text).find("page 4 is beyond the last one, 3") != std::string::npos);
}
