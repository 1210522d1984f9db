// SPDX-License-Identifier: Apache-2.0
// Who waits for what, and for whom, where an execution gets stuck: the wait-for chain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/scenario.hpp"
#include "model/verdict.hpp"

namespace cli {

struct Waiting {
  std::string who{};                   // app.t0 in munmap(buf)
  std::string what{};                  // the mmap_lock of app
  std::vector<std::string> holders{};  // Who would have to act; empty: no task.
  bool lock = false;                   // They hold it.
  model::LineId line{};                // On whose behalf it waits.
  bool passed_over = false;            // In a loop: it could go on now and then.
};
std::string text_of(const Waiting& waiting);
// What a task of that world waits for: "the mmap_lock of app".
std::string waited_for(const Case& what, const model::World& world, const model::Blocked& blocked);

struct Going {  // In a loop.
  std::string who{};
  model::LineId line{};
};

struct Waits {
  std::vector<Waiting> list{};  // Each followed by one whom it waits for, as far as there is one.
  std::vector<Going> going{};
  std::string conclusion{};  // Why nobody can go on; empty where somebody can.
  bool ring = false;         // They wait for each other.
};

// At the end of the example, where all is at rest.
Waits waits_at_rest(const Case& what, const model::ClaimResult& result);
// In the loop that the example ends with.
Waits waits_in(const Case& what, const model::ClaimResult& result, const model::Cycle& cycle);

std::string_view fairness_text(const model::Cycle& cycle);

}  // namespace cli
