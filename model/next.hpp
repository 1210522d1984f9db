// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a flow goes on after one of its steps.

#include <cstdint>

namespace model {

enum class Next : std::uint8_t {
  again,  // The atomic step is over; the flow goes on when its next guard holds.
  pass,   // Go on within the same atomic step.
  call,   // Another flow was put on top; it runs first.
  done,   // The flow is over, and so is the atomic step.
  give,   // The flow is over; its caller goes on within the same atomic step.
};

}  // namespace model
