// SPDX-License-Identifier: Apache-2.0
#pragma once

// A condition over the state of the machine, compiled to postfix form.

#include <vector>

#include "model/memory/ids.hpp"

namespace model {

struct Machine;
using VariableId = sim::Id<struct VariableTag>;

// A result as a number that conditions can compare: errors are negative, signals far below.
inline constexpr std::int64_t signal_base = -100000;
inline constexpr std::int64_t unset = -1000000;

struct Operation {
  enum class Code : std::uint8_t {
    number,         // `constant`
    variable,       // The result in `variable`.
    pte,            // The frame that page `pages.first` of `mm` maps; unset if none.
    value,          // What the program would read there; unset if nothing is.
    refs,           // References of the frame that is mapped there.
    pins,           // Its pins.
    device_tlb,     // The frame that the adapter's TLB names for page `pages.first` of the object
                    // in `variable`; unset if none.
    sequence,       // The interval's sequence number of the registration in `variable`.
    tlb_entries,    // Adapter TLB and PFN entries of the object in `variable`, all adapters.
    active_pages,   // Pages active for users of the handle in `variable`.
    frames_pinned,  // Frames with pins, all hosts.
    frames_free,    // Free frames, all hosts.
    starts_after,   // Call `line` started after call `other` had returned.
    finished,       // Call `line` has returned.
    retries,        // How often call `line` started over.
    faults,         // How many device faults call `line` caused.
    hit,            // A registration cache had what call `line` asked for.
    cached,         // Regions that look-ups find in the registration cache of `mm`.
    queued,         // Unmappings that wait in it.
    copied,         // How many pages a device has read or written for call `line`.
    logical_not,
    negate,
    logical_and,
    logical_or,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    add,
    subtract,
    multiply,
    divide,
  };
  Code code = Code::number;
  // A number; or what `variable` is: 1, an attachment; 2, a cached MR, whose `pages` are those of
  // its process; else an MR.
  std::int64_t constant = 0;
  VariableId variable{};
  MmId mm{};
  PageRange pages{};
  AdapterId adapter{};
  LineId line{};
  LineId other{};
};

using Expression = std::vector<Operation>;

std::int64_t evaluate(const Expression& expression, const Machine& machine);

}  // namespace model

template <>
inline constexpr int sim::kind_of<model::VariableTag> = 7;  // As in model/memory/ids.hpp.
