// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of permission, fork and exit.

#include "model/flow/context.hpp"

namespace model {

// mprotect(): the VMA, then the page table between start and end, then the flush (after end).
struct Mprotect {
  static constexpr std::string_view name = "mprotect";
  static constexpr std::array<std::string_view, 7> steps{"lock",  "change_vma", "start", "modify",
                                                         "ended", "flush",      "unlock"};
  enum class Step : std::uint8_t {
    lock,
    change_vma,
    start,
    modify,
    ended,
    flush,
    unlock
  } step = Step::lock;
  bool read = true;
  bool write = true;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Mprotect&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  Next change_vma(Context& c);
};

// fork(): copies the private memory of `parent` into the empty address space `child`. A frame that
// is pinned is copied at once (copy_present_page()), so that the device stays with the parent.
struct Fork {
  static constexpr std::string_view name = "fork";
  static constexpr std::array<std::string_view, 7> steps{"lock",  "next_vma", "copy",  "end",
                                                         "flush", "unlock",   "finish"};
  enum class Step : std::uint8_t {
    lock,
    next_vma,
    copy,
    end,
    flush,
    unlock,
    finish
  } step = Step::lock;
  MmId parent{};
  MmId child{};
  std::uint32_t vma = 0;
  std::uint32_t cursor = 0;

  bool operator==(const Fork&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range(Context& c) const;
  Next next_vma(Context& c);
  Next copy(Context& c);
  bool copy_page(Context& c, const Vma& area, Page page);
};

// exit_mmap(): release first, then everything is unmapped.
struct Exit {
  static constexpr std::string_view name = "exit";
  static constexpr std::array<std::string_view, 6> steps{"begin",    "interval", "listener",
                                                         "released", "zap",      "finish"};
  enum class Step : std::uint8_t {
    begin,
    interval,
    listener,
    released,
    zap,
    finish
  } step = Step::begin;
  MmId mm{};
  std::uint32_t cursor = 0;  // Among the intervals.
  MrId listener{};           // The last that was called.

  bool operator==(const Exit&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next released(Context& c);
};

}  // namespace model
