// SPDX-License-Identifier: Apache-2.0
// check(condition): what this program relies on, in every build type. Like the kernel's BUG_ON(),
// with the condition turned round. A false condition prints where it stands and aborts.
//
// A function and not a macro: fmt and Boost.Intrusive have members of that name, and a macro would
// break them in every file that includes them later.
#pragma once

namespace sim {
[[noreturn]] void check_failed(const char* file, int line, const char* function);

// std::source_location would do, but clang 14 does not accept libstdc++'s.
constexpr void check(bool condition, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE(), const char* function = __builtin_FUNCTION()) {
  if (!condition) [[unlikely]]
    check_failed(file, line, function);
}
}  // namespace sim

using sim::check;  // For all namespaces of this project.
