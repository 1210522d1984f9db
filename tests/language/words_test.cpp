// SPDX-License-Identifier: Apache-2.0
// Small parts: nearest words, exact numbers, places in a text, paths.
#include <doctest/doctest.h>

#include "scenarios/language/nearest.hpp"
#include "scenarios/language/rational.hpp"
#include "scenarios/language/source.hpp"
#include "scenarios/language/token.hpp"
#include "scenarios/language/utf8.hpp"

using language::nearest;
using language::Rational;
using language::Wide;

TEST_CASE("edits are insertions, removals, replacements and swaps") {
  CHECK(language::edit_distance("munmap", "munmap") == 0);
  CHECK(language::edit_distance("munmpa", "munmap") == 1);
  CHECK(language::edit_distance("unmap", "munmap") == 1);
  CHECK(language::edit_distance("bufx", "buf") == 1);
  CHECK(language::edit_distance("", "abc") == 3);
  CHECK(language::edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest word is meant, unless none is near") {
  const std::vector<std::string> known = {"munmap", "mmap", "madvise", "EFAULT"};
  CHECK(nearest("munmpa", known) == "munmap");
  CHECK(nearest("maddvise", known) == "madvise");
  CHECK(nearest("efault", known) == "EFAULT");
  CHECK(nearest("fork", known) == std::nullopt);
  CHECK(nearest("m", known) == std::nullopt);
  CHECK(nearest("", known) == std::nullopt);
  CHECK(nearest("xx", {"ab", "cd"}) == std::nullopt);
  CHECK(nearest("uss", {"ns", "us"}) == "us");
}

TEST_CASE("the first of two equally near words is meant") {
  CHECK(nearest("r2", {"r0", "r1"}) == "r0");
}

TEST_CASE("fractions are exact and in lowest terms") {
  CHECK(Rational::of(6, -4) == Rational::of(-3, 2));
  CHECK(Rational::add(*Rational::of(1, 3), *Rational::of(1, 6)) == Rational::of(1, 2));
  CHECK(Rational::subtract(1, *Rational::of(1, 3)) == Rational::of(2, 3));
  CHECK(Rational::multiply(*Rational::of(2, 3), *Rational::of(3, 2)) == Rational(1));
  CHECK(Rational::divide(1, 3) == Rational::of(1, 3));
  CHECK(*Rational::of(1, 3) < *Rational::of(1, 2));
  CHECK(Rational::of(-7, 2)->round_down() == -4);
}

TEST_CASE("what does not fit is not a number") {
  const Wide big = (Wide{1} << 64) - 1;
  const Rational largest = *Rational::of(big, 1);
  CHECK(largest.to_uint64() == UINT64_MAX);
  CHECK(largest.to_int64() == std::nullopt);
  CHECK(Rational::of(big + 1, 1) == std::nullopt);
  CHECK(Rational::add(largest, 1) == std::nullopt);
  CHECK(Rational::multiply(largest, largest) == std::nullopt);
  CHECK(Rational::multiply(largest, *Rational::of(1, 3)) == Rational::of(big / 3, 1));
  CHECK(Rational::divide(1, 0) == std::nullopt);
  CHECK(Rational::of(1, 2)->to_int64() == std::nullopt);
}

TEST_CASE("fractions are written as decimals where that is exact") {
  CHECK(Rational(-12).text() == "-12");
  CHECK(Rational::of(5, 4)->text() == "1.25");
  CHECK(Rational::of(-1, 8)->text() == "-0.125");
  CHECK(Rational::of(1, 3)->text() == "1/3");
}

TEST_CASE("lines and columns count from one, columns in characters") {
  language::Sources sources([](const std::string&) { return std::nullopt; });
  const language::SourceId id = sources.add("t",
                                            "a\nb\xC3\xA4"
                                            "c\n");
  const language::Source& source = sources.at(id);
  CHECK(source.position(0).line == 1);
  CHECK(source.position(2).line == 2);
  CHECK(source.position(5).column == 3);
  CHECK(source.position(7).line == 3);
  CHECK(source.line_text(2) ==
        "b\xC3\xA4"
        "c");
  CHECK(source.line_text(3) == "");
}

TEST_CASE("paths are relative to the importing file") {
  CHECK(language::resolve_path("a/b.sd", "c.sd") == "a/c.sd");
  CHECK(language::resolve_path("a/b.sd", "../c.sd") == "c.sd");
  CHECK(language::resolve_path("b.sd", "../c.sd") == "../c.sd");
  CHECK(language::resolve_path("a/b.sd", "./x//y/../c.sd") == "a/x/c.sd");
  CHECK(language::resolve_path("/a/b.sd", "../../c.sd") == "/c.sd");
  CHECK(language::resolve_path("a/b.sd", "/c.sd") == "/c.sd");
}

TEST_CASE("strings are quoted and unquoted") {
  for (const char* text : {"plain", "with \"quotes\"", "back\\slash", "tab\tand\nline", ""}) {
    CHECK(language::unquote(language::quote(text)) == text);
  }
}

TEST_CASE("text is told from other bytes") {
  CHECK(language::valid_character_length("a") == 1);
  CHECK(language::valid_character_length("\xE2\x82\xAC") == 3);
  CHECK(language::valid_character_length("\xF0\x9F\x98\x80") == 4);
  CHECK(language::valid_character_length("\xC0\xAF") == 0);          // Longer than needed.
  CHECK(language::valid_character_length("\xED\xA0\x80") == 0);      // A surrogate.
  CHECK(language::valid_character_length("\xF4\x90\x80\x80") == 0);  // Above the last.
  CHECK(language::valid_character_length("\xE2\x82") == 0);          // Cut.
  CHECK(language::printable("a\xFF\tb\x01") == "a?\tb?");
}
