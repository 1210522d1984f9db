// SPDX-License-Identifier: Apache-2.0
// What a scenario of a kernel's operation becomes: files, places, windows, steps and calls.
#include <doctest/doctest.h>

#include <algorithm>

#include "scenarios/language/call_words.hpp"
#include "scenarios/language/lower.hpp"
#include "scenarios/language/model_words.hpp"
#include "tests/language/support.hpp"

namespace {

using language::ParameterKind;
using language::Role;
using model::Verb;

const char* const machine = R"(
host A { cpus 2; numa 2; swap 1M }
file f on A: memfd 8 pages
file g on A: disk 4 pages hole
file h on A: hugetlbfs 512 pages
process p on A {
    region m: anon 8 pages rw at 0x40000000
    region n: anon 8 pages rwx
    region t: anon 8 pages lazy at 0x7f0000000000
    region s: file f 4 pages rx shared offset 2 pages at 0x50000000
    region l: file f 4 pages ro lazy offset 1 page at 0x60000000
    region b: hugetlb 512 pages thp at 0x80000000
    region c: file h 512 pages rw growsdown at 0x90000000
}
process child on A
process other on A
window m[0..7] every 4, t[2..3] with child, other
)";

struct Lowered {
  explicit Lowered(const std::string& blocks)
      : text(machine + blocks),
        sources([this](const std::string&) { return std::optional(text); }),
        loaded(language::load(sources, "t.sd", {})) {
    CHECK(language::render(sources, loaded.problems) == "");
  }
  const language::Cell& cell() const { return loaded.cells.at(0); }
  const model::Setup& setup() const { return *cell().setup; }
  const model::Call& call(std::size_t line) const { return setup().lines.at(line).call; }

  std::string text;
  language::Sources sources;
  language::Loaded loaded;
};

model::PageRange pages(std::uint32_t first, std::uint32_t count) {
  return {.first = model::Page{first}, .count = count};
}

model::Call one_call(const std::string& call) {
  return Lowered("init {\n    p: fork(child)\n    " + call + "\n}\n").call(1);
}

}  // namespace

TEST_CASE("a region lies where it says, and otherwise behind the one before it") {
  const Lowered it("");
  const auto& regions = it.setup().regions;
  CHECK(regions[0].pages == pages(0x40000, 8));
  CHECK(regions[1].pages == pages(0x40009, 8));
  CHECK(regions[2].pages == pages(0xf0000000, 8));
  CHECK(regions[1].exec);
  CHECK(regions[2].lazy);
}

TEST_CASE("a region may be of a file, from some page of it on") {
  const Lowered it("");
  const model::RegionSetup& region = it.setup().regions[3];
  CHECK(region.file == model::FileId{0});
  CHECK(region.offset == 2);
  CHECK(region.shared);
  CHECK(region.exec);
  CHECK_FALSE(region.write);
  CHECK_FALSE(region.hugetlb);
  CHECK(it.setup().regions[5].hugetlb);
  CHECK(it.setup().regions[5].huge);
  CHECK(it.setup().regions[6].hugetlb);
  CHECK(it.setup().regions[6].grows_down);
}

TEST_CASE("files have a kind, a size and a page cache") {
  const Lowered it("");
  const auto& files = it.setup().files;
  REQUIRE(files.size() == 3);
  CHECK(files[0].kind == model::FileSetup::Kind::memfd);
  CHECK(files[0].cached);
  CHECK(files[1].kind == model::FileSetup::Kind::disk);
  CHECK(files[1].pages == 4);
  CHECK_FALSE(files[1].cached);
  CHECK(files[2].kind == model::FileSetup::Kind::hugetlbfs);
  CHECK(it.setup().hosts[0].nodes == 2);
}

TEST_CASE("a window has a stride for each mapping, and names who else is seen") {
  const Lowered it("");
  const auto& windows = it.setup().windows;
  REQUIRE(windows.size() == 2);
  CHECK(windows[0].first == model::Page{0x40000});
  CHECK(windows[0].count == 2);
  CHECK(windows[0].stride == 4);
  CHECK(windows[1].first == model::Page{0xf0000002});
  CHECK(windows[1].count == 2);
  CHECK(it.cell().also_seen == std::vector{model::MmId{1}, model::MmId{2}});
}

TEST_CASE("a statement outside of a step is a step of its own") {
  const Lowered it(R"(
timeline {
    p: munmap(m[0])
    step "two" {
        p: munmap(m[1])
        p: munmap(m[2])
    }
    step "none" {}
    p: munmap(m[3])
    step { p: munmap(m[4]) }
}
)");
  const auto& steps = it.cell().steps;
  REQUIRE(steps.size() == 5);
  CHECK(steps[0].text == "");
  CHECK(steps[0].lines == std::vector{model::LineId{0}});
  CHECK(steps[1].text == "two");
  CHECK(steps[1].lines == std::vector{model::LineId{1}, model::LineId{2}});
  CHECK(steps[2].text == "none");
  CHECK(steps[2].lines.empty());
  CHECK(steps[3].lines == std::vector{model::LineId{3}});
  CHECK(steps[4].lines == std::vector{model::LineId{4}});
}

