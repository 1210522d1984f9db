// SPDX-License-Identifier: Apache-2.0
// What happens in a run as Linux's tracepoints tell it (include/trace/events/ and
// arch/x86/include/asm/trace/exceptions.h), where there is one for it. Others have the names of
// `list events`.
#pragma once

#include <map>
#include <string>

#include "cli/timeline.hpp"

namespace cli {

struct Tracepoint {
  std::string name{};
  std::string arguments{};
  model::CpuId cpu{};  // Where it happens, if not on the task's.
};

// Names what happens, step by step. Some tracepoints tell of several events, so that it remembers
// what each task does.
class Tracepoints {
 public:
  explicit Tracepoints(const model::Setup& setup) : setup_(setup) {}

  // A call that the task has begun or ended, or an event.
  Tracepoint of(const Happening& happening);
  // What an inner step stands for beyond its events; without a name if for nothing.
  Tracepoint of_step(const Happening& inner, const TimelineStep& step, const model::World& world);

 private:
  struct Task {
    std::uint32_t accesses = 0;  // Of its call.
    std::uint32_t migrated = 0;  // Folios, by the migration that it is in.
    bool collapsed = false;
  };
  Tracepoint page_fault(const Happening& inner, const model::World& world);
  Tracepoint flush(const Happening& happening) const;

  const model::Setup& setup_;
  std::map<std::uint32_t, Task> tasks_;
};

// The name of the system call that a call of the scenario stands for; empty if it is none.
std::string_view system_call(const model::Call& call);

}  // namespace cli
