// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages whose entries are replaced by others of the same content, or of a patched one: KSM, and
// uprobes.

#include "model/flow/notify.hpp"

namespace model {

// write_protect_page() and replace_page() of mm/ksm.c, __replace_page() of uprobes: the entry of
// one page is made read-only, or names another frame, between a start and an end.
struct ReplaceEntry {
  static constexpr std::string_view name = "replace_entry";
  static constexpr std::array<std::string_view, 6> steps{"start", "lock_ptl", "flush",
                                                         "set",   "end",      "finish"};
  enum class Step : std::uint8_t { start, lock_ptl, flush, set, end, finish } step = Step::start;
  bool notify = true;
  bool tells = false;      // ptep_clear_flush_notify(), where that makes a difference.
  bool drop = false;       // Nothing takes the entry's place.
  bool alone = false;      // Only if no reference is left but ours: write_protect_page().
  bool dirty = false;      // The new entry.
  bool exclusive = false;  // Likewise.
  MmId mm{};
  Page page{};
  FrameId expected{};
  FrameId fresh{};  // None: the same, read-only and clean. Else with a reference for the map.
  Value patch = 0;  // Is added to the content while nothing is mapped.
  Pte entry{};
  bool page_told = false;  // Those with invalidate_page() know.

  bool operator==(const ReplaceEntry&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range(const Context& c) const;
  Next set(Context& c);
};

// ksmd: full scans until nothing is merged any more. Pages are compared in the order of addresses.
// A page that cannot be merged is left alone.
struct KsmScan {
  static constexpr std::string_view name = "ksm_scan";
  static constexpr std::array<std::string_view, 7> steps{
      "lock", "next", "protected", "protect", "replace", "merged", "unlock"};
  enum class Step : std::uint8_t {
    lock,
    next,
    protected_,
    protect,
    replace,
    merged,
    unlock
  } step = Step::lock;
  MmId mm{};
  Page cursor{0};  // Pages before it are done with.
  Page tree{};     // The page that another one was found equal to.
  Page page{};     // The page that is merged.
  FrameId kept{};  // The frame that all of them get. With a reference of ours.
  FrameId old{};   // The frame that the page had. With a reference of ours, and locked.

  bool operator==(const KsmScan&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  Next keep(Context& c);
  Next protect(Context& c);
  Next give_up(Context& c);
};

// ksm_might_need_to_copy(): the page that comes from swap is mapped elsewhere already, and its
// reverse map would not find this place. A copy of it, or none if there is no memory.
std::optional<FrameId> copy_unmerged(Context& c, FrameId frame);
// unmerge_ksm_pages(): each merged page gets a copy of its own. The caller holds mmap_lock, or it
// is taken here.
struct Unmerge {
  static constexpr std::string_view name = "unmerge";
  static constexpr std::array<std::string_view, 5> steps{"lock", "next", "broken", "awaited",
                                                         "unlock"};
  enum class Step : std::uint8_t { lock, next, broken, awaited, unlock } step = Step::next;
  bool locks = false;
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  Wait what{};
  Result result = Result::success();

  bool operator==(const Unmerge&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
};

// /sys/kernel/mm/ksm/run = 2: no page of the host stays merged.
struct UnmergeAll {
  static constexpr std::string_view name = "unmerge_all";
  static constexpr std::array<std::string_view, 1> steps{"next"};
  enum class Step : std::uint8_t { next } step = Step::next;
  HostId host{};
  std::uint32_t cursor = 0;

  bool operator==(const UnmergeAll&) const = default;
  Next run(Context& c);
};

// A uprobe is set on an instruction of the page, or taken away: the page gets a private copy, in
// which the instruction is patched.
struct Uprobe {
  static constexpr std::string_view name = "uprobe";
  static constexpr std::array<std::string_view, 7> steps{"lock",  "get",     "got",   "wait",
                                                         "patch", "patched", "unlock"};
  enum class Step : std::uint8_t { lock, get, got, wait, patch, patched, unlock } step = Step::lock;
  bool has_lock = false;
  bool enable = true;
  MmId mm{};
  Page page{};
  Wait what{};
  Result result = Result::success();

  bool operator==(const Uprobe&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next get(Context& c);
  Next patch(Context& c);
};

}  // namespace model
