// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pass handles instead of endpoint identifiers; a process may use its card only while every page
// of every handle it holds is active, and pages are recalled from all users before they change.
// R. Holt proposed it for InfiniBand on linux-kernel, 17 Feb 2008; nobody built it. It costs an
// activation of the whole for one page that moves; it fails if a user can post unasked.

#include "model/policy/recall.hpp"

namespace model {

struct HandlePolicy : RecallProtocol {
  static constexpr std::string_view name = "handle";
  static constexpr Guarantees guarantees{.promises =
                                             recall_protection | bit(Property::partial_activation)};

  bool all_or_nothing() const { return unit == Unit::handle; }

  static std::span<const Setting<HandlePolicy>> settings();
};

}  // namespace model