TEST_CASE("mmap says how, or leaves it to the region") {
  CHECK(one_call("p: mmap(t)").number == model::protection::as_declared);
  const model::Call call = one_call("p: mmap(t[1..2], PROT_READ|PROT_EXEC, MAP_FIXED|MAP_SHARED)");
  CHECK(call.pages == pages(0xf0000001, 2));
  CHECK(call.number == (model::protection::read | model::protection::exec));
  CHECK(call.flags == (model::map_flag::fixed | model::map_flag::shared));
  CHECK_FALSE(call.file.some());
}

TEST_CASE("mmap in a region of a file maps its pages, unless it says not to") {
  const model::Call call = one_call("p: mmap(l[1..2], PROT_READ)");
  CHECK(call.file == model::FileId{0});
  CHECK(call.offset == 2);
  CHECK_FALSE(one_call("p: mmap(l, PROT_READ, MAP_ANONYMOUS|MAP_PRIVATE)").file.some());
}

TEST_CASE("mremap has two ranges, and the old one may be of size 0") {
  const model::Call moved = one_call("p: mremap(m[0..3], t[0..5], MREMAP_MAYMOVE|MREMAP_FIXED)");
  CHECK(moved.pages == pages(0x40000, 4));
  CHECK(moved.second == pages(0xf0000000, 6));
  CHECK(moved.flags == (model::remap_flag::maymove | model::remap_flag::fixed));
  const model::Call twice = one_call("p: mremap(s[0], 0, t[4..7], MREMAP_MAYMOVE)");
  CHECK(twice.pages == pages(0x50000, 0));
  CHECK(twice.second == pages(0xf0000004, 4));
}

TEST_CASE("what is done to another process names it, or its pages") {
  const model::Call written = one_call("other: process_vm_writev(p, m[2], 5)");
  CHECK(written.mm == model::MmId{2});
  CHECK(written.peer == model::MmId{0});
  CHECK(written.number == 5);
  CHECK(one_call("other: uffd_copy(m[0], 1)").mm == model::MmId{0});
  CHECK(one_call("child: uffd_copy(m[0], 1)").mm == model::MmId{1});
  CHECK(one_call("A.kernel: lru_gen_aging(p)").mm == model::MmId{0});
  CHECK(one_call("A.kernel: split_huge_pages(m)").mm == model::MmId{0});
  CHECK(one_call("p: process_mrelease(child)").mm == model::MmId{1});
  CHECK(one_call("p: process_madvise(other, m, MADV_COLD)").peer == model::MmId{2});
}

TEST_CASE("numbers of a call go where it wants them") {
  const model::Call cut = one_call("p: ftruncate(f, 4, 100)");
  CHECK(cut.file == model::FileId{0});
  CHECK(cut.offset == 4);
  CHECK(cut.number == 100);
  const model::Call hole = one_call("p: fallocate(f, FALLOC_FL_PUNCH_HOLE, 2, 3)");
  CHECK(hole.offset == 2);
  CHECK(hole.number == 3);
  const model::Call moved = one_call("p: migrate_pages(p, 1, 0)");
  CHECK(moved.number == 1);
  CHECK(moved.flags == 0);
  const model::Call bound = one_call("p: mbind(m, MPOL_BIND, 1, MPOL_MF_MOVE)");
  CHECK(bound.number == 1);
  CHECK(bound.flags == 1);
  CHECK(one_call("p: uffd_writeprotect(m, on)").number == 1);
  CHECK(one_call("p: uffd_writeprotect(m, off)").number == 0);
  CHECK(one_call("p: msync(m, MS_SYNC)").flags == 1);
  CHECK(one_call("p: hmm_range_fault(m, HMM_PFN_REQ_WRITE)").flags ==
        (model::hmm_flag::fault | model::hmm_flag::write));
  CHECK(one_call("p: migrate_vma(m, pgmap_owner)").flags == model::migrate_flag::owner);
  CHECK(one_call("p: make_device_exclusive(m, pgmap_owner)").flags == 1);
}

TEST_CASE("each call is a verb of the model, and each word among its arguments means something") {
  for (const language::CallRow& row : language::full_vocabulary().calls) {
    CAPTURE(row.name);
    const auto verb = language::verb_of(row.name);
    REQUIRE(verb);
    for (const language::Form& form : row.forms) {
      for (const language::Parameter& parameter : form.parameters) {
        if (parameter.role == Role::nothing) continue;
        std::size_t zero = 0;
        for (const std::string& word : parameter.words) {
          CAPTURE(word);
          const bool none = language::value_of_word(*verb, word) == 0;
          if (none) ++zero;
        }
        CHECK(zero <= 1);
      }
    }
  }
}

TEST_CASE("a region that does not say where it lies may meet another") {
  const std::string text =
      std::string("host A {}\nprocess p on A {\n") + "    region a: anon 4 pages at 0x10000\n" +
      "    region b: anon 4 pages at 0xb000\n" + "    region c: anon 4 pages\n}\n";
  language::Sources sources([&](const std::string&) { return std::optional(text); });
  const language::Loaded loaded = language::load(sources, "t.sd", {});
  CHECK(language::render(sources, loaded.problems).find("region 'c' lies where 'a' is") !=
        std::string::npos);
}
