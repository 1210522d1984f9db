// SPDX-License-Identifier: Apache-2.0
// Mechanisms: what keeps a device honest and can be taken away: the settings of the policies in
// force that are `yes` unless a scenario says otherwise, and the switches of the kernel.
#pragma once

#include <string>
#include <vector>

#include "model/setup.hpp"

namespace language {

struct Mechanism {
  std::string name;   // recheck
  std::string value;  // What to set it to so that it is gone: no; active
};

// All that are in force, and each way to take one away: of the policies, then of the kernel.
std::vector<Mechanism> mechanisms(const model::Setup& setup);

// Gives a setting this value, in all policies in force that have it; else a switch of the kernel.
// False: there is no such setting, or it has no such value.
bool set_mechanism(model::Setup& setup, const Mechanism& wanted);

}  // namespace language
