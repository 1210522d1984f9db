// SPDX-License-Identifier: Apache-2.0
// validate [--program PATH] [FOLDER...]: the model against published measurements. Each folder has
// scenarios, runs.csv (which of them, with what arguments, what of the answer), and points.csv
// (what a point is made of, what was published, and whether it calibrates the model, predicts, or
// stands beside: it is shown, and nothing is asked of it; docs/validation.md says why it is off).
// Exit status 1: a point that predicts misses its tolerance. 2: a table or a run is wrong.
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/validation/expression.hpp"
#include "bench/validation/table.hpp"

namespace validation {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> run_columns{"run", "file", "arguments", "value"};
const std::vector<std::string> point_columns{
    "point", "model", "published", "unit", "role", "tolerance_percent", "source"};

// What a command prints, and whether it ended with status 0 or 1: a claim may fail.
std::optional<std::string> output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  const bool fine = WIFEXITED(status) && WEXITSTATUS(status) <= 1;
  return fine ? std::optional(text) : std::nullopt;
}

// `value` is a JSON pointer into the answer, or `passes`: 1 if all claims hold, else 0. Who asks
// for something else wants them to hold.
std::optional<double> value_of(const std::string& answer, const std::string& value) {
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  if (json.is_discarded() || !json.contains("verdict")) return std::nullopt;
  const bool passes = json["verdict"] == "pass";
  if (value == "passes") return passes ? 1 : 0;
  const nlohmann::json::json_pointer place(value);
  if (!passes || !json.contains(place) || !json.at(place).is_number()) return std::nullopt;
  return json.at(place).get<double>();
}

std::optional<Values> make_runs(const std::string& program, const fs::path& folder) {
  const auto rows = read_table((folder / "runs.csv").string(), run_columns);
  if (!rows) return std::nullopt;
  Values values;
  for (const Row& row : *rows) {
    const std::string file = (folder / row.at("file")).string();
    const std::string command =
        fmt::format("'{}' run --json {} '{}'", program, row.at("arguments"), file);
    const auto answer = output_of(command);
    const auto value = answer ? value_of(*answer, row.at("value")) : std::nullopt;
    if (!value) {
      fmt::print(stderr, "validate: {} gives no {}\n", command, row.at("value"));
      return std::nullopt;
    }
    values[row.at("run")] = *value;
  }
  return values;
}

std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Count {
  std::size_t calibrating = 0;
  std::size_t predicting = 0;
  std::size_t beside = 0;
  std::size_t missed = 0;  // Of those that predict,
  bool broken = false;
};

void judge(const Row& row, const Values& values, Count& count) {
  const Evaluated model = evaluate(row.at("model"), values);
  const auto published = number_in(row.at("published"));
  const auto tolerance = number_in(row.at("tolerance_percent"));
  const std::string& role = row.at("role");
  const bool predicts = role == "predicts";
  const bool known = predicts || role == "calibrates" || role == "beside";
  std::string problem = model.problem;
  if (problem.empty() && (!published || !tolerance)) problem = "a number is wrong";
  if (problem.empty() && !known) problem = "the role is wrong";
  if (!problem.empty()) {
    fmt::print(stderr, "validate: point '{}': {}\n", row.at("point"), problem);
    count.broken = true;
    return;
  }
  const double error = *published == 0 ? (model.value == 0 ? 0 : 100)
                                       : 100 * (model.value - *published) / *published;
  const bool within = std::abs(error) <= *tolerance;
  ++(predicts ? count.predicting : role == "beside" ? count.beside : count.calibrating);
  if (predicts && !within) ++count.missed;
  fmt::print("{:<52} {:>10.2f} {:>10.2f} {:<7} {:>+7.1f} % {:>4.0f} %  {:<10} {}\n",
             row.at("point"), model.value, *published, row.at("unit"), error, *tolerance,
             row.at("role"),
             within     ? ""
             : predicts ? "MISSES"
                        : "off");
}

int validate(const std::string& program, const std::vector<fs::path>& folders) {
  Count count;
  for (const fs::path& folder : folders) {
    const auto points = read_table((folder / "points.csv").string(), point_columns);
    const auto values = points ? make_runs(program, folder) : std::nullopt;
    if (!values) return 2;
    fmt::print("{}\n{:<52} {:>10} {:>10} {:<7} {:>9} {:>6}\n", folder.filename().string(), "",
               "model", "published", "", "error", "within");
    for (const Row& row : *points) judge(row, *values, count);
    fmt::print("\n");
  }
  fmt::print(
      "{} points calibrate, {} predict, {} stand beside; {} that predict miss their tolerance\n",
      count.calibrating, count.predicting, count.beside, count.missed);
  if (count.broken) return 2;
  return count.missed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace validation

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::string program = "build/release/shootdown";
  std::vector<fs::path> folders;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--program" && i + 1 < argc) {
      program = argv[++i];
    } else {
      folders.emplace_back(word);
    }
  }
  if (folders.empty()) {
    for (const auto& entry : fs::directory_iterator("bench/validation")) {
      if (fs::exists(entry.path() / "points.csv")) folders.push_back(entry.path());
    }
    std::ranges::sort(folders);
  }
  return validation::validate(program, folders);
}
