// SPDX-License-Identifier: Apache-2.0
// Where text goes: a stream, a file, or (for tests) a string.
// Invariant: a file that is named by -o is either the old one or the whole new one.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "cli/options.hpp"

namespace cli {

enum class Style : std::uint8_t { plain, good, bad, strong };

class Output {
 public:
  explicit Output(std::FILE* stream) : stream_(stream) {}
  explicit Output(std::string& memory) : memory_(&memory) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();  // What was not committed is thrown away.

  // From here on to that file; false if it cannot be written.
  bool redirect(const std::string& path);
  void set_colour(Colour colour);
  // The text is where it belongs; false if not all of it could be written.
  bool commit();

  void write(std::string_view text);
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }
  // The text with the terminal's codes around it, if this is to be coloured.
  std::string styled(Style style, std::string_view text) const;

 private:
  std::FILE* stream_ = nullptr;
  std::string* memory_ = nullptr;
  bool coloured_ = false;
  bool failed_ = false;
  bool own_ = false;       // The stream is a file that was opened here.
  std::string path_;       // Where the file is to be in the end,
  std::string temporary_;  // and where it is until then. Empty: written in place.
};

bool is_terminal(std::FILE* stream);

}  // namespace cli
