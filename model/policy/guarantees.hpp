// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a policy says of itself. It promises what it is for, in every scenario in which its own
// settings have their defaults; it is known to break what a scenario shows to be broken. What is in
// neither set is not promised.

#include <initializer_list>

#include "model/rules.hpp"

namespace model {

constexpr PropertySet all_of(std::initializer_list<Property> properties) {
  PropertySet all = 0;
  for (const Property property : properties) all |= bit(property);
  return all;
}

struct Guarantees {
  PropertySet promises = 0;
  PropertySet breaks = 0;

  bool operator==(const Guarantees&) const = default;
  constexpr bool consistent() const { return (promises & breaks) == 0; }
};

// What whoever hears every invalidation in time, and checks before each install, can promise.
inline constexpr PropertySet full_protection = all_of({Property::use_after_free,
                                                       Property::stale_translation,
                                                       Property::write_without_permission,
                                                       Property::install_in_range,
                                                       Property::stale_install,
                                                       Property::unmarked_write,
                                                       Property::lost_update,
                                                       Property::fork_leak,
                                                       Property::reordered_read,
                                                       Property::unbalanced_notifier,
                                                       Property::use_after_release,
                                                       Property::leaked_reference,
                                                       Property::sleep_in_atomic,
                                                       Property::lock_cycle,
                                                       Property::coverage_gap,
                                                       Property::ignored_event,
                                                       Property::false_error,
                                                       Property::foreign_access,
                                                       Property::deadlock,
                                                       Property::fault_stuck,
                                                       Property::livelock});

// What whoever takes part in nothing cannot break.
inline constexpr PropertySet bystander =
    all_of({Property::unbalanced_notifier, Property::sleep_in_atomic, Property::lock_cycle,
            Property::deadlock});

}  // namespace model
