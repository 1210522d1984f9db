// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace cli {
namespace {

namespace fs = std::filesystem;

// https://no-color.org: set, to anything but nothing.
bool wants_no_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color != nullptr && *no_color != '\0') ||
         (term != nullptr && std::string_view(term) == "dumb");
}

bool coloured(std::FILE* stream, Colour colour) {
  switch (colour) {
    case Colour::always:
      return true;
    case Colour::never:
      return false;
    case Colour::automatic:
      break;
  }
  return is_terminal(stream) && !wants_no_colour();
}

// A device or a pipe is written to, not replaced.
bool can_be_replaced(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  return !fs::exists(status) || fs::is_regular_file(status);
}

}  // namespace

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

Output::~Output() {
  if (!own_) return;
  std::fclose(stream_);
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

bool Output::redirect(const std::string& path) {
  std::error_code error;
  path_ = path;
  if (can_be_replaced(path)) {
    const fs::path real = fs::canonical(path, error);  // A link stays one.
    if (!error) path_ = real.string();
    temporary_ = fmt::format("{}.part-{}", path_, getpid());
  }
  stream_ = std::fopen(temporary_.empty() ? path_.c_str() : temporary_.c_str(), "wb");
  if (stream_ == nullptr) return false;
  own_ = true;
  memory_ = nullptr;
  const fs::file_status old = fs::status(path_, error);
  if (!temporary_.empty() && fs::exists(old)) {
    fs::permissions(temporary_, old.permissions(), error);
  }
  return true;
}

void Output::set_colour(Colour colour) {
  coloured_ = stream_ == nullptr ? colour == Colour::always : coloured(stream_, colour);
}

bool Output::commit() {
  if (memory_ != nullptr) return true;
  failed_ = failed_ || std::fflush(stream_) != 0 || std::ferror(stream_) != 0;
  if (!own_) return !failed_;
  own_ = false;
  failed_ = (std::fclose(stream_) != 0) || failed_;
  stream_ = nullptr;
  if (temporary_.empty()) return !failed_;
  if (failed_ || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    std::remove(temporary_.c_str());
    failed_ = true;
  }
  return !failed_;
}

void Output::write(std::string_view text) {
  if (memory_ != nullptr) {
    memory_->append(text);
  } else if (stream_ != nullptr) {
    failed_ = std::fwrite(text.data(), 1, text.size(), stream_) != text.size() || failed_;
  }
}

std::string Output::styled(Style style, std::string_view text) const {
  if (!coloured_) return std::string(text);
  switch (style) {
    case Style::good:
      return fmt::format("\x1b[32m{}\x1b[0m", text);
    case Style::bad:
      return fmt::format("\x1b[1;31m{}\x1b[0m", text);
    case Style::strong:
      return fmt::format("\x1b[1m{}\x1b[0m", text);
    case Style::plain:
      break;
  }
  return std::string(text);
}

}  // namespace cli
