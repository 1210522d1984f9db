// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "cli/scenario.hpp"

namespace cli {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

std::optional<std::vector<std::string>> Journal::lines(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = text->find('\n', begin);
    if (end == std::string::npos) break;  // It was being written when the program ended.
    lines.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

bool Journal::open() {
  const std::string text = read_file(path_).value_or("");
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  // One sweep at a time: the lock is gone when the program is, however it ends.
  if (file_ < 0 || flock(file_, LOCK_EX | LOCK_NB) != 0) return false;
  const std::size_t end = text.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  return ftruncate(file_, static_cast<off_t>(whole)) == 0;
}

bool Journal::add(const std::string& line) { return write_all(file_, line + '\n'); }

bool write_whole(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return false;
  bool good = write_all(file, text);
  good = fsync(file) == 0 && good;
  good = close(file) == 0 && good;
  return good && std::rename(part.c_str(), path.c_str()) == 0;
}

}  // namespace cli
