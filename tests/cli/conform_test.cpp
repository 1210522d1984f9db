// SPDX-License-Identifier: Apache-2.0
// The comparison of the model with records of real kernels.
#include <doctest/doctest.h>

#include <algorithm>

#include "cli/conform/comparison.hpp"
#include "cli/conform/lines.hpp"
#include "cli/conform/record.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::conform::Agreement;
using cli::conform::Callback;
using cli::conform::Operation;
using cli::conform::Step;
using cli::conform::StepResult;
using cli::conform::view_of;
using cli::testing::Folder;
using cli::testing::program;
using cli::testing::Said;

const std::string head = R"({"kernel":"7.3.4+deb13-amd64","format":1})"
                         "\n";

std::string problem_of(const std::string& lines) {
  return cli::conform::read_record("r.jsonl", head + lines).problem;
}

Step step(const std::string& before, const std::string& after) {
  Step made{.text = "it", .error = 0};
  made.before = view_of(before);
  made.after = view_of(after);
  return made;
}

cli::conform::Event freed(std::uint32_t page) {
  return {.what = Callback::page_free, .page = page};
}

Agreement judged(const Step& record, const Step& model) {
  const Operation theirs{.name = "op", .steps = {record}};
  const Operation ours{.name = "op", .steps = {model}};
  return cli::conform::compare(theirs, ours).at(0).agreement;
}

std::vector<Agreement> all_judged(const std::vector<Step>& record, const std::vector<Step>& model) {
  const Operation theirs{.name = "op", .steps = record};
  const Operation ours{.name = "op", .steps = model};
  std::vector<Agreement> results;
  for (const StepResult& each : cli::conform::compare(theirs, ours)) {
    results.push_back(each.agreement);
  }
  return results;
}

// A scenario whose only step changes nothing but a page's label.
const std::string scenario_text = R"(// SPDX-License-Identifier: Apache-2.0
scenario "reads"
host A { cpus 2; ram 64 pages }
process p on A { region m: anon 2 pages at 0x40000000 }
window m
init { p: WRITE_ONCE(m[1], 1) }
timeline {
    step "read page 1" { p: READ_ONCE(m[1]) = 1 }
    step "read it again" { p: READ_ONCE(m[1]) = 1 }
}
)";

std::string record_of(const std::string& before, const std::string& after,
                      const std::string& more = "") {
  return head + R"({"op":"reads","about":"","setup":"","flaky":0})" + "\n" +
         R"({"op":"reads","step":0,"do":"read page 1","ret":1,"pre":")" + before + R"(","post":")" +
         before + R"(","stable":true,"ev":[]})" + "\n" +
         R"({"op":"reads","step":1,"do":"read it again","ret":1,"pre":")" + before +
         R"(","post":")" + after + R"(","stable":true,"ev":[]})" + "\n" + more + R"({"end":1})" +
         "\n";
}

// What the model has there, whatever it can tell of an empty page table.
std::string untouched_of(const Folder& folder) {
  const std::string file = folder.write("reads.sd", scenario_text);
  const std::string record = folder.write("any.jsonl", record_of("HWP a0.wyd", "HWP a0.wyd"));
  const Said said = program({"conform", file, "--against", record});
  return said.out.find("before _ a0") == std::string::npos ? "-" : "_";
}

}  // namespace

TEST_CASE("a record is read with its kernel, its operations and their steps") {
  const std::string steps =
      R"({"op":"a","about":"b","setup":"c"}
{"op":"a","step":0,"do":"d","ret":-1,"errno":12,"pre":"a0.w -","post":"- - | f12.r",)"
      R"("stable":false,"ev":[{"cb":"start","ev":"CLEAR","s":0,"e":2,"blk":0,"lk":"w"},)"
      R"({"cb":"sec_tlb","reg":"all","lk":"-","at":1},)"
      R"({"cb":"start","reg":"heap"}]}
{"end":1}
)";
  const auto read = cli::conform::read_record("r.jsonl", head + steps);
  CHECK(read.problem == "");
  CHECK(read.record.version == "7.3");
  REQUIRE(read.record.operations.size() == 1);
  const Step& only = read.record.operations[0].steps.at(0);
  CHECK(only.error == 12u);
  CHECK_FALSE(only.stable);
  REQUIRE(only.events.size() == 2);  // Without the heap's.
  CHECK_FALSE(only.events[0].blockable);
  CHECK(only.events[1].pages.of == cli::conform::Extent::Of::all);
  REQUIRE(only.after->size() == 2);
  CHECK((*only.after)[1][0].page == 12u);
}

