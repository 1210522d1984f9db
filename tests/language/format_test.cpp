// SPDX-License-Identifier: Apache-2.0
// The formatter: what it writes parses to the same tree and does not change any more.
#include "scenarios/language/format.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>

#include "scenarios/language/json.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

std::string formatted(const std::string& text) {
  language::Sources sources = language_test::sources_of({{"t.sd", text}});
  const language::Formatted result = language::format_file(sources, "t.sd");
  CHECK(language::render(sources, result.problems) == "");
  return result.text;
}

struct Read {
  std::string tree;
  std::string comments;  // Their words, in order.
};

Read read(const std::string& text) {
  language::Sources sources = language_test::sources_of({});
  const language::SourceId id = sources.add("t.sd", text);
  const language::ParsedFile parsed = language::parse_file(sources, id);
  CHECK(language::render(sources, parsed.problems) == "");
  Read result{.tree = language::to_json(parsed.file), .comments = ""};
  for (const language::Comment& comment : parsed.file.comments) {
    for (const char c : sources.at(id).text_of(comment.span)) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) result.comments.push_back(c);
    }
  }
  return result;
}

void check_stable(const std::string& text) {
  const std::string once = formatted(text);
  CHECK(formatted(once) == once);
  CHECK(read(once).tree == read(text).tree);
  CHECK(read(once).comments == read(text).comments);
}

}  // namespace

TEST_CASE("every good scenario keeps its tree and its comments, and is laid out once") {
  for (const char* folder : {"scenarios", "tests/language/data"}) {
    for (const std::string& path : language_test::scenarios_in(folder)) {
      CAPTURE(path);
      check_stable(language_test::read_file(path).value());
    }
  }
}

TEST_CASE("the scenarios of the repository are laid out") {
  for (const std::string& path : language_test::scenarios_in("scenarios")) {
    CAPTURE(path);
    const std::string text = language_test::read_file(path).value();
    CHECK((formatted(text) == text));
  }
}

TEST_CASE("a long line is broken where the least holds it together") {
  const std::string half = std::string(30, 'a') + "(b, c) && " + std::string(30, 'd') + " == 1";
  CHECK(formatted("ask \"" + std::string(60, 'q') + "\" exists (" + half + ")\n") ==
        "ask \"" + std::string(60, 'q') + "\" exists (\n        " + half + ")\n");
}

TEST_CASE("events stand in columns") {
  CHECK(formatted("timeline {\n"
                  "@0 owner: memset(win,7)\n"
                  "+1us r1: rdma_read( a[2] )=7|-EIO as W (faults:1,async)\n"
                  "> shootdown(h,to=B.r)\n"
                  "!> dma_write(...) after W.done within 3us\n"
                  "+0...9us owner: h:=export(win)=ok\n"
                  "}\n") ==
        "timeline {\n"
        "    @0         owner: memset(win, 7)\n"
        "    +1us       r1:    rdma_read(a[2])   = 7 | -EIO  as W  (faults: 1, async)\n"
        "               > shootdown(h, to=B.r)\n"
        "               !> dma_write(...)  after W.done within 3us\n"
        "    +0...+9us  owner: h := export(win)  = ok\n"
        "}\n");
}

TEST_CASE("steps of a timeline stay on one line if they were, and have columns of their own") {
  CHECK(formatted("timeline {\n"
                  "p: munmap(m)\n"
                  "step   \"one\"   {p:munmap(m)=0}\n"
                  "step{}\n"
                  "step \"two\" {\n"
                  "p: memset(m,1)=0  // first\n"
                  "other: exit()=0}\n"
                  "other: exit()=0\n"
                  "}\n") ==
        "timeline {\n"
        "    p:     munmap(m)\n"
        "    step \"one\" { p: munmap(m) = 0 }\n"
        "    step {}\n"
        "    step \"two\" {\n"
        "        p:     memset(m, 1)  = 0  // first\n"
        "        other: exit()        = 0\n"
        "    }\n"
        "    other: exit()  = 0\n"
        "}\n");
}

TEST_CASE("files, their regions and windows are laid out") {
  CHECK(formatted("file f on A:memfd   8 pages hole\n"
                  "file longer on A: disk 4k\n"
                  "process p on A{region m:file f 4 pages at 0x1000 rw offset 2 pages}\n"
                  "window m[0..7]  every 2,t with a,b\n") ==
        "file f on A:      memfd 8 pages hole\n"
        "file longer on A: disk 4k\n"
        "process p on A { region m: file f 4 pages rw offset 2 pages at 0x1000 }\n"
        "window m[0..7] every 2, t with a, b\n");
}

TEST_CASE("settings and claims stand in columns until a blank line") {
  CHECK(formatted("policy p {\n a 1\n longer  2\n\n b 3\n}\n"
                  "never  a,b\nexpect fail   never c\n~exists (x==1)\nexists(y) if p == q\n") ==
        "policy p {\n"
        "    a      1\n"
        "    longer 2\n"
        "\n"
        "    b 3\n"
        "}\n"
        "never a, b\n"
        "expect fail never c\n"
        "~exists (x == 1)\n"
        "exists  (y) if p == q\n");
}

