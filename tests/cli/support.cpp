// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/support.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/commands/all.hpp"
#include "cli/layout.hpp"
#include "cli/program.hpp"

namespace cli::testing {
namespace {

std::string scenario_text(const std::string& claims) {
  return std::string(machine_text) + R"(scenario "small"
process app on A { region buf: anon 1 page }
init { app: memset(buf, 1) }
thread app.t0 { munmap(buf) = 0 }
)" + claims;
}

Said command(const std::string& name, const Scenario& scenario,
             const std::vector<std::string>& options) {
  std::vector<std::string> arguments{name, scenario.path};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const CommandLine line = parse_command_line(arguments);
  Said said{.err = line.err};
  if (line.exit) {
    said.status = static_cast<int>(*line.exit);
    return said;
  }
  Output out(said.out);
  Output err(said.err);
  Session session{.options = line.options, .out = out, .err = err};
  const std::vector<Case> cases = cases_of({&scenario, 1});
  said.status = static_cast<int>(name == "run" ? run_cases(session, cases)
                                               : replay_case(session, cases.front()));
  return said;
}

}  // namespace

Said program(const std::vector<std::string>& arguments) {
  Said said;
  Output out(said.out);
  Output err(said.err);
  said.status = run_program(arguments, out, err);
  return said;
}

Said run(const Scenario& scenario, const std::vector<std::string>& options) {
  return command("run", scenario, options);
}

Said replay(const Scenario& scenario, const std::vector<std::string>& options) {
  return command("replay", scenario, options);
}

std::string golden(const std::string& name, const std::string& actual) {
  const std::string path = "tests/cli/golden/" + name;
  if (std::getenv("UPDATE_EXPECT") != nullptr) {
    std::filesystem::create_directories("tests/cli/golden");
    std::ofstream(path, std::ios::binary) << actual;
  }
  return read_file(path).value_or("(no file " + path + ")");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> wide_lines(const std::string& text) {
  std::vector<std::string> wide;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (width_of(line) > page_width) wide.push_back(line);
    begin = end + 1;
  }
  return wide;
}

Folder::Folder() {
  static int made = 0;
  const std::string name =
      "shootdown-test-" + std::to_string(getpid()) + "-" + std::to_string(++made);
  path_ = std::filesystem::temp_directory_path() / name;
  std::filesystem::create_directories(path_);
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::path(const std::string& name) const { return (path_ / name).string(); }

std::string Folder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

std::vector<std::string> Folder::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string good_text() { return scenario_text("never deadlock\n"); }
std::string failing_text() { return scenario_text("exists (pte(app, buf[0]) != none)\n"); }
std::string wrong_text() { return scenario_text("never deadlocks\n"); }

}  // namespace cli::testing
