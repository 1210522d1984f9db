// SPDX-License-Identifier: Apache-2.0
#pragma once

// The protocol that `handle` and `xpmem` share: users reach pages only after the owner's kernel
// has made them active, and the owner's kernel recalls them from all users before they change.
//
//   owner's kernel                          a user's kernel and card
//   --------------                          ------------------------
//                     <-- activate --       a touch finds pages inactive
//   fault every page in; install the
//   translations in the owner's card;
//   nothing revoked meanwhile?  -- active -->   the user may post
//   range_start():    -- shootdown -->      no new posts; quiesce: transfers
//                                           complete, or are terminated
//                     <-- quiesced --       answer
//   clear the owner's card; then the page table
//              [Required: no transfer on a page whose range_start has returned]

#include "model/device/attachment.hpp"
#include "model/policy/policy.hpp"

namespace model {

// What both promise. Who revokes while others activate may start over for ever.
inline constexpr PropertySet recall_protection = all_of(
    {Property::use_after_free, Property::stale_translation, Property::install_in_range,
     Property::stale_install, Property::lost_update, Property::unbalanced_notifier,
     Property::use_after_release, Property::leaked_reference, Property::coverage_gap,
     Property::false_error, Property::foreign_access, Property::deadlock, Property::quiesce_stuck});

struct RecallProtocol : PolicyDefaults {
  static constexpr bool gated = true;

  enum class Unit : std::uint8_t { handle, page };
  enum class InFlight : std::uint8_t { complete, terminate };
  enum class Scope : std::uint8_t { handle, process };
  enum class Reactivate : std::uint8_t { lazy, eager };
  enum class Revoke : std::uint8_t { parallel, one_by_one };

  enum class Touch : std::uint8_t { check, answered };
  enum class Activate : std::uint8_t { begin, walk, install, grant };
  enum class Start : std::uint8_t { count, shoot, answer, answers, clear, flush, drain, finish };
  enum class Shootdown : std::uint8_t { unmap, quiesce };

  Unit unit = Unit::handle;
  InFlight in_flight = InFlight::complete;
  Scope scope = Scope::process;
  Reactivate reactivate = Reactivate::lazy;
  Revoke revoke = Revoke::parallel;
  std::uint64_t quiesce_timeout = 0;
  std::uint32_t resend = 0;

  // Parts that can be left out, to see what they are for.
  bool gate = true;
  bool recheck = true;
  bool activate_all = true;
  bool shoot_users = true;
  bool wait_answers = true;
  bool unmap_card = true;
  bool quiesce = true;
  bool wait_inflight = true;
  bool clear_owner = true;
  bool signal_on_race = false;
  bool check_number = true;

  static StepNames steps(Hook hook);

  // The user may post to these pages (offsets into the handle) without asking its kernel.
  bool ready(const Attachment& attachment, const AddressSpace& user, PageRange offsets) const;

  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  Next touch(Driver& driver, PolicyCall& call) const;
  Next activate(Driver& driver, PolicyCall& call) const;
  Next shootdown(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  PageRange unit_of(const Driver& driver, const PolicyCall& call) const;
  Next revoke_all(Driver& driver, PolicyCall& call) const;
  Next next_page(Driver& driver, PolicyCall& call) const;
  Next give_up(Driver& driver, PolicyCall& call) const;
  bool overtaken(const Driver& driver, const PolicyCall& call) const;
};

}  // namespace model