TEST_CASE("what is claimed and called is quoted in the same words, however it is laid out") {
  const auto texts = [](const std::string& text) {
    language::Sources sources = language_test::sources_of({{"t.sd", text}});
    const language::Loaded loaded = language::load(sources, "t.sd", {});
    REQUIRE(loaded.cells.size() == 1);
    std::vector<std::string> found;
    for (const auto& line : loaded.cells[0].setup->lines) found.push_back(line.text);
    for (const auto& claim : loaded.cells[0].setup->claims) found.push_back(claim.text);
    return found;
  };
  const std::string text =
      "host A {}\nprocess app on A { region buf: anon 1 page }\n"
      "thread app.t0 {\n"
      " r:=mprotect( buf,PROT_READ  |PROT_WRITE )=0|err\n"
      " >  pte_set( buf )after range_end( )\n"
      "}\n"
      "exists(app.t0:r==0\n || /* why */ value(app,buf[0])==1)\n";
  CHECK(texts(text) == texts(formatted(text)));
  CHECK(texts(text) ==
        std::vector<std::string>{"r := mprotect(buf, PROT_READ|PROT_WRITE) = 0 | err",
                                 "r := mprotect(buf, PROT_READ|PROT_WRITE) = 0 | err",
                                 "> pte_set(buf) after range_end()",
                                 "(app.t0:r == 0 || value(app, buf[0]) == 1)"});
}

TEST_CASE("C's operators are written") {
  CHECK(formatted("always ~a /\\ (b \\/ !c)\n") == "always !a && (b || !c)\n");
}

TEST_CASE("a block on one line stays there if it fits") {
  CHECK(formatted("host A{cpus 4;iommu{ats off}}\n") == "host A { cpus 4; iommu { ats off } }\n");
  CHECK(formatted("init {app: f(x); app: g(y) = 0}\n") == "init { app: f(x); app: g(y) = 0 }\n");
  CHECK(formatted("policy p { }\npolicy q {\n}\n") == "policy p {}\npolicy q {}\n");
  const std::string wide =
      "cost { aaaaaaaaaaaaaaaaaaaaaaaaa 1us; bbbbbbbbbbbbbbbbbbbbbbbbb 1us; "
      "ccccccccccccccccccccccccccc 1us }\n";
  CHECK(formatted(wide) ==
        "cost {\n"
        "    aaaaaaaaaaaaaaaaaaaaaaaaa   1us\n"
        "    bbbbbbbbbbbbbbbbbbbbbbbbb   1us\n"
        "    ccccccccccccccccccccccccccc 1us\n"
        "}\n");
}

TEST_CASE("long lists are continued below their first element") {
  CHECK(formatted("never use_after_free, stale_translation, write_without_permission, "
                  "install_in_range, stale_install, lost_update\n") ==
        "never use_after_free, stale_translation, write_without_permission, install_in_range, "
        "stale_install,\n      lost_update\n");
  CHECK(
      formatted("param policy in [pin_all, release_only, page_notifier, range_notifier, "
                "interval_notifier, handle_quiesce]\n") ==
      "param policy in [pin_all, release_only, page_notifier, range_notifier, interval_notifier,\n"
      "                 handle_quiesce]\n");
}

TEST_CASE("comments stay where they belong") {
  const std::string text =
      "// SPDX-License-Identifier: Apache-2.0\n"
      "/* a block\n"
      " * of lines */\n"
      "\n"
      "host A {  // open\n"
      "    // own line\n"
      "    cpus 4     // four\n"
      "    ram  64M   /* not\n"
      "aligned */\n"
      "    // last\n"
      "}  // close\n"
      "// end\n";
  CHECK(formatted(text) ==
        "// SPDX-License-Identifier: Apache-2.0\n"
        "/* a block\n"
        " * of lines */\n"
        "\n"
        "host A {  // open\n"
        "    // own line\n"
        "    cpus 4    // four\n"
        "    ram  64M  /* not\n"
        "aligned */\n"
        "    // last\n"
        "}  // close\n"
        "// end\n");
  check_stable(text);
}

TEST_CASE("comments inside a statement follow it") {
  CHECK(formatted("param p in [1, // one\n  2] // two\nlet x = /* y */ 3\n") ==
        "param p in [1, 2]  // one\n"
        "// two\n"
        "let x = 3  /* y */\n");
  check_stable("param p in [1, // one\n  2] // two\nlet x = /* y */ 3\n");
  check_stable(
      "host /* a */ A /* b */\n{ // c\n/* d */ cpus /* e */ 3 /* f */ }\n/* g */ /* h */\n");
  check_stable("/* a */ let x = 1 /* b\n c */ /* d */ // e\n/* f\n * g */ let y = 2\n");
  check_stable("init { /* nothing */ }\nrun {\n// nothing\n}\n");
}

TEST_CASE("blank lines are kept one by one") {
  CHECK(formatted("\n\nlet a = 1\n\n\n\nlet b = 2\nhost A {\n\n\n cpus 1\n\n}\n\n") ==
        "let a = 1\n\nlet b = 2\nhost A {\n    cpus 1\n}\n");
}

TEST_CASE("a broken file is not laid out") {
  language::Sources sources = language_test::sources_of({{"t.sd", "let a =\n"}});
  const language::Formatted result = language::format_file(sources, "t.sd");
  CHECK(result.text.empty());
  CHECK(result.problems.size() == 1);
}
