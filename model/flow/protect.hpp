// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of permission: mprotect(), and what uses the same walk.

#include "model/flow/zap.hpp"

namespace model {

// change_protection(): the page table of one VMA's part, between start and end. What was changed is
// added to the caller's gather, by way of the task.
struct ChangeProtection {
  static constexpr std::string_view name = "change_protection";
  static constexpr std::array<std::string_view, 6> steps{"next",   "start", "lock_ptl",
                                                         "modify", "end",   "finish"};
  enum class Step : std::uint8_t { next, start, lock_ptl, modify, end, finish } step = Step::next;
  enum class What : std::uint8_t {
    protection,    // As the VMA says now.
    exec_changed,  // Likewise, and every entry differs by a bit that is not kept.
    uffd_wp,       // UFFDIO_WRITEPROTECT
    uffd_resolve,
    numa,  // change_prot_numa(): to be noticed.
  } what = What::protection;
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  PageRange part{};  // Of the bracket that is open.
  Page at{};         // Up to there it is done.

  bool operator==(const ChangeProtection&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange bracket() const;
  bool find_part(Context& c);
  Next modify(Context& c);
  void mark_absent(Context& c);
  void change(Context& c, Page page, const Vma& vma);
};

// mprotect() and pkey_mprotect(): VMA after VMA, and the flush after the last end.
struct Mprotect {
  static constexpr std::string_view name = "mprotect";
  static constexpr std::array<std::string_view, 4> steps{"lock", "next_vma", "flush", "unlock"};
  enum class Step : std::uint8_t { lock, next_vma, flush, unlock } step = Step::lock;
  bool has_lock = false;
  bool read = true;
  bool write = true;
  bool exec = false;
  std::uint8_t pkey = 0;
  int error = 0;
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  Page unshared{0};  // Where hugetlb was cut last: its table there is not shared any more.

  bool operator==(const Mprotect&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next_vma(Context& c);
};

// can_change_pte_writable(): whether the entry may be writable without a fault.
bool may_be_writable(Context& c, const Vma& vma, const Pte& pte);

}  // namespace model
