// SPDX-License-Identifier: Apache-2.0
#pragma once

// What can be made to go wrong, one row of a table each: as a property of a call, as a setting, or
// as a call of its own. docs/faults.md says of each what it does and which scenario shows it.

#include <cstdint>
#include <span>
#include <string_view>

#include "model/call.hpp"
#include "sim/event_queue.hpp"

namespace model {

// What a property of a call does to it.
enum class Injection : std::uint8_t {
  none,          // It is not written as a property.
  fail_nth,      // The n-th allocation fails: should_failslab(), should_fail_alloc_page().
  signal,        // A signal with a handler comes while it runs, and
  fatal_signal,  // one that kills.
};

struct InjectionInfo {
  std::string_view name;
  std::string_view written;  // How a scenario says it.
  std::string_view meaning;
  Injection property = Injection::none;
  // The calls that it may be attached to; null: it is no property.
  bool (*fits)(Verb) = nullptr;
};
std::span<const InjectionInfo> injection_list();

// What the properties of one call say.
struct Injected {
  std::uint16_t fail_nth = 0;  // 0: none.
  Injection signal = Injection::none;
  sim::Nanoseconds signal_after = 0;  // After the call's start; an exploration tries every moment.

  bool operator==(const Injected&) const = default;
};

}  // namespace model
