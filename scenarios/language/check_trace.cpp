// SPDX-License-Identifier: Apache-2.0
// Traces: whose they are, and what is on top. The recordings themselves are read in
// lower_trace.cpp.
#include <fmt/format.h>

#include <set>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

// The process that the trace is of: the one that is named, or the only one.
std::optional<std::uint32_t> process_of(Checking& checking, const Trace& trace) {
  if (!trace.actor) {
    if (checking.checked.processes.size() == 1) return 0;
    report(checking, trace.path.span, "say which process it is of: trace \"...\" by NAME");
    return std::nullopt;
  }
  if (trace.actor->parts.size() != 1) {
    report(checking, trace.actor->span, "a trace is of a process");
    return std::nullopt;
  }
  const auto process = find_process(checking, trace.actor->parts.front());
  return process ? std::optional(process->index) : std::nullopt;
}

}  // namespace

void check_traces(Checking& checking) {
  std::set<std::uint32_t> seen;
  each<Trace>(*checking.checked.script, [&](const Trace& trace, Span) {
    const auto process = process_of(checking, trace);
    if (process && !seen.insert(*process).second) {
      report(
          checking, trace.path.span,
          fmt::format("'{}' has a trace already", checking.checked.processes[*process].name.text));
    }
    check_settings(checking, trace.settings, checking.vocabulary.trace_settings, "a trace");
  });
}

}  // namespace language
