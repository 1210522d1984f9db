// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory of devices in a process's address space: migration there and back, exclusive use, and a
// driver's mirror of the page table.

#include "model/flow/paging.hpp"
#include "model/flow/reclaim.hpp"

namespace model {

// migrate_vma_setup(), _pages() and _finalize(): as a driver moves a range, to the memory of a
// device or to ordinary memory.
struct MigrateVma {
  static constexpr std::string_view name = "migrate_vma";
  static constexpr std::array<std::string_view, 18> steps{
      "lock",   "start",     "lock_ptl", "collect", "split",       "replace",
      "flush",  "flushed",   "end",      "unmap",   "start_holes", "fill",
      "filled", "end_holes", "copy",     "map",     "finalize",    "unlock"};
  enum class Step : std::uint8_t {
    lock,
    start,
    lock_ptl,
    collect,
    split,
    replace,
    flush,
    flushed,
    end,
    unmap,
    start_holes,
    fill,
    filled,
    end_holes,
    copy,
    map,
    finalize,
    unlock,
  } step = Step::lock;
  bool locks = true;      // mmap_lock is taken here; else the caller holds what it needs.
  DeviceOwner owner = 0;  // pgmap_owner: of the range, and of the memory that pages leave.
  bool to_device = false;
  bool from_device = false;
  bool any = false;      // Something was taken out of the page table.
  bool no_room = false;  // Nowhere to move a page to.
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  std::uint32_t unmapped = 0;
  std::uint32_t moved = 0;
  std::uint32_t first_hole = 0xffffffff;
  bool replaced = false;  // The zero page was in the hole.
  FrameId fresh{};        // For the hole.
  Pte entry{};            // That is being replaced.
  MrId mr{};              // The driver's mirror of the range, which it keeps up to date itself.

  bool operator==(const MigrateVma&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  NotifierRange holes() const;
  Next collect(Context& c);
  bool takes(Context& c, Pte pte) const;
  bool splits(Context& c, Pte pte) const;
  Next split(Context& c, Pte pte);
  void give_back(Context& c, Page page);
  Next fill(Context& c);
  Next filled(Context& c);
  Next copy(Context& c);
  Next map(Context& c);
  Next finalize(Context& c);
  void remap(Context& c, Page page, FrameId from, FrameId target);
  bool refuses(Context& c) const;
  std::optional<FrameId> allocate(Context& c, Page page) const;
};

// A CPU touches a page of device-private memory: the driver brings it back.
struct MigrateToRam {
  static constexpr std::string_view name = "migrate_to_ram";
  static constexpr std::array<std::string_view, 2> steps{"ask", "answered"};
  enum class Step : std::uint8_t { ask, answered } step = Step::ask;
  MmId mm{};
  Page page{};

  bool operator==(const MigrateToRam&) const = default;
  Next run(Context& c);

 private:
  DeviceOwner owner(Context& c) const;
};

// The mirror of that device and that process; none if it has not opened the device.
MrId mirror_of(const Machine& machine, AdapterId adapter, MmId mm);

// make_device_exclusive(): entry by entry, so that a CPU that touches the page must ask for it.
struct MakeExclusive {
  static constexpr std::string_view name = "make_device_exclusive";
  static constexpr std::array<std::string_view, 12> steps{
      "lock",     "next",  "got", "awaited", "lock_folio", "start",
      "lock_ptl", "flush", "set", "end",     "map",        "finish"};
  enum class Step : std::uint8_t {
    lock,
    next,
    got,
    awaited,
    lock_folio,
    start,
    lock_ptl,
    flush,
    set,
    end,
    map,
    finish
  } step = Step::lock;
  int error = 0;
  DeviceOwner owner = 0;
  bool lost = false;  // The page has moved before its entry was looked at.
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  FrameId frame{};
  FrameId folio{};
  Pte entry{};
  Wait what{};
  MrId mr{};             // The mirror that gets the pages.
  bool checked = false;  // It asks read_retry() before it maps them, and starts over.
  bool again = false;
  std::uint8_t tries = 0;  // Its limit is one of time (HMM_RANGE_DEFAULT_TIMEOUT); here it is 8.
  std::uint32_t begun = 0;

  bool operator==(const MakeExclusive&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  void map(Context& c);
  NotifierRange range() const;
};

// remove_device_exclusive_entry(): a CPU touches the page; nobody owns it any more.
struct RestoreExclusive {
  static constexpr std::string_view name = "restore_exclusive";
  static constexpr std::array<std::string_view, 5> steps{"hold", "lock_folio", "start", "restore",
                                                         "finish"};
  enum class Step : std::uint8_t { hold, lock_folio, start, restore, finish } step = Step::hold;
  MmId mm{};
  Page page{};
  FrameId folio{};

  bool operator==(const RestoreExclusive&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// hmm_range_fault() in the documented loop: a driver's mirror of a range. The result is 0 once all
// pages were seen without an invalidation in between, or an error.
struct HmmRange {
  static constexpr std::string_view name = "hmm_range_fault";
  static constexpr std::array<std::string_view, 10> steps{"watch",  "begin",    "begun",   "lock",
                                                          "walk",   "faulted",  "awaited", "unlock",
                                                          "finish", "unwatched"};
  enum class Step : std::uint8_t {
    watch,
    begin,
    begun,
    lock,
    walk,
    faulted,
    awaited,
    unlock,
    finish,
    unwatched
  } step = Step::watch;
  bool fault = false;
  bool write = false;
  bool snapshot = false;  // The result is what the last page is, in the words of the test device.
  bool retry = false;
  DeviceOwner owner = 0;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  MrId mr{};
  std::uint32_t begun = 0;
  std::uint32_t seen = 0;  // mirror_prot
  int error = 0;
  Wait what{};

  bool operator==(const HmmRange&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next walk(Context& c);
  Next faulted(Context& c);
  std::uint32_t code(Context& c, const Vma* vma, Pte pte) const;
};

}  // namespace model
