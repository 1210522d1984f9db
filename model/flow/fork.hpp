// SPDX-License-Identifier: Apache-2.0
#pragma once

// The beginning and the end of an address space: fork(), exec() and exit().

#include "model/flow/zap.hpp"

namespace model {

// fork(): copies the private memory of `parent` into the empty address space `child`. A frame that
// is pinned is copied at once (copy_present_page()), so that the device stays with the parent.
struct Fork {
  static constexpr std::string_view name = "fork";
  static constexpr std::array<std::string_view, 9> steps{
      "lock", "next_vma", "copied", "copy", "end", "fail", "flush", "unlock", "undone"};
  enum class Step : std::uint8_t {
    lock,
    next_vma,
    copied,  // A VMA of hugetlb.
    copy,
    end,
    fail,
    flush,
    unlock,
    undone,
  } step = Step::lock;
  bool has_lock = false;
  bool failed = false;
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MmId parent{};
  MmId child{};
  Page cursor{0};          // Where the next VMA is looked for.
  PageRange pages{};       // Of the VMA that is copied.
  std::uint32_t done = 0;  // Of its pages.

  bool operator==(const Fork&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  Next next_vma(Context& c);
  Next copy(Context& c);
  bool copy_page(Context& c, const Vma& area, Page page);
  void copy_huge(Context& c, Page first);
  void copy_guards(Context& c) const;
};

// copy_huge_pmd() and copy_hugetlb_page_range() of a page that is being moved: for the child as
// well, and for neither to write to if it is private.
void share_migration(Context& c, MmId parent, MmId child, Page first, const Vma& vma);

// A fatal signal is dealt with on the way back to the program: do_exit().
struct Die {
  static constexpr std::string_view name = "die";
  static constexpr std::array<std::string_view, 2> steps{"exit", "gone"};
  enum class Step : std::uint8_t { exit, gone } step = Step::exit;
  MmId mm{};

  bool operator==(const Die&) const = default;
  Next run(Context& c);
};

// vfork(): the child runs in the parent's address space until it has one of its own, or ends.
struct Vfork {
  static constexpr std::string_view name = "vfork";
  static constexpr std::array<std::string_view, 1> steps{"borrow"};
  enum class Step : std::uint8_t { borrow } step = Step::borrow;
  MmId parent{};
  MmId child{};

  bool operator==(const Vfork&) const = default;
  Next run(Context& c);
};

// exit_mmap(): release first, then everything is unmapped. Also the old memory at exec().
struct Exit {
  static constexpr std::string_view name = "exit";
  static constexpr std::array<std::string_view, 16> steps{
      "begin", "threads", "held",       "interval", "finish_pass", "listener", "released", "lock",
      "zap",   "unlock",  "lock_write", "unlink",   "tables",      "flush",    "finish",   "renew"};
  enum class Step : std::uint8_t {
    begin,
    threads,  // Its other threads are still in calls.
    held,     // Somebody keeps the address space alive.
    interval,
    finish_pass,
    listener,
    released,
    lock,
    zap,
    unlock,
    lock_write,
    unlink,
    tables,
    flush,
    finish,
    renew,
  } step = Step::begin;
  bool has_lock = false;
  bool renew = false;  // exec(): the process goes on, with an empty address space.
  MmId mm{};
  std::uint32_t cursor = 0;  // Among the intervals.
  MrId listener{};           // The last that was called.
  MappingId mapping{};       // Whose reverse map is to be left.

  bool operator==(const Exit&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next released(Context& c);
  Next unlink(Context& c);
};

// mmu_notifier_unregister() of a mm that lives: whoever is told of its changes gets a release.
struct Unregister {
  static constexpr std::string_view name = "notifier_unregister";
  static constexpr std::array<std::string_view, 1> steps{"release"};
  enum class Step : std::uint8_t { release } step = Step::release;
  MmId mm{};

  bool operator==(const Unregister&) const = default;
  Next run(Context& c);
};

}  // namespace model