TEST_CASE("what is wrong with a record is said with its line") {
  CHECK(problem_of("nonsense\n") == "r.jsonl:2: this is no JSON");
  CHECK(problem_of("[]\n") == "r.jsonl:2: a line is an object");
  CHECK(problem_of(R"({"op":"a","step":0})") == "r.jsonl:2: a step follows its operation");
  const std::string op = R"({"op":"a"})"
                         "\n";
  CHECK(problem_of(op + R"({"op":"a","step":0,"ev":[{"cb":"begin"}]})") ==
        "r.jsonl:3: 'begin' is no callback that is known here");
  CHECK(problem_of(op + R"({"op":"a","step":0,"ev":[{"cb":"start","s":"x"}]})") ==
        "r.jsonl:3: \"s\" is no whole number");
  CHECK(problem_of(op + R"({"op":"a","step":0,"ev":7})") == "r.jsonl:3: \"ev\" is no list");
  CHECK(cli::conform::read_record("r", "{\"op\":\"a\"}").problem ==
        "r:1: the first line of a record names the kernel");
  CHECK(cli::conform::read_record("r", "{\"kernel\":\"7.3\",\"format\":2}").problem ==
        "r:1: format 2 is not known here, only 1");
  CHECK(cli::conform::read_record("r", "").problem == "r:1: the record is empty");
}

TEST_CASE("an error in a note is the result of the step's call") {
  const auto read = cli::conform::read_record(
      "r", head + R"({"op":"a"})" + "\n" +
               R"({"op":"a","step":0,"ret":0,"note":"hmm_range_fault -14, rounds 1"})" + "\n" +
               R"({"op":"a","step":1,"ret":0,"note":"status 1 1"})" + "\n" +
               R"({"op":"a","step":2,"ret":-1})" + "\n");
  const auto& steps = read.record.operations.at(0).steps;
  CHECK(steps[0].error == 14u);
  CHECK(steps[1].error == 0u);
  CHECK_FALSE(steps[2].error);  // It failed, and nobody says how.
}

TEST_CASE("pages are compared up to their names") {
  CHECK(judged(step("a0.w a1.w", "a1.w -"), step("a7.w a3.w", "a3.w -")) == Agreement::agrees);
  CHECK(judged(step("a0.w a1.w", "a0.w -"), step("a7.w a3.w", "a3.w -")) == Agreement::differs);
  CHECK(judged(step("a0.w a0.w", "- -"), step("a7.w a3.w", "- -")) == Agreement::differs);
  CHECK(judged(step("a0.w a1.w", "- -"), step("a7.w a7.w", "- -")) == Agreement::differs);
}

TEST_CASE("kinds and bits are compared as they are") {
  CHECK(judged(step("H:a0.w", "-"), step("a0.w", "-")) == Agreement::differs);
  CHECK(judged(step("a0.w", "-"), step("a0.wy", "-")) == Agreement::differs);
  CHECK(judged(step("f0.w", "-"), step("a0.w", "-")) == Agreement::differs);
  CHECK(judged(step("_", "-"), step("-", "-")) == Agreement::differs);
}

TEST_CASE("a page that has left the window may come back as another") {
  CHECK(
      all_judged({step("a0.w", "-"), step("-", "a0.w")}, {step("a5.w", "-"), step("-", "a9.w")}) ==
      std::vector{Agreement::agrees, Agreement::agrees});
}

TEST_CASE("after a step that differs, the next is judged by itself") {
  CHECK(all_judged({step("a0.w a1.w", "a1.w a0.w"), step("a1.w a0.w", "a1.w a0.w")},
                   {step("a0.w a1.w", "a0.w a1.w"), step("a0.w a1.w", "a0.w a1.w")}) ==
        std::vector{Agreement::differs, Agreement::agrees});
}

