// SPDX-License-Identifier: Apache-2.0
// The command line as a user has it: what is refused, and what the exit status says.
#include "cli/program.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/commands/all.hpp"
#include "cli/ranks.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::Folder;
using cli::testing::program;
using cli::testing::Said;

TEST_CASE("mistakes on the command line are refused with status 2 and no output") {
  const std::vector<std::vector<std::string>> mistakes{
      {},
      {"run"},
      {"chekc"},
      {"chekc", "x.sd"},
      {"run", "x.sd", "--seed", "-1"},
      {"run", "x.sd", "--seed", "one"},
      {"run", "x.sd", "--state-limit", "1.5"},
      {"run", "x.sd", "--explore", "some"},
      {"run", "x.sd", "--explore", "random"},
      {"run", "x.sd", "--explore", "random 0"},
      {"run", "x.sd", "--explore", "random 5 bound 2"},
      {"run", "x.sd", "--explore", "pct 5 bound"},
      {"run", "x.sd", "--explore", "pct 5 bound 65"},
      {"run", "x.sd", "--swarm", "0"},
      {"run", "x.sd", "--swarm", "-2"},
      {"run", "x.sd", "--time-limit", "-3"},
      {"run", "x.sd", "-D", "theta"},
      {"run", "x.sd", "-D", "=1"},
      {"run", "x.sd", "--format", "xml"},
      {"run", "x.sd", "--color", "blue"},
      {"run", "x.sd", "--json", "--format", "text"},
      {"run", "x.sd", "-q", "-v"},
      {"run", "x.sd", "--no-such-option"},
      {"replay", "x.sd"},
      {"check", "x.sd", "--ast=xml"},
      {"list"},
      {"list", "nothing"},
      {"test", "no such folder"},
  };
  for (const auto& arguments : mistakes) {
    const Said said = program(arguments);
    const std::string shown = nlohmann::json(arguments).dump();
    CHECK_MESSAGE(said.status == 2, shown);
    CHECK_MESSAGE(said.out == "", shown);
    CHECK_MESSAGE(said.err.starts_with("shootdown: "), shown);
  }
}

TEST_CASE("a mistyped command is told from a file") {
  CHECK(program({"chekc"}).err ==
        "shootdown: 'chekc' is neither a command nor a file; did you mean 'check'?\n");
}

TEST_CASE("help and the version go to standard output") {
  CHECK(contains(program({"--help"}).out, "Usage: shootdown"));
  CHECK(program({"--version"}).out.starts_with("shootdown "));
  for (const cli::CommandInfo& command : cli::commands()) {
    const Said said = program({std::string(command.name), "--help"});
    CHECK(said.status == 0);
    CHECK(contains(said.out, std::string(command.meaning)));
  }
}

TEST_CASE("-D and others may be repeated, and do not swallow the file") {
  const cli::CommandLine line = cli::parse_command_line(
      {"run", "-D", "a=1", "-D", "b=x=y", "x.sd", "--seed", "7", "--policy", "none", "-v"});
  CHECK_FALSE(line.exit.has_value());
  CHECK(line.options.files == std::vector<std::string>{"x.sd"});
  const std::vector<std::pair<std::string, std::string>> params{{"a", "1"}, {"b", "x=y"}};
  CHECK(line.options.choices.params == params);
  CHECK(line.options.choices.policy == "none");
  CHECK(line.options.seed == 7);
  CHECK(line.options.verbosity == cli::Verbosity::verbose);
}

TEST_CASE("a file alone is run") {
  const Folder folder;
  const std::string path = folder.write("good.sd", cli::testing::good_text());
  CHECK(program({path}).out == program({"run", path}).out);
  CHECK(program({path}).status == 0);
  CHECK(program({"--json", path}).status == 0);
}

TEST_CASE("the exit status tells a claim that fails from a mistake in the text") {
  const Folder folder;
  CHECK(program({"run", folder.write("good.sd", cli::testing::good_text())}).status == 0);
  CHECK(program({"run", folder.write("bad.sd", cli::testing::failing_text())}).status == 1);
  const Said said = program({"run", folder.write("wrong.sd", cli::testing::wrong_text())});
  CHECK(said.status == 2);
  CHECK(said.out == "");
  CHECK(contains(said.err, "deadlocks"));
}

