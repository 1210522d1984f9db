// SPDX-License-Identifier: Apache-2.0
#pragma once

// Nobody tells the device. The driver looks a page up when the adapter faults and forgets about
// it. No one does so for long: it is what a driver without MMU notifiers and without pins amounts
// to. It fails as soon as a page moves: the adapter goes on using the old frame.

#include "model/policy/policy.hpp"

namespace model {

struct NonePolicy : PolicyDefaults {
  static constexpr std::string_view name = "none";
  static constexpr bool subscribes = false;
  static constexpr bool faults = true;
  static constexpr Guarantees guarantees{
      .promises = bystander | bit(Property::leaked_reference),
      .breaks = all_of({Property::use_after_free, Property::stale_translation,
                        Property::install_in_range, Property::stale_install})};
  enum class Fault : std::uint8_t { walk, install };

  static std::span<const Setting<NonePolicy>> settings() { return {}; }
  static StepNames steps(Hook hook);
  Next fault(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
