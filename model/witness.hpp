// SPDX-License-Identifier: Apache-2.0
#pragma once

// Somebody who looks at the machine at the very moment at which something happens. The trace of a
// step is written when the step is over; a callback sees the page table as it is in between.

#include "model/event.hpp"

namespace model {

struct Machine;

class Witness {
 public:
  virtual ~Witness() = default;
  // `task` is none in an interrupt.
  virtual void saw(const Machine& machine, const Event& event, TaskId task) = 0;
};

}  // namespace model
