// SPDX-License-Identifier: Apache-2.0
// The formats in which a run can be shown. A new one is a file here and one line in all.cpp.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/insight.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/timeline.hpp"

namespace cli {

// What a reader must know of a run to make it again.
struct Manifest {
  const Case& what;
  std::uint64_t seed = 1;
  const sim::Path* path = nullptr;  // Of a replay.
  std::uint64_t steps = 0;
  std::optional<std::uint64_t> stem_steps{};  // After these, a loop begins, in which it ends.
  const Decision* decision = nullptr;         // If known.
};

// How much of it.
struct Showing {
  Verbosity verbosity = Verbosity::normal;
  std::uint64_t rows_max = 0;  // 0: all. For people: only the format text heeds it.
  bool why = false;            // With causes. Likewise.
};

struct FormatInfo {
  std::string_view name;
  std::string_view meaning;
  std::unique_ptr<TimelineReader> (*make)(Output& out, const Manifest& manifest,
                                          const Showing& showing);
};

std::span<const FormatInfo> formats();
const FormatInfo* find_format(std::string_view name);  // Or null.
std::vector<std::string> format_names();

// As wide as the longest name of those who act.
std::size_t actor_width(const model::Setup& setup);

std::unique_ptr<TimelineReader> make_text(Output& out, const Manifest& manifest,
                                          const Showing& showing);
std::unique_ptr<TimelineReader> make_lanes(Output& out, const Manifest& manifest,
                                           const Showing& showing);
std::unique_ptr<TimelineReader> make_columns(Output& out, const Manifest& manifest,
                                             const Showing& showing);
std::unique_ptr<TimelineReader> make_ftrace(Output& out, const Manifest& manifest,
                                            const Showing& showing);
std::unique_ptr<TimelineReader> make_jsonl(Output& out, const Manifest& manifest,
                                           const Showing& showing);

}  // namespace cli