TEST_CASE("of several files all mistakes are reported and none is run") {
  const Folder folder;
  const Said said = program({"run", folder.write("one.sd", cli::testing::wrong_text()),
                             folder.write("good.sd", cli::testing::good_text()),
                             folder.write("two.sd", cli::testing::wrong_text())});
  CHECK(said.status == 2);
  CHECK(said.out == "");
  CHECK(contains(said.err, "one.sd:"));
  CHECK(contains(said.err, "two.sd:"));
}

TEST_CASE("check says nothing of a good text, and prints its tree on request") {
  const Folder folder;
  const std::string path = folder.write("good.sd", cli::testing::good_text());
  const Said quiet = program({"check", path});
  CHECK(quiet.status == 0);
  CHECK(quiet.out + quiet.err == "");
  const Said tree = program({"check", "--ast=json", path});
  CHECK(nlohmann::json::parse(tree.out).is_array());
}

TEST_CASE("test prints KTAP and looks for scenarios in folders") {
  const Folder folder;
  folder.write("b/good.sd", cli::testing::good_text());
  folder.write("a/failing.sd", cli::testing::failing_text());
  folder.write("c/wrong.sd", cli::testing::wrong_text());
  folder.write("machine.sd", cli::testing::machine_text);
  folder.write("notes.txt", "no scenario");
  const Said said = program({"test", folder.path("")});
  CHECK(said.status == 1);
  CHECK(said.out.starts_with("KTAP version 1\n1..3\nnot ok 1 "));
  CHECK(contains(said.out, "a/failing.sd\n# small  policy "));
  CHECK(contains(said.out, "\nok 2 " + folder.path("b/good.sd") + "\nnot ok 3 "));
  CHECK(contains(said.out, "\n#     7 | never deadlocks\n"));
  CHECK(said.out.ends_with("\n# Totals: pass:1 fail:2 skip:0\n"));
}

TEST_CASE("a text for others to import is skipped when it is named") {
  const Folder folder;
  const std::string path = folder.write("machine.sd", cli::testing::machine_text);
  const Said said = program({"test", path});
  CHECK(said.status == 4);
  CHECK(contains(said.out, "ok 1 " + path + " # SKIP no scenario statement\n"));
  CHECK(program({"test", folder.path("")}).status == 2);
}

TEST_CASE("test writes what a limit leaves open as not ok") {
  const Folder folder;
  const std::string path = folder.write("good.sd", cli::testing::good_text());
  const Said said = program({"test", path, "--state-limit", "2"});
  CHECK(said.status == 3);
  CHECK(contains(said.out, "not ok 1 " + path + "\n# undecided\n"));
}

TEST_CASE("test can print the results as JSON Lines and write JUnit XML") {
  const Folder folder;
  folder.write("good.sd", cli::testing::good_text());
  const std::string junit = folder.path("junit.xml");
  const Said said = program({"test", folder.path(""), "--format", "jsonl", "--junit", junit});
  CHECK(said.status == 0);
  CHECK(nlohmann::json::parse(said.out)["verdict"] == "pass");
  CHECK(contains(cli::read_file(junit).value_or(""), "tests=\"1\" failures=\"0\""));
}

TEST_CASE("a replay wants one variant of a scenario") {
  const Folder folder;
  const std::string path =
      folder.write("two.sd", "param pages in [1, 2]\n" + cli::testing::good_text());
  const Said said = program({"replay", path, "--path", "", "--steps", "0"});
  CHECK(said.status == 2);
  CHECK(contains(said.err, "(-D); here are 2"));
  CHECK(program({"replay", path, "-D", "pages=1", "--path", "", "--steps", "0"}).status == 0);
}

TEST_CASE("fmt lays files out in place, and only those that need it") {
  const Folder folder;
  const std::string text = "// SPDX-License-Identifier: Apache-2.0\nhost   A { cpus 2 }\n";
  const std::string path = folder.write("machine.sd", text);
  const Said asked = program({"fmt", "--check", path});
  CHECK(asked.status == 1);
  CHECK(asked.out == path + "\n");
  CHECK(cli::read_file(path) == text);
  CHECK(program({"fmt", path}).status == 0);
  CHECK(contains(cli::read_file(path).value_or(""), "host A {"));
  CHECK(program({"fmt", "--check", path}).status == 0);
}

TEST_CASE("fmt leaves all files alone if one of them has a mistake") {
  const Folder folder;
  const std::string text = "host   A { cpus 2 }\n";
  const std::string good = folder.write("machine.sd", text);
  const Said said = program({"fmt", good, folder.write("wrong.sd", "host {\n")});
  CHECK(said.status == 2);
  CHECK(contains(said.err, "wrong.sd:1:"));
  CHECK(cli::read_file(good) == text);
}

