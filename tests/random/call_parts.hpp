// SPDX-License-Identifier: Apache-2.0
// What random calls are put together from.
#pragma once

#include "tests/random/writer.hpp"

namespace random_scenarios {

Call plain_call(std::string text);  // Its result says whether it worked.
Call value_call(std::string text);  // Its result is what was read.
Call making(Writer& w, std::string text, Object::Kind kind, std::string_view prefix);

// A driver's buffer moves, is revoked and restored, and is imported by a card beside it.
std::optional<Call> buffer_call(Writer& w, std::string_view verb);

// Queues of page requests and faults, and users of a mapping: iommufd_calls.cpp.
std::optional<Call> iommufd_call(Writer& w, std::string_view verb);

// Queues that only receive, what is sent to them, and registrations by flags.
std::optional<Call> queue_call(Writer& w, std::string_view verb);

}  // namespace random_scenarios
