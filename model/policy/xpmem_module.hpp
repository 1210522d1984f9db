// SPDX-License-Identifier: Apache-2.0
#pragma once

// XPMEM as it is today: one kernel, and attachments that are VMAs of other processes. A fault takes
// a reference of the owner's page and maps it; range_start() does nothing; range_end() drops the
// references and clears the entries. Source: kernel/xpmem_*.c of openucx/xpmem. The flows are in
// flow/xpmem.hpp: what is here is what they do differently, and when the notifier calls them.
//
//   a user's fault                        the owner's munmap, madvise, ...
//   --------------                        --------------------------------
//   mmap_lock of both; att->mutex         range_start(): nothing
//   get_user_pages() of the owner         change the page table; the reference keeps the page
//   set the entry                         range_end(), if it is the owner's own doing:
//                                           invalidate_mutex; put_page(); clear; flush
//           [Required: no page is freed while an entry or a TLB of a user has it]

#include "model/policy/policy.hpp"

namespace model {

struct XpmemModulePolicy : PolicyDefaults {
  static constexpr std::string_view name = "xpmem_module";
  static constexpr std::string_view device = "xpmem";
  static constexpr Guarantees guarantees{
      .promises = all_of(
          {Property::unbalanced_notifier, Property::sleep_in_atomic, Property::coverage_gap}),
      .breaks = all_of({Property::use_after_free, Property::stale_translation,
                        Property::write_without_permission, Property::install_in_range,
                        Property::stale_install, Property::unmarked_write, Property::lost_update,
                        Property::fork_leak, Property::leaked_reference, Property::lock_cycle,
                        Property::ignored_event, Property::false_error, Property::deadlock})};

  enum class Invalidate : std::uint8_t { end, start } invalidate = Invalidate::end;
  enum class Put : std::uint8_t { before, after } put = Put::before;
  enum class MapWrite : std::uint8_t { always, as_owner } map_write = MapWrite::always;
  bool current_only = true;
  bool serialize = false;
  bool recheck = false;
  bool mark_dirty = false;
  bool attach_locked = true;
  bool close_puts = false;
  bool end_locks = false;
  bool pfn_by_walk = false;
  bool waits_locked = false;
  std::uint32_t faults_before = 16;
  std::uint32_t faults_after = 32;

  static std::span<const Setting<XpmemModulePolicy>> settings();
  static StepNames steps(Hook hook);
  bool holds() const { return true; }
  bool ignores(const PolicyCall& call) const { return current_only && !call.current; }
  Next registered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver&, PolicyCall&) const { return Next::give; }  // A program's: XpmemFault.
  Next range_start(Driver& driver, PolicyCall& call) const;
  Next range_end(Driver& driver, PolicyCall& call) const;
  Next release(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  enum class Step : std::uint8_t { enter, over };
};

}  // namespace model