TEST_CASE("pages that are freed one after the other have no order") {
  Step record = step("a0.w a1.w", "- -");
  Step model = record;
  record.events = {freed(0), freed(1)};
  model.events = {freed(1), freed(0)};
  CHECK(judged(record, model) == Agreement::agrees);
  model.events.push_back({.what = Callback::cpu_flush_batch});
  record.events.insert(record.events.begin() + 1, {.what = Callback::cpu_flush_batch});
  CHECK(judged(record, model) == Agreement::differs);
}

TEST_CASE("each thing that is said of a callback is compared") {
  using cli::conform::Event;
  const Event base{.what = Callback::start, .kind = "CLEAR", .pages = {.end = 2}};
  const auto differs = [&](auto change) {
    Step record = step("-", "-");
    Step model = record;
    record.events = {base};
    model.events = {base};
    change(model.events[0]);
    return judged(record, model) == Agreement::differs;
  };
  CHECK_FALSE(differs([](Event&) {}));
  CHECK(differs([](Event& event) { event.what = Callback::end; }));
  CHECK(differs([](Event& event) { event.kind = "UNMAP"; }));
  CHECK(differs([](Event& event) { event.pages.end = 3; }));
  CHECK(differs([](Event& event) { event.pages.of = cli::conform::Extent::Of::second; }));
  CHECK(differs([](Event& event) { event.pages.of = cli::conform::Extent::Of::all; }));
  CHECK(differs([](Event& event) { event.lock = 'r'; }));
  CHECK(differs([](Event& event) { event.atomic = true; }));
  CHECK(differs([](Event& event) { event.blockable = false; }));
  CHECK(differs([](Event& event) { event.owner = true; }));
  CHECK(differs([](Event& event) { event.mm = 2; }));
  CHECK(differs([](Event& event) { event.view = view_of("a0.w"); }));
}

TEST_CASE("without a window before it, a step shows what the first callback finds") {
  Step record = step("-", "-");
  Step model = step("a0.w", "-");
  record.before.reset();
  record.events = {{.what = Callback::release}};
  model.events = record.events;
  record.events[0].view = view_of("a0.w");
  CHECK(judged(record, model) == Agreement::agrees);
}

TEST_CASE("interval notifiers have names too, and sequence numbers are compared") {
  Step record = step("-", "-");
  Step model = record;
  record.events = {{.what = Callback::interval, .kind = "CLEAR", .interval = 15, .sequence = 3}};
  model.events = {{.what = Callback::interval, .kind = "CLEAR", .interval = 2, .sequence = 3}};
  CHECK(judged(record, model) == Agreement::agrees);
  model.events[0].sequence = 5;
  CHECK(judged(record, model) == Agreement::differs);
}

TEST_CASE("of a step that varies only what was before and after is compared") {
  Step record = step("a0.w", "-");
  record.stable = false;
  record.events = {freed(0)};
  CHECK(judged(record, step("a4.w", "-")) == Agreement::agrees);
  CHECK(judged(record, step("a4.w", "a4.w")) == Agreement::differs);
}

TEST_CASE("errors are compared where the record has one") {
  Step record = step("-", "-");
  Step model = record;
  model.error = 12;
  CHECK(judged(record, model) == Agreement::differs);
  record.error = 12;
  CHECK(judged(record, model) == Agreement::agrees);
  record.error = 22;
  CHECK(judged(record, model) == Agreement::differs);
  record.error.reset();
  CHECK(judged(record, model) == Agreement::agrees);
}

TEST_CASE("steps with the same text are the same; what is missing is said") {
  Step first = step("-", "-");
  first.text = "first";
  Step second = step("a0.w", "-");
  second.text = "second";
  CHECK(all_judged({second}, {first, second}) == std::vector{Agreement::agrees});
  CHECK(all_judged({first, second}, {first}) == std::vector{Agreement::agrees, Agreement::missing});
}

TEST_CASE("a step in shorthand") {
  Step all = step("a0.w", "-");
  all.events = {
      {.what = Callback::start, .kind = "PROTECTION_VMA", .pages = {.end = 8}, .lock = 'w'},
      {.what = Callback::sec_tlb, .pages = {.of = cli::conform::Extent::Of::all}, .atomic = true},
      {.what = Callback::cpu_flush, .pages = {.end = 8}, .shift = 21, .freed_tables = true},
      {.what = Callback::clear_young, .pages = {.start = 1, .end = 2}},
      {.what = Callback::page_free, .page = 0, .order = 9}};
  CHECK(cli::conform::lines_of(all, nullptr, cli::conform::Detail::full) ==
        std::vector<std::string>{"before a0.w", "S:PVMA [0,8) (w)", "T [all) (-) atomic",
                                 "F [0,8) +tables shift 21", "CY [1,2) (-)", "free 0 order 9",
                                 "after -"});
}

