// SPDX-License-Identifier: Apache-2.0
#include "cli/words.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "cli/demonstration.hpp"
#include "cli/names.hpp"
#include "model/notifier/interval.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::program;
using cli::testing::Said;

TEST_CASE("each list has words, and each word can be explained") {
  for (const std::string_view list : cli::word_lists()) {
    const Said said = program({"list", std::string(list)});
    CHECK(said.status == 0);
    CHECK_FALSE(said.out.empty());
    CHECK_FALSE(cli::noun_of(list).empty());
  }
  for (const cli::Word& word : cli::all_words()) {
    CHECK_MESSAGE(program({"explain", word.name}).status == 0, word.name);
  }
}

TEST_CASE("lists keep to 80 columns") {
  for (const std::string_view list : cli::word_lists()) {
    CHECK(cli::testing::wide_lines(program({"list", std::string(list)}).out).empty());
  }
}

TEST_CASE("the names of an explanation's settings are those of the policy") {
  const Said said = program({"explain", "interval_notifier"});
  CHECK(contains(said.out, "wait_inflight"));
}

TEST_CASE("steps can be listed by the beginning of their names") {
  const Said said = program({"list", "steps", "munmap."});
  CHECK(contains(said.out, "munmap.unmap\n"));
  CHECK_FALSE(contains(said.out, "mprotect"));
}

TEST_CASE("an unknown word is refused with the nearest one") {
  const Said said = program({"explain", "munmpa"});
  CHECK(said.status == 2);
  CHECK(said.out == "");
  CHECK(said.err == "shootdown: nothing is known of 'munmpa'; did you mean 'munmap'?\n");
  CHECK(program({"list", "polcies"}).err ==
        "shootdown: there is no list of 'polcies'; did you mean 'policies'?\n");
}

TEST_CASE("an explanation of a call shows the notifications that it causes, in their order") {
  const auto shown = cli::demonstrations_of("munmap", cli::Verbosity::normal);
  REQUIRE(shown.size() == 1);
  const auto place = [&](std::string_view what) {
    return std::ranges::find_if(shown.front().lines,
                                [&](const std::string& line) { return line.starts_with(what); });
  };
  CHECK(place("range_start") < place("pte_cleared"));
  CHECK(place("pte_cleared") < place("frame_freed"));
  CHECK(place("frame_freed") != shown.front().lines.end());
}

TEST_CASE("notifier events are named as the kernel names them") {
  using model::NotifierEvent;
  CHECK(cli::notifier_event_name(static_cast<std::uint32_t>(NotifierEvent::unmap)) == "UNMAP");
  CHECK(cli::notifier_event_name(static_cast<std::uint32_t>(NotifierEvent::exclusive)) ==
        "EXCLUSIVE");
  CHECK(static_cast<std::uint32_t>(NotifierEvent::exclusive) + 1 == cli::notifier_event_count);
}

TEST_CASE("pages have the names that the scenario gives them") {
  const cli::Scenario scenario = cli::testing::race(model::NonePolicy{});
  const model::Setup& setup = *scenario.loaded.cells.front().setup;
  const cli::Names names(setup);
  const model::MmId app{0};
  const auto pages = [](std::uint32_t first, std::uint32_t count) {
    return model::PageRange{.first = model::Page{first}, .count = count};
  };
  CHECK(names.pages(app, pages(16, 2)) == "buf");
  CHECK(names.pages(app, pages(17, 1)) == "buf[1]");
  CHECK(names.pages(app, pages(0, 0xffffffff)) == "all pages");
  CHECK(names.pages(app, pages(40, 2)) == "pages 0x28..0x29");
}

TEST_CASE("results have the names of errno and of signals") {
  const cli::Scenario scenario = cli::testing::race(model::NonePolicy{});
  const cli::Names names(*scenario.loaded.cells.front().setup);
  CHECK(names.result(model::Result::error(EFAULT), {}) == "-EFAULT");
  CHECK(names.result(model::Result::signal(SIGBUS), {}) == "SIGBUS");
  CHECK(names.result(model::Result::value(0xbeef), {}) == "0xbeef");
  CHECK(names.result(model::Result::value(7), {}) == "7");
  CHECK(names.call(model::LineId{3}) == "dma_write(mr[1], 0xbeef)");
  CHECK(names.expected(model::LineId{3}) == "0 | -EFAULT");
}

}  // namespace

TEST_CASE("an operation says what its kernel does, and kernels differ") {
  const Said newest = program({"explain", "munmap_part"});
  CHECK(newest.status == 0);
  CHECK(contains(newest.out,
                 "munmap(m[0..1])\n      unmap_vmas()\n"
                 "        range_start          UNMAP m[0..1], "));
  CHECK(contains(newest.out, "range_start          mmu_notifier_invalidate_range_start() is"));
  CHECK(contains(newest.out, "In Linux 7.3"));
  const Said oldest = program({"explain", "munmap_part", "--kernel", "6.1"});
  CHECK(contains(oldest.out, "In Linux 6.1"));
  CHECK(newest.out != oldest.out);
}

TEST_CASE("a call shows some operations that make it") {
  const Said said = program({"explain", "mlock"});
  CHECK(contains(said.out, "mlock [0,8) (populate)"));
}

TEST_CASE("operations are explained by a kernel that is known") {
  const Said said = program({"explain", "munmap_part", "--kernel", "5.0"});
  CHECK(said.status == 2);
  CHECK(said.err == "shootdown: '5.0' is not a kernel known here; see 'list kernels'\n");
}
