// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is judged of virtual machines alone.

#include "model/rules.hpp"

namespace model {

// KVM has told which pages its guest has written, and counts from anew: what may be written now
// must be in the next log.
PropertySet judge_dirty_log(const Machine& machine, const Event& event);

}  // namespace model
