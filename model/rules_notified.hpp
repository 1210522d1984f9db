// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is judged of those who are told of a change, and of those who should have told.

#include "model/rules.hpp"

namespace model {

// Each translation of the registration has a reference of its page.
bool holds(const Machine& machine, MrId mr);

// The callback has returned, and the driver has no reference to excuse what is left.
PropertySet judge_heeded(const Machine& machine, const Event& event);

// The driver whose buffer it is has revoked it, and told all: it does so with its lock held.
bool taken_back(const Machine& machine, MappingId buffer);

// What a driver does itself, it knows without being told.
PropertySet judge_ignored(const Machine& machine, const Event& event);

// Drivers are asked whether a page was used.
PropertySet judge_young(const Machine& machine, const Event& event);

// An entry is taken away or protected: somebody has told of it, and all have heard.
PropertySet judge_change(const Machine& machine, const Event& event);

}  // namespace model
