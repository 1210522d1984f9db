// SPDX-License-Identifier: Apache-2.0
// Any bytes as a trace: read, and made into calls. Whatever they are, nothing crashes, each problem
// has a place, and each line is accounted for.
#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/language/lower.hpp"
#include "scenarios/language/strace.hpp"
#include "sim/check.hpp"

namespace {

language::Sources sources_of(const std::string& text) {
  return language::Sources([text](const std::string& path) -> std::optional<std::string> {
    if (path == "t.strace") return text;
    if (path != "t.sd") return std::nullopt;
    return "host A { cpus 2; device rnic0: rnic { odp on } }\nprocess app on A\n"
           "trace \"t.strace\" by app { touch all; device A.rnic0 }\n";
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  language::Sources sources = sources_of(text);
  const auto id = sources.load("t.strace");
  const language::Strace strace = language::read_strace(sources, *id);
  const std::size_t known =
      strace.items.size() + strace.resumed + strace.remarks + strace.cut + strace.problems.size();
  sim::check(strace.lines <= known);
  const language::Loaded loaded = language::load(sources, "t.sd", {});
  for (const language::Problem& problem : loaded.problems) {
    sim::check(!problem.message.empty());
    sim::check(problem.span.end() <= sources.at(problem.span.source).text.size());
  }
  language::render(sources, loaded.problems);
  return 0;
}
