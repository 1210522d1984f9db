// SPDX-License-Identifier: Apache-2.0
#pragma once

// The properties that `never` names. Each is a pure function over the machine: judged when an
// event of a certain kind happens, or when nothing can happen any more.
//
// Where one fault would break several rules at once, the most telling one is named: an access to a
// frame that was given back is a use after free and not a stale translation as well.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/memory/ids.hpp"

namespace model {

struct Machine;
struct Event;

enum class Property : std::uint8_t {
  use_after_free,            // S1
  stale_translation,         // S2
  write_without_permission,  // S3
  install_in_range,          // S4
  stale_install,             // S5
  unmarked_write,            // S6
  missed_use,                // S7
  lost_update,               // S8
  fork_leak,                 // S9
  reordered_read,            // S10
  unbalanced_notifier,       // S11
  use_after_release,         // S12
  leaked_reference,          // S13
  sleep_in_atomic,           // S14
  lock_cycle,                // S15
  coverage_gap,              // S16
  ignored_event,             // S17
  iova_reuse,                // S18
  partial_activation,        // S20
  false_error,               // S21
  foreign_access,            // S22
  deadlock,
  quiesce_stuck,    // L1
  fault_stuck,      // L3
  livelock,         // L4
  starvation,       // L7
  unbounded_queue,  // L8
  count,
};

using PropertySet = std::uint32_t;
constexpr PropertySet bit(Property property) {
  return PropertySet{1} << static_cast<unsigned>(property);
}

struct PropertyInfo {
  std::string_view name;
  std::string_view code;  // In the list of invariants, docs/properties.md.
  std::string_view meaning;
};

inline constexpr std::array<PropertyInfo, static_cast<std::size_t>(Property::count)> property_table{
    {
        {"use_after_free", "S1", "an access takes effect in a frame that was given back"},
        {"stale_translation", "S2",
         "a device access takes effect in a frame that its page does not map any more"},
        {"write_without_permission", "S3",
         "a device write takes effect where the page table forbids writing"},
        {"install_in_range", "S4",
         "a translation is installed between range_start and range_end of its page"},
        {"stale_install", "S5",
         "a translation is installed from a lookup that an invalidation has overtaken"},
        {"unmarked_write", "S6", "a page that a device has written, or may write, counts as clean"},
        {"missed_use", "S7", "a driver answers wrongly whether its device has used a page"},
        {"lost_update", "S8", "a completed write is missing from what is kept of the page"},
        {"fork_leak", "S9", "a device write for one process reaches a private page of another"},
        {"reordered_read", "S10",
         "a device sees a later write of a program, and then not an earlier one"},
        {"unbalanced_notifier", "S11", "range_start and range_end do not match at rest"},
        {"use_after_release", "S12", "a translation is made or left after release returned"},
        {"leaked_reference", "S13", "a pin or a reference is never dropped, or dropped twice"},
        {"sleep_in_atomic", "S14", "somebody waits who must not sleep"},
        {"lock_cycle", "S15",
         "locks are taken in orders that form a circle, whether it is hit or not"},
        {"coverage_gap", "S16",
         "a page changes that no open range covers, or a driver keeps what a range covers"},
        {"ignored_event", "S17", "a driver ignores a notification that is not about its own doing"},
        {"iova_reuse", "S18", "an IOVA is used again while a TLB has what it stood for"},
        {"partial_activation", "S20",
         "a user may post while a page of its handles has no translation in the owner's card"},
        {"false_error", "S21", "SIGBUS or an error completion though the page can be mapped"},
        {"foreign_access", "S22", "a device access takes effect with a key that was taken back"},
        {"deadlock", "D", "operations wait for each other for ever"},
        {"quiesce_stuck", "L1", "a revocation waits for ever for a card to answer"},
        {"fault_stuck", "L3",
         "a device fault goes on for ever though its page can be mapped and nothing changes it"},
        {"livelock", "L4", "an operation starts over for ever"},
        {"starvation", "L7", "an operation waits for ever while others go on"},
        {"unbounded_queue", "L8", "a queue grows beyond its bound"},
    }};

// The rules that `event` breaks, given the machine as it is when the event happens.
// `task` caused it.
PropertySet judge(const Machine& machine, const Event& event, TaskId task);

// The rules to which `event` gives something to judge, then or at the end: a rule that never gets
// anything holds of nothing.
PropertySet exercised_by(const Machine& machine, const Event& event);

// The rules that are broken when nothing can happen any more. `stuck`: tasks in the middle of an
// operation. While there are any, what they hold is not counted as leaked.
PropertySet judge_at_rest(const Machine& machine, std::span<const TaskId> stuck);

}  // namespace model
