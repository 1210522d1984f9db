// SPDX-License-Identifier: Apache-2.0
// Protocol: what the searches of the yardstick run. It shares nothing with the memory model: one
// step here is one d_step of the Promela model of the same name, so that states and transitions can
// be compared one to one. The scope is a template argument, which keeps the state tight.
#pragma once

#include "sim/transition_system.hpp"

namespace yardstick {
using sim::Outcome;

template <class P>
concept Protocol = sim::TransitionSystem<P>;
}  // namespace yardstick
