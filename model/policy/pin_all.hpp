// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pin every page when it is registered and ignore notifiers until release. RDMA drivers without
// on-demand paging and VFIO do so (ib_umem_get(), FOLL_LONGTERM). It is safe from use after free,
// but the memory cannot be reclaimed, and after munmap() or madvise() the device and the program
// see different pages.

#include "model/policy/policy.hpp"

namespace model {

struct PinAllPolicy : PolicyDefaults {
  static constexpr std::string_view name = "pin_all";
  static constexpr bool subscribes = false;
  static constexpr Guarantees guarantees{
      .promises = bystander | all_of({Property::use_after_free, Property::lost_update,
                                      Property::fork_leak, Property::use_after_release,
                                      Property::leaked_reference, Property::foreign_access}),
      .breaks = bit(Property::stale_translation)};
  enum class Register : std::uint8_t { next, installed };
  enum class Release : std::uint8_t { clear, flush, unpin };

  bool unpin = true;
  bool unpin_on_error = true;

  static std::span<const Setting<PinAllPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
