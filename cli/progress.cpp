// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/output.hpp"

namespace cli {
namespace {

constexpr std::chrono::milliseconds before_first{1000};
constexpr std::chrono::milliseconds redrawn_every{200};
constexpr std::chrono::milliseconds printed_every{5000};

ProgressStyle style_for(ProgressStyle wanted) {
  if (wanted == ProgressStyle::automatic && !is_terminal(stderr)) return ProgressStyle::none;
  return wanted;
}

}  // namespace

Progress::Progress(ProgressStyle style) : style_(style_for(style)) {}

void Progress::begin(std::string what) {
  end();
  what_ = std::move(what);
  due_ = Clock::now() + before_first;
}

bool Progress::due() const { return style_ != ProgressStyle::none && Clock::now() >= due_; }

void Progress::show(const std::string& text) {
  if (style_ == ProgressStyle::plain) {
    fmt::print(stderr, "{}: {}\n", what_, text);
    due_ = Clock::now() + printed_every;
    return;
  }
  const std::string line = fmt::format("{}: {}", what_, text);
  fmt::print(stderr, "\r\x1b[K{:.79}", line);
  std::fflush(stderr);
  shown_ = true;
  due_ = Clock::now() + redrawn_every;
}

void Progress::end() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace cli
