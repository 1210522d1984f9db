// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/formats/format.hpp"

namespace cli {
namespace {

constexpr std::array all{
    FormatInfo{"text", "one line an event", make_text},
    FormatInfo{"lanes", "the [Time N] notation of Documentation/mm/mmu_notifier.rst", make_lanes},
    FormatInfo{"ftrace", "as trace-cmd report prints it", make_ftrace},
    FormatInfo{"jsonl", "JSON Lines: a manifest, then one object an event", make_jsonl},
};

}  // namespace

std::span<const FormatInfo> formats() { return all; }

const FormatInfo* find_format(std::string_view name) {
  for (const FormatInfo& format : all) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatInfo& format : all) names.emplace_back(format.name);
  return names;
}

}  // namespace cli
