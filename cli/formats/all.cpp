// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cli/formats/format.hpp"
#include "cli/layout.hpp"

namespace cli {
namespace {

constexpr std::array all{
    FormatInfo{"text", "one line an event", make_text},
    FormatInfo{"lanes", "the [Time N] notation of Documentation/mm/mmu_notifier.rst", make_lanes},
    FormatInfo{"columns", "a column for each actor, steps downward", make_columns},
    FormatInfo{"ftrace", "as trace-cmd report prints it", make_ftrace},
    FormatInfo{"jsonl", "JSON Lines: a manifest, then one object an event", make_jsonl},
};

}  // namespace

std::size_t actor_width(const model::Setup& setup) {
  constexpr std::size_t width_max = 16;
  std::size_t width = 8;
  for (const model::Program& program : setup.programs) {
    width = std::max(width, width_of(program.name));
  }
  for (const model::HostSetup& host : setup.hosts) {
    width = std::max(width, width_of(host.name + ".kworker"));
  }
  return std::min(width, width_max);
}

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
