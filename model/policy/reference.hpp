// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `ref_start` and `ref_end` share: a driver with a reference of each page that it has a
// translation of, so that the frame outlives the translation whatever the kernel does. The PFN
// table is the record of these references: what is taken out of it is put when no transfer can use
// it any more.

#include "model/policy/policy.hpp"

namespace model {

struct ReferenceProtocol : PolicyDefaults {
  static constexpr bool faults = true;
  enum class Fault : std::uint8_t {
    read_begin,
    wait,
    walk,
    lock,
    replace,
    drain,
    install,
    unlock,
  };
  enum class Drop : std::uint8_t { lock, take, flush, drain, put };
  enum class Leave : std::uint8_t { lock, take, flush, drain, put, unwatch, gone };

  std::uint32_t retries = 8;
  bool hold = true;
  bool put = true;

  bool holds() const { return hold; }

 protected:
  // Before an install: has an invalidation of the interval run meanwhile?
  enum class Recheck : std::uint8_t { no, yes };

  static StepNames steps_of_fault();
  static StepNames steps_of_drop();
  static StepNames steps_of_leave();
  Next install_held(Driver& driver, PolicyCall& call, Recheck recheck) const;
  Next drop_all(Driver& driver, PolicyCall& call) const;
  Next leave_interval(Driver& driver, PolicyCall& call) const;
  static Wait wait_of_fault(const PolicyCall& call, Recheck recheck);
  static Wait wait_of_drop(const PolicyCall& call);
  static Wait wait_of_leave(const PolicyCall& call);

 private:
  void give_up(Driver& driver, PolicyCall& call) const;
  void put_all(Driver& driver) const;
};

}  // namespace model
