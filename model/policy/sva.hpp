// SPDX-License-Identifier: Apache-2.0
#pragma once

// The device shares the page table of the process (SVA). It is told where the TLBs of the CPUs are
// flushed, under the page table lock; so the driver has nothing to keep, and nothing to look up.
// Intel, AMD and ARM do so. Who tells such a device from range_start or range_end instead is too
// early or too late: the device may walk the table again at any time.
//
//   device                                munmap, reclaim, ...
//   ------                                --------------------
//   ATC? IOTLB? else walk the page        clear the entry
//   table; not there: page request,       flush the CPUs' TLBs
//   and once more                         secondary():
//                                           flush the IOTLB; flush the ATC
//                    <-- invalidate --      wait for the completion, which comes
//                    -- completion -->      behind all writes of the device
//                                         free the page
//                [Required: no access by an entry that was flushed]

#include "model/policy/policy.hpp"

namespace model {

struct SvaPolicy : PolicyDefaults {
  static constexpr std::string_view name = "sva";
  static constexpr std::string_view device = "sva";
  static constexpr Guarantees guarantees{
      .promises =
          all_of({Property::use_after_free, Property::reordered_read, Property::stale_translation,
                  Property::write_without_permission, Property::fork_leak, Property::iova_reuse,
                  Property::unbalanced_notifier, Property::use_after_release,
                  Property::leaked_reference, Property::sleep_in_atomic, Property::lock_cycle,
                  Property::foreign_access, Property::deadlock})};
  static constexpr bool spins = true;
  enum class FlushAt : std::uint8_t { flush, start, end, user };
  enum class OnTimeout : std::uint8_t { block, resubmit, ignore };
  enum class ReuseItag : std::uint8_t { in_turn, at_once };
  enum class BadRequest : std::uint8_t { invalid, failure };
  enum class Step : std::uint8_t { iotlb, atc, send, complete, late_iotlb, drain };

  FlushAt flush_at = FlushAt::flush;
  OnTimeout on_timeout = OnTimeout::block;
  ReuseItag reuse_itag = ReuseItag::in_turn;
  BadRequest bad_request = BadRequest::invalid;
  bool check_itag = true;
  bool count_issued = true;
  bool count_completions = true;
  bool drain_prq = true;
  bool iotlb_first = true;
  bool flush_iotlb = true;
  bool flush_atc = true;
  bool wait_completion = true;

  static std::span<const Setting<SvaPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  Next secondary(Driver& driver, PolicyCall& call) const;
  Next user_flush(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  Next complete(Driver& driver, PolicyCall& call) const;
  Next flush(Driver& driver, PolicyCall& call) const;
  bool flushes(Hook hook) const;
};

}  // namespace model
