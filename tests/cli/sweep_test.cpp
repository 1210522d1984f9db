// SPDX-License-Identifier: Apache-2.0
// compare and sweep: the same results whoever makes them, and after whatever has ended them.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/plot/scale.hpp"
#include "cli/ranks.hpp"
#include "cli/sweep/estimate.hpp"
#include "cli/sweep/journal.hpp"
#include "cli/sweep/table.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::Folder;
using cli::testing::golden;
using cli::testing::program;
using cli::testing::Said;
using Files = std::vector<std::pair<std::string, std::string>>;

constexpr const char* swept = "scenarios/sweeps/unmap-under-writes.sd";

// What is in a folder, byte by byte.
Files contents(const std::string& folder) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.emplace_back(entry.path().filename().string(),
                       cli::read_file(entry.path().string()).value_or("?"));
  }
  std::ranges::sort(files);
  return files;
}

std::string text_of(const std::string& folder, const std::string& name) {
  return cli::read_file(folder + "/" + name).value_or("");
}

std::vector<std::string> sweep_of(const std::string& folder,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"sweep",        swept, "-o",      folder,    "--policies",
                                     "pin_all,none", "-D",  "hop=1us", "--seeds", "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// In a shell, with $SHOOTDOWN; its exit status.
int status_of(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }
bool lacks_program() { return std::getenv("SHOOTDOWN") == nullptr; }

TEST_CASE("compare shows what policies cost beside the baseline, and what they break") {
  const Said said = program({"compare", swept, "--policies", "pin_all,none,interval_notifier", "-D",
                             "given=1", "--seeds", "3"});
  CHECK(said.out == golden("compare.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
  CHECK(said.status == 1);  // `none` is not safe.
  CHECK(contains(said.out, "BROKEN"));
  const Folder folder;
  const std::string good = folder.write("good.sd", cli::testing::good_text());
  CHECK(program({"compare", good, "--policies", "pin_all,interval_notifier"}).status == 0);
}

TEST_CASE("compare as JSON has the same, in full") {
  const Said said = program({"compare", swept, "--policies", "interval_notifier,pin_all", "-D",
                             "given=1", "--seeds", "3", "--json"});
  const auto json = nlohmann::json::parse(said.out);
  const auto& policies = json["cells"][0]["policies"];
  REQUIRE(policies.size() == 2);
  // The statement says what the baseline is, not the order of the policies.
  CHECK_FALSE(policies[0]["baseline"].get<bool>());
  CHECK(policies[1]["baseline"].get<bool>());
  CHECK(policies[1]["measures"]["time"]["ratio"] == 1.0);
  const double mean = policies[0]["measures"]["time"]["mean"];
  const double base = policies[1]["measures"]["time"]["mean"];
  CHECK(policies[0]["measures"]["time"]["ratio"].get<double>() == doctest::Approx(mean / base));
  CHECK(policies[0]["measures"]["time"]["ci95"].get<double>() > 0);
}

TEST_CASE("without a baseline among them, policies are compared with the first") {
  const Said said =
      program({"compare", swept, "--policies", "ref_start,epoch", "-D", "given=1", "--json"});
  const auto json = nlohmann::json::parse(said.out);
  CHECK(json["cells"][0]["policies"][0]["measures"]["time"]["ratio"] == 1.0);
}

TEST_CASE("what a check says of a baseline that is not there is undecided") {
  const Said said =
      program({"compare", swept, "--policies", "interval_notifier,ref_start", "-D", "given=1"});
  CHECK(said.status == 3);
  CHECK(contains(said.out, "undecided"));
  CHECK(contains(said.out, "(the scenario's own is left out)"));
}

TEST_CASE("a check without a baseline is judged in a run by time") {
  const Folder folder;
  const std::string text = cli::testing::good_text() + "timeline { +1us app: memset(buf, 2) }\n";
  const Said good = program({"run", folder.write("a.sd", text + "check steps < 1000\n")});
  CHECK(good.status == 0);
  CHECK(contains(good.out, "check   steps < 1000"));
  CHECK(program({"run", folder.write("b.sd", text + "check time < 1ns\n")}).status == 1);
  CHECK(program({"run", folder.write("c.sd", text + "check time < 4 pages\n")}).status == 2);
  CHECK(program({"run", folder.write("d.sd", text + "exists (time < 4us)\n")}).status == 2);
}

TEST_CASE("mistakes in the options of compare and sweep are refused") {
  const Folder folder;
  const std::string out = folder.path("out");
  const std::vector<std::vector<std::string>> mistakes{
      {"compare"},
      {"compare", swept, "--policies", "pin_al,none"},
      {"compare", swept, "--seeds", "0"},
      {"compare", swept, swept},
      {"compare", "scenarios/holt/d4-no-quiesce.sd"},
      {"sweep", swept},
      {"sweep", "-o", out},
      {"sweep", swept, "-o", out, "-j", "0"},
      {"sweep", swept, "-o", out, "--shard", "4/4"},
      {"sweep", swept, "-o", out, "--shard", "1"},
      {"sweep", swept, "-o", out, "--merge", out},
      {"sweep", "-o", out, "--merge", folder.path("nothing")},
      {"sweep", "-o", out, "--resume", "--merge", out},
      {"sweep", swept, "-o", "/proc/nowhere"},
  };
  for (const auto& arguments : mistakes) {
    const Said said = program(arguments);
    const std::string shown = nlohmann::json(arguments).dump();
    CHECK_MESSAGE(said.status == 2, shown);
    CHECK_MESSAGE(said.out == "", shown);
    CHECK_MESSAGE(!said.err.empty(), shown);
  }
}

TEST_CASE("a sweep leaves its results, tables and plots, whatever -j") {
  const Folder folder;
  const Said one = program(sweep_of(folder.path("one")));
  CHECK(one.status == 1);
  CHECK(one.err == "");
  CHECK(cli::testing::wide_lines(one.out).empty());
  program(sweep_of(folder.path("three"), {"-j", "3"}));
  const Files files = contents(folder.path("one"));
  CHECK(files == contents(folder.path("three")));
  CHECK(files.size() == 9);
  const std::string table = text_of(folder.path("one"), "table-1.txt");
  CHECK(table == golden("sweep-table.txt", table));
  const std::string plot = text_of(folder.path("one"), "plot-2.svg");
  CHECK(plot == golden("sweep-plot.svg", plot));
  for (const auto& [name, text] : files) {
    CHECK_FALSE(contains(text, "nan"));
    if (name.ends_with(".svg")) CHECK(text.ends_with("</svg>\n"));
  }
}

TEST_CASE("results.csv has a line for each cell, and results.jsonl after its manifest") {
  const Folder folder;
  program(sweep_of(folder.path("out")));
  const auto lines = cli::Journal::lines(folder.path("out") + "/results.jsonl");
  REQUIRE(lines);
  REQUIRE(lines->size() == 13);  // 2 policies, 3 values of `given`, 2 seeds.
  CHECK(nlohmann::json::parse(lines->front())["v"] == 1);
  CHECK(nlohmann::json::parse((*lines)[5])["cell"] == 4);
  const std::string csv = text_of(folder.path("out"), "results.csv");
  CHECK(std::ranges::count(csv, '\n') == 13);
  CHECK(csv.starts_with("cell,policy,given,hop,seed,failed,undecided,broken,failed_checks,time"));
}

TEST_CASE("a finished sweep is not written over, and resuming it changes nothing") {
  const Folder folder;
  program(sweep_of(folder.path("out")));
  const Files before = contents(folder.path("out"));
  CHECK(program(sweep_of(folder.path("out"))).status == 2);
  CHECK(program(sweep_of(folder.path("out"), {"--resume"})).status == 1);
  CHECK(contents(folder.path("out")) == before);
}

TEST_CASE("a sweep is not resumed with other params, policies, seeds or text; it says which") {
  const Folder folder;
  program(sweep_of(folder.path("out")));
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--resume");
    const Said said = program(arguments);
    CHECK(said.status == 2);
    return said.err;
  };
  CHECK(contains(refused(sweep_of(folder.path("out"), {"-D", "given=4"})), "params given"));
  CHECK(
      contains(refused(sweep_of(folder.path("out"), {"--seed", "5"})), "seeds: [1,2], not [5,6]"));
  const std::string text = cli::testing::good_text() + "param policy in [pin_all, none]\n";
  const std::string file = folder.write("own.sd", text);
  program({"sweep", file, "-o", folder.path("own")});
  folder.write("own.sd", text + "\n");
  CHECK(contains(refused({"sweep", file, "-o", folder.path("own")}),
                 "the text of the scenario, or of what it imports, is another one"));
}

TEST_CASE("what is left of a line is dropped, and its cell made again") {
  const Folder folder;
  program(sweep_of(folder.path("whole")));
  std::filesystem::create_directories(folder.path("torn"));
  const std::string manifest = text_of(folder.path("whole"), "manifest.json");
  folder.write("torn/manifest.json", manifest);
  const auto lines = *cli::Journal::lines(folder.path("whole") + "/results.jsonl");
  folder.write("torn/journal.jsonl",
               lines[3] + "\nno line of a sweep\n" + lines[1] + "\n" + lines[2].substr(0, 40));
  CHECK(program(sweep_of(folder.path("torn"), {"--resume"})).status == 1);
  CHECK(contents(folder.path("torn")) == contents(folder.path("whole")));
}

TEST_CASE("shards that are merged are what one sweep is, and a missing one is named") {
  const Folder folder;
  program(sweep_of(folder.path("whole")));
  std::vector<std::string> merge{"sweep", "-o", folder.path("merged"), "--merge"};
  for (const std::string shard : {"0", "1", "2"}) {
    const Said said = program(sweep_of(folder.path(shard), {"--shard", shard + "/3"}));
    CHECK(said.err == "");
    if (shard == "2") {
      std::vector<std::string> early = merge;
      early[2] = folder.path("early");
      const Said missing = program(early);
      CHECK(missing.status == 2);
      CHECK(missing.err == "shootdown: no shard has cell 2; 8 of 12 cells are there\n");
    }
    merge.push_back(folder.path(shard));
  }
  CHECK(program(merge).status == 1);
  CHECK(contents(folder.path("merged")) == contents(folder.path("whole")));
  program(sweep_of(folder.path("other"), {"--shard", "0/3", "--seed", "7"}));
  CHECK(contains(
      program({"sweep", "-o", folder.path("x"), "--merge", folder.path("0"), folder.path("other")})
          .err,
      "is of another sweep"));
}

constexpr const char* many = " sweep scenarios/sweeps/unmap-under-writes.sd --seeds 8 -o ";

TEST_CASE("a sweep that is killed half-way and resumed is what an undisturbed one is") {
  if (lacks_program()) return;
  const Folder folder;
  CHECK(status_of("$SHOOTDOWN" + std::string(many) + folder.path("whole") + " >/dev/null") == 1);
  const std::string out = folder.path("cut");
  // As soon as a few cells are there.
  status_of("$SHOOTDOWN" + std::string(many) + out + " -j 2 >/dev/null & pid=$!; while [ \"$(cat " +
            out +
            "/journal.jsonl 2>/dev/null | wc -l)\" -lt 40 ]; do sleep 0.01; done; "
            "kill -KILL $pid; wait $pid 2>/dev/null");
  const auto kept = cli::Journal::lines(out + "/journal.jsonl");
  REQUIRE(kept);
  CHECK(kept->size() >= 40);
  CHECK(kept->size() < 360);
  CHECK(status_of("$SHOOTDOWN" + std::string(many) + out + " --resume >/dev/null") == 1);
  CHECK(contents(out) == contents(folder.path("whole")));
}

TEST_CASE("under mpirun a rank that is killed loses nothing") {
  if (lacks_program() || !cli::has_mpi()) return;
  if (std::system("command -v mpirun >/dev/null") != 0) return;
  const Folder folder;
  status_of("$SHOOTDOWN" + std::string(many) + folder.path("whole") + " >/dev/null");
  // Rank 1 kills itself as soon as a few cells are there.
  const std::string out = folder.path("ranks");
  const std::string ranks = folder.write(
      "rank.sh", "[ $OMPI_COMM_WORLD_RANK != 1 ] || (while [ \"$(cat " + out +
                     "/journal.jsonl 2>/dev/null | wc -l)\" -lt 40 ]; do sleep 0.01; done; "
                     "touch " +
                     folder.path("killed") + "; kill -KILL $$) &\n" + "exec \"$SHOOTDOWN\"" + many +
                     out + "\n");
  status_of(
      "ASAN_OPTIONS=detect_leaks=0 timeout 120 mpirun --allow-run-as-root --oversubscribe "
      "--enable-recovery -n 3 sh " +
      ranks + " >/dev/null 2>&1");
  CHECK(std::filesystem::exists(folder.path("killed")));
  CHECK(contents(out) == contents(folder.path("whole")));
}

TEST_CASE("a confidence interval is Student's") {
  const cli::Estimate few = cli::estimate({1, 2, 3});
  CHECK(few.mean == 2);
  CHECK(few.half_width == doctest::Approx(2.484138));  // 4.302653 / sqrt(3)
  CHECK(cli::estimate({5}).half_width == 0);
  CHECK(cli::estimate({4, 4, 4}).half_width == 0);
}

TEST_CASE("quantities have four digits, and the unit that fits") {
  CHECK(cli::quantity_text(0, "") == "0");
  CHECK(cli::quantity_text(12345, "ns") == "12.35 us");
  CHECK(cli::quantity_text(999, "ns") == "999 ns");
  CHECK(cli::quantity_text(2.5e6, "1/s") == "2.5 M/s");
  CHECK(cli::quantity_text(12345, "") == "12345");
  CHECK(cli::quantity_text(cli::estimate({1000, 3000}), "ns") == "2 us +-12.71");
}

TEST_CASE("axes end at ticks, which are round") {
  using namespace cli::plot;
  const Scale scale = linear_scale({12'300, 47'100}, Start::zero, display_unit(47'100, "ns"));
  std::vector<std::string> labels;
  for (const Tick& tick : scale.ticks) labels.push_back(tick.label);
  CHECK(labels == std::vector<std::string>{"0", "10", "20", "30", "40", "50"});
  CHECK(scale.share(25'000) == doctest::Approx(0.5));
  CHECK_FALSE(wants_logarithm({0, 5'000}));
  CHECK_FALSE(wants_logarithm({100, 2'900}));
  CHECK(wants_logarithm({100, 3'000}));
  const Scale decades = logarithmic_scale({150, 90'000}, display_unit(90'000, "ns"));
  CHECK(decades.low == doctest::Approx(100));
  CHECK(decades.high == doctest::Approx(90'000));
  CHECK(decades.share(3'000) == doctest::Approx(0.5));
  const Scale flat = linear_scale({7}, Start::anywhere, {});
  CHECK(flat.low < flat.high);
}

TEST_CASE("columns that do not fit a page follow below, with the labels again") {
  cli::Table table{.labels = 1, .head = {"policy"}, .rows = {{"none"}}};
  for (int i = 0; i < 12; ++i) {
    table.head.push_back("measure_" + std::to_string(i));
    table.rows.front().push_back("1");
  }
  const std::string text = cli::table_text(table);
  CHECK(cli::testing::wide_lines(text).empty());
  CHECK(contains(text, "\n\npolicy"));
}

}  // namespace
