// SPDX-License-Identifier: Apache-2.0
#include "tests/random/child.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "sim/check.hpp"

namespace random_scenarios {
namespace {

// One finding a line; the first letter says of what kind.
std::string to_lines(const Examined& examined) {
  std::string lines;
  for (const std::string& each : examined.disagreements) lines += fmt::format("d {}\n", each);
  for (const auto& [name, count] : examined.counts) lines += fmt::format("c {} {}\n", count, name);
  lines += fmt::format("s {}\n", examined.states);
  if (!examined.valid) lines += "i\n";
  if (examined.skipped) lines += "k\n";
  return lines;
}

Examined from_lines(const std::string& lines) {
  Examined examined;
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) {
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    std::istringstream words(rest);
    if (line[0] == 'd') examined.disagreements.push_back(rest);
    if (line[0] == 's') words >> examined.states;
    if (line[0] == 'i') examined.valid = false;
    if (line[0] == 'k') examined.skipped = true;
    if (line[0] != 'c') continue;
    std::uint64_t count = 0;
    words >> count;
    words.ignore(1);
    std::string name;
    std::getline(words, name);
    examined.counts[name] = count;
  }
  return examined;
}

void send(int to, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = write(to, bytes.data() + sent, bytes.size() - sent);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

std::string receive(int from) {
  std::string bytes;
  char part[4096];
  for (ssize_t count = 0; (count = read(from, part, sizeof part)) > 0;) {
    bytes.append(part, static_cast<std::size_t>(count));
  }
  return bytes;
}

}  // namespace

Examined examine_apart(const std::string& text, const Limits& limits, unsigned seconds) {
  int ends[2];
  check(pipe(ends) == 0);
  const pid_t child = fork();
  check(child >= 0);
  if (child == 0) {
    close(ends[0]);
    alarm(seconds);
    send(ends[1], to_lines(examine(text, limits)));
    _exit(0);
  }
  close(ends[1]);
  Examined examined = from_lines(receive(ends[0]));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    examined.disagreements.push_back(fmt::format("ended by {}", strsignal(WTERMSIG(status))));
  }
  return examined;
}

}  // namespace random_scenarios
