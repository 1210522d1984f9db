// SPDX-License-Identifier: Apache-2.0
// Runs the peers that are there in turn, and prints how much faster this project's engine is.
// Others may use the machine meanwhile: ratios are of runs next to each other, and the median of
// several rounds is shown. Exit status 1: two peers have not done the same work.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {
struct Row {
  std::string_view model;
  std::uint32_t pending;
  std::uint64_t events;
};
constexpr std::array rows{
    Row{"hold", 100, 1'000'000},       Row{"hold", 10'000, 1'000'000},
    Row{"hold", 1'000'000, 2'000'000}, Row{"wire", 10'000, 1'000'000},
    Row{"phold", 16'384, 1'000'000},   Row{"timeout", 10'000, 500'000},
    Row{"timeout", 100'000, 500'000},
};

constexpr std::array<std::string_view, 3> peers{"shootdown", "systemc", "ns3"};

struct Measured {
  std::uint64_t nanoseconds = 0;
  std::uint64_t events = 0;
  std::uint64_t sum = 0;
  std::uint64_t bytes = 0;

  double each() const { return static_cast<double>(nanoseconds) / static_cast<double>(events); }
};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  return pclose(pipe) == 0 ? text : std::string();
}

std::string command_of(const std::filesystem::path& program, const Row& row) {
  return fmt::format("'{}' {} {} {}", program.string(), row.model, row.pending, row.events);
}

// The last line: SystemC says who it is first.
std::optional<Measured> measure(const std::filesystem::path& program, const Row& row) {
  std::string text = output_of(command_of(program, row) + " 2>/dev/null");
  if (!text.empty()) text.pop_back();
  const std::string line = text.substr(text.rfind('\n') + 1);
  Measured measured;
  unsigned long long ns = 0;
  unsigned long long events = 0;
  unsigned long long sum = 0;
  unsigned long long bytes = 0;
  if (std::sscanf(line.c_str(), "%llu %llu %llx %llu", &ns, &events, &sum, &bytes) != 4) return {};
  return Measured{.nanoseconds = ns, .events = events, .sum = sum, .bytes = bytes};
}

// Of the measured part, by callgrind: the same under any load.
std::optional<std::uint64_t> instructions(const std::filesystem::path& program, Row row) {
  row.events /= 10;
  const std::string text =
      output_of("valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=/dev/null " +
                command_of(program, row) + " 2>&1");
  const std::size_t found = text.find("Collected : ");
  const std::optional<Measured> measured = measure(program, row);
  if (found == std::string::npos || !measured) return {};
  return std::strtoull(text.c_str() + found + 12, nullptr, 10) / measured->events;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class Comparison {
 public:
  Comparison(std::filesystem::path folder, std::size_t rounds) : rounds_(rounds) {
    for (const std::string_view peer : peers) {
      const auto program = folder / fmt::format("peer_{}", peer);
      if (std::filesystem::exists(program)) there_.push_back({std::string(peer), program});
    }
  }

  bool run() {
    fmt::print("{:<18}{:<11}{:>8}{:>14}{:>9}{:>8}\n", "model", "engine", "ns", "instructions",
               "bytes", "ratio");
    bool equal = true;
    for (const Row& row : rows) equal = compare(row) && equal;
    return equal;
  }

 private:
  struct Peer {
    std::string name;
    std::filesystem::path program;
  };

  bool compare(const Row& row) {
    std::vector<std::vector<Measured>> all(there_.size());
    for (std::size_t round = 0; round < rounds_; ++round) {
      for (std::size_t i = 0; i < there_.size(); ++i) {
        const std::size_t turn = (i + round) % there_.size();
        const std::optional<Measured> measured = measure(there_[turn].program, row);
        if (!measured) {
          fmt::print(stderr, "{} fails\n", command_of(there_[turn].program, row));
          return false;
        }
        all[turn].push_back(*measured);
      }
    }
    for (std::size_t i = 0; i < there_.size(); ++i) print(row, i, all);
    return std::ranges::all_of(all, [&](const std::vector<Measured>& measured) {
      const bool same = measured.front().sum == all.front().front().sum;
      if (!same) fmt::print(stderr, "{} {}: sums differ\n", row.model, row.pending);
      return same;
    });
  }

  void print(const Row& row, std::size_t peer,
             const std::vector<std::vector<Measured>>& all) const {
    std::vector<double> each;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < rounds_; ++round) {
      each.push_back(all[peer][round].each());
      ratios.push_back(all[peer][round].each() / all.front()[round].each());
    }
    // Of this engine alone: the others take minutes.
    const auto counted = peer == 0 ? instructions(there_[peer].program, row) : std::nullopt;
    fmt::print("{:<18}{:<11}{:>8.0f}{:>14}{:>9}{:>8.1f}\n",
               peer == 0 ? fmt::format("{} {}", row.model, row.pending) : "", there_[peer].name,
               median(each), counted ? fmt::format("{}", *counted) : "-", all[peer].front().bytes,
               median(ratios));
    std::fflush(stdout);
  }

  std::size_t rounds_;
  std::vector<Peer> there_;
};
}  // namespace

int main(int argc, char** argv) {
  const unsigned long rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5;
  if (argc > 2 || rounds == 0) {
    fmt::print(stderr, "usage: {} [ROUNDS]\n", argv[0]);
    return 2;
  }
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  return Comparison(folder, rounds).run() ? 0 : 1;
}
