// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hold a reference of each page that has a translation, and drop translation and reference in
// range_start. Drivers of the first years with get_user_pages() and their own page tables did so,
// and V6 of Lameter's patches (2008) asked for it. The frame outlives the translation, so that a
// mistake shows as stale data and not as use after free; without its check a fault that loses the
// race installs a page that is gone.
//
//   device fault                          munmap, reclaim, ...
//   ------------                          --------------------
//   q = read_begin()                      range_start():
//   look the page up, get_page()            lock; set_sequence; clear PFN table; flush adapter TLB
//   lock                                    wait for transfers in flight; put_page(); unlock
//   read_retry(q) ? put, start over       change the page table: no reference is in its way
//   install; unlock                       range_end()
//                [Required: no translation of a page whose range_start has returned]

#include "model/policy/reference.hpp"

namespace model {

struct RefStartPolicy : ReferenceProtocol {
  static constexpr std::string_view name = "ref_start";
  static constexpr Guarantees guarantees{.promises = full_protection};

  bool recheck = true;
  bool drop = true;

  static std::span<const Setting<RefStartPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next range_start(Driver& driver, PolicyCall& call) const;
  bool ignores(const PolicyCall&) const { return !drop; }
  Wait guard(const PolicyCall& call) const;

 private:
  Recheck how() const { return recheck ? Recheck::yes : Recheck::no; }
};

}  // namespace model
