// SPDX-License-Identifier: Apache-2.0
// The text of strace -f -ttt: one item for each call, signal and end of a task. Calls that were
// interrupted by others are put together again. Nothing here knows what a call means.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/problem.hpp"

namespace language {

struct StraceItem {
  enum class Kind : std::uint8_t { call, signal, exited, killed, superseded };
  enum class Outcome : std::uint8_t { none, value, error };  // None: `= ?`, or it never ended.

  Kind kind = Kind::call;
  std::uint32_t task = 0;      // 0: the only one that there is, which strace does not name.
  std::uint64_t begin_ns = 0;  // Since the first line.
  std::uint64_t end_ns = 0;    // When it returned, as far as the trace says.
  std::string_view name{};     // Of the call or the signal.
  std::string_view text{};     // The call without its result.
  std::vector<std::string_view> arguments{};
  Outcome outcome = Outcome::none;
  std::uint64_t value = 0;   // What it gave back.
  std::string_view error{};  // ENOMEM
  bool injected = false;     // strace has made the result up.
  bool joined = false;       // `text` is no piece of the file.
  Span span{};               // In the line in which it begins.
};

// What was read, in the order of the beginnings.
struct Strace {
  std::vector<StraceItem> items{};
  std::deque<std::string> joined{};    // Calls whose text stood in two places.
  std::vector<std::uint32_t> named{};  // Tasks that strace has announced: "Process 12 attached".
  std::uint32_t lines = 0;             // Not empty.
  std::uint32_t remarks = 0;           // Of strace itself.
  std::uint32_t resumed = 0;           // Second lines of calls.
  std::uint32_t cut = 0;               // Ends of calls that had begun before the trace did.
  Problems problems{};
};

// Each line that cannot be read is a problem with its place.
Strace read_strace(const Sources& sources, SourceId id);

// strace's decoding of a number: 0x10, 16, 020, NULL, and "4096 /* bytes */". None: it is no
// number.
std::optional<std::uint64_t> strace_number(std::string_view text);
// The file of `3</usr/lib/x.so>`, as -y prints it; empty if it does not say.
std::string_view strace_path(std::string_view argument);

}  // namespace language
