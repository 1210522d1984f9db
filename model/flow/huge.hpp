// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transparent huge pages: fault, write, split and collapse.

#include "model/flow/zap.hpp"
#include "model/result.hpp"

namespace model {

// do_huge_pmd_anonymous_page(): the huge zero page for a read, a huge page for a write; small pages
// where there is none.
struct HugeFault {
  static constexpr std::string_view name = "huge_fault";
  static constexpr std::array<std::string_view, 1> steps{"map"};
  enum class Step : std::uint8_t { map } step = Step::map;
  bool write = false;
  MmId mm{};
  Page first{};

  bool operator==(const HugeFault&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// do_huge_pmd_wp_page(): a write to a huge entry that is not writable. What cannot be reused is
// split, and copied page by page.
struct HugeWrite {
  static constexpr std::string_view name = "huge_write";
  static constexpr std::array<std::string_view, 7> steps{"decide", "start", "lock_ptl", "flush",
                                                         "set",    "end",   "finish"};
  enum class Step : std::uint8_t {
    decide,
    start,
    lock_ptl,
    flush,
    set,
    end,
    finish
  } step = Step::decide;
  MmId mm{};
  Page page{};
  FrameId fresh{};  // In place of the huge zero page.

  bool operator==(const HugeWrite&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next decide(Context& c);
};

// split_folio(): every page becomes a folio of its own. All entries are migration entries
// meanwhile. The result is EBUSY if others have references.
struct SplitFolio {
  static constexpr std::string_view name = "split_folio";
  static constexpr std::array<std::string_view, 10> steps{
      "hold", "lock", "unmap", "again", "lock_ptl", "flush", "ended", "split", "remap", "unlock"};
  enum class Step : std::uint8_t {
    hold,
    lock,
    unmap,
    again,
    lock_ptl,
    flush,
    ended,
    split,
    remap,
    unlock
  } step = Step::hold;
  bool tries = false;  // folio_trylock(): a folio that is locked is left alone, EAGAIN.
  FrameId frame{};
  FrameId held{};  // Its page of which the caller has a reference; none: it has none.
  MmId mm{};       // Of the mapping that is being split.
  PageRange part{};
  Result result = Result::success();

  bool operator==(const SplitFolio&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next unmap(Context& c);
  bool freeze(Context& c) const;
  Next split(Context& c);
  Next remap(Context& c);
};

// collapse_huge_page(): small pages become one huge one; for MADV_COLLAPSE and khugepaged.
struct Collapse {
  static constexpr std::string_view name = "collapse";
  static constexpr std::array<std::string_view, 14> steps{
      "next",     "lock_read", "swap_in", "swapped", "lock",   "lock_rmap", "start",
      "lock_ptl", "end",       "isolate", "map",     "unlock", "file",      "finish"};
  enum class Step : std::uint8_t {
    next,
    lock_read,
    swap_in,
    swapped,
    lock,
    lock_rmap,
    start,
    lock_ptl,
    end,
    isolate,
    map,
    unlock,
    file,
    finish
  } step = Step::next;
  bool asked = false;  // MADV_COLLAPSE: also where nobody advised it.
  bool has_lock = false;
  std::uint16_t collapsed = 0;
  int file_error = 0;  // Why a file's pages could not be collapsed.
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  Page first{};
  FrameId head{};
  MappingId anon{};  // Of the VMA: its rmap lock is held until the small pages are isolated.

  bool operator==(const Collapse&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  Next swap_in(Context& c);
  std::optional<Page> absent(Context& c) const;
  std::optional<PageRange> next_span(Context& c) const;
  bool suits(Context& c, PageRange span) const;
  void hide(Context& c, bool hidden);
  void copy(Context& c);
};

// The debugfs file split_huge_pages: each huge page of a range.
struct SplitHugePages {
  static constexpr std::string_view name = "split_huge_pages";
  static constexpr std::array<std::string_view, 3> steps{"lock", "next", "unlock"};
  enum class Step : std::uint8_t { lock, next, unlock } step = Step::lock;
  MmId mm{};
  PageRange pages{};
  Page cursor{0};

  bool operator==(const SplitHugePages&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// Whether others may map the folio of that entry: folio_maybe_mapped_shared().
bool mapped_shared(const Machine& machine, MmId mm, const Pte& pte);
// Whether all that map the folio are of one address space.
bool mapped_only_by(const Machine& machine, FrameId head, MmId mm);

}  // namespace model
