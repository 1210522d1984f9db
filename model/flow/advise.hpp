// SPDX-License-Identifier: Apache-2.0
#pragma once

// madvise(), and what else fills or marks memory without changing where it is.

#include "model/flow/zap.hpp"

namespace model {

// madvise() and process_madvise(): each kind of advice under the lock that it needs, up to the
// first VMA that it is not for. The result is EINVAL then, and ENOMEM if there was a hole.
struct Madvise {
  static constexpr std::string_view name = "madvise";
  static constexpr std::array<std::string_view, 7> steps{"lock",    "apply", "walk",  "lock_again",
                                                         "refused", "ended", "unlock"};
  enum class Step : std::uint8_t {
    lock,
    apply,
    walk,
    lock_again,
    refused,
    ended,
    unlock
  } step = Step::lock;
  enum class Hold : std::uint8_t { none, vma, read, write } hold = Hold::none;
  Advice advice = Advice::dontneed;
  bool has_lock = false;
  bool hole = false;  // Some of the pages have no VMA.
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  Page unshared{0};  // Where hugetlb was cut last: its table there is not shared any more.
  Result result = Result::success();

  bool operator==(const Madvise&) const = default;
  // What kind of lock this advice needs: madvise_lock(), which looks at the VMA before.
  static Hold wanted(const Machine& machine, MmId mm, PageRange pages, Advice advice, bool remote);
  Wait guard() const;
  Next run(Context& c);

 private:
  Next apply(Context& c);
  Next zap(Context& c);
  Next walk(Context& c);
  bool refuses(const AddressSpace& space, const Vma& vma, PageRange part) const;
  PageRange accepted(const AddressSpace& space);
  Next remove(Context& c, const Vma& vma, PageRange part);
  Next mark(Context& c);
  Next unlock(Context& c);
};

// madvise_free_single_vma() and madvise_cold(): each entry stays mapped, but is made clean and old
// (MADV_FREE), or old. The former notifies; the latter does not.
struct AgeRange {
  static constexpr std::string_view name = "age_range";
  static constexpr std::array<std::string_view, 7> steps{"start", "lock_ptl", "modify", "flush",
                                                         "set",   "end",      "finish"};
  enum class Step : std::uint8_t {
    start,
    lock_ptl,
    modify,
    flush,
    set,
    end,
    finish
  } step = Step::start;
  bool lazy_free = false;  // MADV_FREE
  bool shoot = true;       // Flush at the end.
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  Page tried{};  // Where a large folio of small entries was to be split.
  Page whole{};  // Up to there such a folio is taken as it is.
  Pte entry{};   // A huge one that was made invalid meanwhile.

  bool operator==(const AgeRange&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  Next modify(Context& c);
  bool splits(Context& c, Pte pte);
};

// populate_vma_page_range(), faultin_page_range(): get_user_pages() over a range, without keeping
// the pages. Also mlock(). The result is ENOMEM where nothing is mapped, EINVAL where it may not be
// so accessed.
struct Populate {
  static constexpr std::string_view name = "populate";
  static constexpr std::array<std::string_view, 2> steps{"next", "got"};
  enum class Step : std::uint8_t { next, got } step = Step::next;
  bool write = false;
  bool by_vma = false;  // __mm_populate(): as each VMA allows, and what has none is passed over.
  bool stops = false;   // At the first page that cannot be had; else with the next VMA.
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;

  bool operator==(const Populate&) const = default;
  Next run(Context& c);

 private:
  bool find_vma(Context& c);
  int reason(Context& c, Result error) const;
};

// mlock(), mlock2(), mlockall() and their opposites.
struct Mlock {
  static constexpr std::string_view name = "mlock";
  static constexpr std::array<std::string_view, 3> steps{"lock", "mark", "populated"};
  enum class Step : std::uint8_t { lock, mark, populated } step = Step::lock;
  bool has_lock = false;
  bool on = true;
  bool all = false;
  bool on_fault = false;    // MLOCK_ONFAULT, MCL_ONFAULT: nothing is faulted in now.
  std::uint8_t future = 0;  // mlockall(): what becomes of later mappings, as lock_all_flag.
  MmId mm{};
  PageRange pages{};

  bool operator==(const Mlock&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool mark(Context& c);
  void change(Vma& vma) const;
};

}  // namespace model