TEST_CASE("a difference keeps what both have in common") {
  std::string text;
  for (const auto& line : cli::conform::diff({"a", "b", "c"}, {"a", "x", "c", "d"})) {
    text += line.mark + line.text + '\n';
  }
  CHECK(text == " a\n-b\n+x\n c\n+d\n");
}

TEST_CASE("conform says how many steps agree, and its status says whether all do") {
  const Folder folder;
  const std::string none = untouched_of(folder);
  const std::string file = folder.write("reads.sd", scenario_text);
  const std::string good =
      folder.write("good.jsonl", record_of(none + " a5.wyd", none + " a5.wyd"));
  const Said agrees = program({"conform", file, "--against", good});
  CHECK(agrees.status == 0);
  CHECK(agrees.out ==
        "linux 7.3: 2 of 2 steps agree, 0 more vary between boots; 1 of 1 operations\n");

  const std::string bad = folder.write("bad.jsonl", record_of(none + " a5.wyd", none + " a5.ryd"));
  const Said differs = program({"conform", file, "--against", bad, "--against", good});
  CHECK(differs.status == 1);
  CHECK(differs.out ==
        "reads                     1 of 2\n"
        "  1 read it again\n"
        "  --- linux 7.3\n"
        "  +++ model\n"
        "    before " +
            none +
            " a5.wyd\n"
            "> - after " +
            none +
            " a5.ryd\n"
            "  + after " +
            none +
            " a5.wyd\n"
            "linux 7.3: 1 of 2 steps agree, 0 more vary between boots; 0 of 1 "
            "operations\n" +
            agrees.out);
}

TEST_CASE("operations without a scenario and scenarios without an operation are named") {
  const Folder folder;
  const std::string none = untouched_of(folder);
  const std::string file = folder.write("reads.sd", scenario_text);
  std::string renamed = scenario_text;
  renamed.replace(renamed.find("reads"), 5, "other");
  const std::string other = folder.write("other.sd", renamed);
  const std::string record =
      folder.write("more.jsonl", record_of(none + " a5.wyd", none + " a5.wyd",
                                           "{\"op\":\"untold\",\"about\":\"\",\"setup\":\"\"}\n"));
  const Said said = program({"conform", file, other, "--against", record});
  CHECK(said.status == 0);
  CHECK(
      said.out.starts_with("linux 7.3: no scenario for: untold\n"
                           "linux 7.3: not in the record: other\n"));
}

TEST_CASE("conform as JSON has an object for each step and one for each record") {
  const Folder folder;
  const std::string none = untouched_of(folder);
  const std::string file = folder.write("reads.sd", scenario_text);
  const std::string record =
      folder.write("good.jsonl", record_of(none + " a5.wyd", none + " a5.wyd"));
  const Said said = program({"conform", file, "--against", record, "--json"});
  CHECK(std::ranges::count(said.out, '\n') == 3);
  CHECK(said.out.find(R"("do":"read it again","result":"agrees","stable":true)") !=
        std::string::npos);
  CHECK(said.out.find(R"("steps":2,"agree":2,)") != std::string::npos);
}

TEST_CASE("conform refuses what it cannot use") {
  const Folder folder;
  const std::string file = folder.write("reads.sd", scenario_text);
  CHECK(program({"conform", file}).status == 2);
  CHECK(program({"conform", file, "--against", folder.path("nothing")}).status == 2);
  const std::string wrong = folder.write("wrong.jsonl", "{}\n");
  const Said said = program({"conform", file, "--against", wrong});
  CHECK(said.status == 2);
  CHECK(said.err == wrong + ":1: the first line of a record names the kernel\n");
  const std::string record = folder.write("good.jsonl", record_of("-", "-"));
  CHECK(program({"conform", folder.path("none.sd"), "--against", record}).status == 2);
  CHECK(program({"conform", file, "--against", record, "--kernel", "5.0"}).status == 2);
}
