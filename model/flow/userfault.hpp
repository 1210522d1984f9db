// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a page table is told by hand: userfaultfd, guard regions, soft-dirty and referenced bits,
// the scan of NUMA balancing, pagemap.

#include "model/flow/protect.hpp"

namespace model {

// UFFDIO_REGISTER and UFFDIO_UNREGISTER.
struct UffdRegister {
  static constexpr std::string_view name = "uffd_register";
  static constexpr std::array<std::string_view, 4> steps{"lock", "resolve", "flush", "unlock"};
  enum class Step : std::uint8_t { lock, resolve, flush, unlock } step = Step::lock;
  bool has_lock = false;
  bool on = true;
  std::uint8_t modes = 0;
  MmId mm{};
  PageRange pages{};

  bool operator==(const UffdRegister&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// UFFDIO_WRITEPROTECT, on or off; the scan of NUMA balancing; PAGEMAP_SCAN with
// PM_SCAN_WP_MATCHING: change_protection() under mmap_lock for read.
struct MarkRange {
  static constexpr std::string_view name = "mark_range";
  static constexpr std::array<std::string_view, 4> steps{"lock", "next_vma", "flush", "unlock"};
  enum class Step : std::uint8_t { lock, next_vma, flush, unlock } step = Step::lock;
  ChangeProtection::What what = ChangeProtection::What::uffd_wp;
  MmId mm{};
  PageRange pages{};
  Page cursor{0};

  bool operator==(const MarkRange&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool by_uffd() const;  // UFFDIO_WRITEPROTECT: only of VMAs that are registered for it.
};

// UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE: pages that were not there.
struct UffdFill {
  static constexpr std::string_view name = "uffd_fill";
  static constexpr std::array<std::string_view, 3> steps{"lock", "fill", "unlock"};
  enum class Step : std::uint8_t { lock, fill, unlock } step = Step::lock;
  enum class With : std::uint8_t { copy, zero, cached } with = With::copy;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  Value value = 0;

  bool operator==(const UffdFill&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  int fill(Context& c, Page page);
};

// UFFDIO_MOVE: a page goes from one place of the address space to another.
struct UffdMove {
  static constexpr std::string_view name = "uffd_move";
  static constexpr std::array<std::string_view, 7> steps{"lock", "next", "lock_ptl", "flush",
                                                         "set",  "end",  "unlock"};
  enum class Step : std::uint8_t {
    lock,
    next,
    lock_ptl,
    flush,
    set,
    end,
    unlock
  } step = Step::lock;
  MmId mm{};
  PageRange from{};
  Page to{};
  std::uint32_t cursor = 0;
  Pte entry{};

  bool operator==(const UffdMove&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
};

// /proc/pid/clear_refs: 1 to 3 clear accessed bits, 4 makes everything soft-clean.
struct ClearRefs {
  static constexpr std::string_view name = "clear_refs";
  static constexpr std::array<std::string_view, 6> steps{"lock",  "start", "lock_ptl",
                                                         "flush", "end",   "unlock"};
  enum class Step : std::uint8_t { lock, start, lock_ptl, flush, end, unlock } step = Step::lock;
  bool has_lock = false;
  std::uint8_t kind = 4;
  MmId mm{};

  bool operator==(const ClearRefs&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// MADV_GUARD_INSTALL and MADV_GUARD_REMOVE: entries that refuse every access. What was there is
// zapped first.
struct Guard {
  static constexpr std::string_view name = "guard_range";
  static constexpr std::array<std::string_view, 2> steps{"install", "zapped"};
  enum class Step : std::uint8_t { install, zapped } step = Step::install;
  bool on = true;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Guard&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// DAMON and page idle tracking: was it used? Bits are cleared and subscribers asked, and nothing is
// flushed.
struct AgePages {
  static constexpr std::string_view name = "age_pages";
  static constexpr std::array<std::string_view, 2> steps{"lock", "clear"};
  enum class Step : std::uint8_t { lock, clear } step = Step::lock;
  MmId mm{};
  PageRange pages{};

  bool operator==(const AgePages&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