// ---- The same through the real program, where there is one.

Said shell(const std::string& arguments, const std::string& started_by = "") {
  const char* binary = std::getenv("SHOOTDOWN");
  Said said;
  std::FILE* pipe = popen((started_by + binary + " " + arguments).c_str(), "r");
  REQUIRE(pipe != nullptr);
  char block[4096];
  while (const std::size_t size = std::fread(block, 1, sizeof block, pipe)) {
    said.out.append(block, size);
  }
  said.status = WEXITSTATUS(pclose(pipe));
  return said;
}

bool no_program() {
  if (std::getenv("SHOOTDOWN") != nullptr) return false;
  MESSAGE("SHOOTDOWN names no program: left out");
  return true;
}

TEST_CASE("the program ends with the status of its command") {
  if (no_program()) return;
  const Folder folder;
  const std::string good = folder.write("good.sd", cli::testing::good_text());
  const std::string failing = folder.write("failing.sd", cli::testing::failing_text());
  const std::string wrong = folder.write("wrong.sd", cli::testing::wrong_text());
  CHECK(shell(good).status == 0);
  CHECK(shell(failing).status == 1);
  CHECK(shell(wrong + " 2>&1").status == 2);
  CHECK(shell(wrong + " 2>/dev/null").out == "");
  CHECK(shell(good + " --state-limit 2").status == 3);
  CHECK(shell(good + " >/dev/full 2>&1").status == 2);
}

TEST_CASE("three ranks print what one process prints") {
  if (no_program() || !cli::has_mpi()) return;
  if (std::system("command -v mpirun >/dev/null") != 0) return;
  // MPI itself does not give back all that it has taken.
  const std::string mpirun =
      "ASAN_OPTIONS=detect_leaks=0 mpirun --allow-run-as-root --oversubscribe -n 3 ";
  const std::string race = "scenarios/1-odp-munmap-race.sd";
  for (const std::string how : {"'random 700'", "'pct 700 bound 2'", "all"}) {
    const std::string options = " --json --coverage --swarm 2 --explore " + how;
    const Said ranks = shell(race + options, mpirun);
    CHECK(ranks.status == 0);
    CHECK(ranks.out == shell(race + options).out);
  }
}

TEST_CASE("the program writes a file as a whole") {
  if (no_program()) return;
  const Folder folder;
  const std::string good = folder.write("good.sd", cli::testing::good_text());
  CHECK(shell(good + " -o " + folder.path("result")).out == "");
  CHECK(cli::read_file(folder.path("result")) == shell(good).out);
  CHECK(folder.files() == std::vector<std::string>{"good.sd", "result"});
}

TEST_CASE("the program colours only on request, and never for NO_COLOR alone") {
  if (no_program()) return;
  const Folder folder;
  const std::string good = folder.write("good.sd", cli::testing::good_text());
  CHECK(contains(shell(good + " --color=always").out, "\x1b["));
  CHECK_FALSE(contains(shell(good + " --color=auto").out, "\x1b["));
}

TEST_CASE("an interrupt ends a search with status 130 and what was found so far") {
  if (no_program()) return;
  const Folder folder;
  const std::string slow =
      folder.write("slow.sd", cli::testing::good_text() + "explore random 1000000000\n");
  const Said said = shell(slow + " --json & pid=$!; sleep 1; kill -INT $pid; wait $pid");
  CHECK(said.status == 130);
  CHECK(nlohmann::json::parse(said.out)["ended"] == "interrupted");
}

// "$ shootdown ..." and what it prints, from the fenced blocks of a text.
std::vector<std::pair<std::string, std::string>> commands_in(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::pair<std::string, std::string>> found;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = false;
    } else if (line.starts_with("$ shootdown ")) {
      inside = true;
      found.push_back({line.substr(12), ""});
    } else if (inside) {
      found.back().second += line + "\n";
    }
  }
  return found;
}

TEST_CASE("the README shows what the program prints") {
  int compared = 0;
  for (const auto& [command, text] : commands_in("README.md")) {
    CAPTURE(command);
    std::istringstream words(command);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    if (arguments.front() != "run") continue;
    CHECK(program(arguments).out == text);
    ++compared;
  }
  CHECK(compared >= 2);
}
}  // namespace
