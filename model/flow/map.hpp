// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where memory is: mmap(), munmap(), brk() and mremap().

#include "model/flow/zap.hpp"

namespace model {

// Whole pages of that size for so many small ones.
constexpr std::uint32_t huge_aligned(std::uint32_t count, std::uint32_t size) {
  return (count + size - 1) / size * size;
}

// A call that changes nothing that the model has, or fails at once.
struct Syscall {
  static constexpr std::string_view name = "syscall";
  static constexpr std::array<std::string_view, 1> steps{"enter"};
  enum class Step : std::uint8_t { enter } step = Step::enter;
  MmId mm{};          // mincore(): whose mmap_lock is held meanwhile.
  PageRange pages{};  // Whose entries are looked at.
  int error = 0;

  bool operator==(const Syscall&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// force_sig(SIGKILL) in a system call: the process ends before that returns, by a flow that was put
// on top then; the call's result is the signal.
bool ends_killed(Context& c, MmId mm);

// mmap() of pages of a region of the scenario.
struct Mmap {
  static constexpr std::string_view name = "mmap";
  static constexpr std::array<std::string_view, 5> steps{"lock", "unmap", "insert", "populate",
                                                         "killed"};
  enum class Step : std::uint8_t { lock, unmap, insert, populate, killed } step = Step::lock;
  bool has_lock = false;
  MmId mm{};
  PageRange pages{};
  FileId file{};
  std::uint32_t offset = 0;
  std::uint32_t protection = protection::as_declared;
  std::uint32_t flags = 0;

  bool operator==(const Mmap&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  std::optional<Vma> wanted(Context& c) const;
  void prepare(Context& c, Vma& vma) const;
  Next fail(Context& c, int number) const;
};

// munmap(): detach under mmap_lock for write, zap under mmap_lock for read (downgraded, since 5.9
// and in all recorded kernels).
struct Munmap {
  static constexpr std::string_view name = "munmap";
  static constexpr std::array<std::string_view, 4> steps{"lock", "unmap", "unlock", "killed"};
  enum class Step : std::uint8_t { lock, unmap, unlock, killed } step = Step::lock;
  bool has_lock = false;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Munmap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// brk(): the heap, a region of the scenario, has `size` pages from now on.
struct Brk {
  static constexpr std::string_view name = "brk";
  static constexpr std::array<std::string_view, 4> steps{"lock", "resize", "unlock", "populated"};
  enum class Step : std::uint8_t { lock, resize, unlock, populated } step = Step::lock;
  bool has_lock = false;
  bool refused = false;
  PageRange grown{};  // What is to be locked in memory.
  MmId mm{};
  PageRange heap{};
  std::uint32_t size = 0;

  bool operator==(const Brk&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool resize(Context& c, std::uint32_t now);
};

// mremap(): in place, or the VMA and its page table entries move.
struct Mremap {
  static constexpr std::string_view name = "mremap";
  static constexpr std::array<std::string_view, 12> steps{
      "lock",         "decide", "unmap_target", "shrink", "move",   "moved",
      "unmap_source", "unlock", "populated",    "fail",   "killed", "move_back"};
  enum class Step : std::uint8_t {
    lock,
    decide,
    unmap_target,
    shrink,
    move,
    moved,
    unmap_source,
    unlock,
    populated,
    fail,
    killed,
    move_back,
  } step = Step::lock;
  bool has_lock = false;
  MmId mm{};
  PageRange from{};
  PageRange to{};
  std::uint32_t flags = 0;
  bool populates = false;   // What is new is locked in memory.
  bool moved_some = false;  // Of several VMAs.
  Page end{};               // Of all that is to be moved.
  int error = 0;

  bool operator==(const Mremap&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool next_part(Context& c);
  Next decide(Context& c);
  bool fits_hugetlb(std::uint32_t size);
  Next in_place(Context& c);
  Next fail(int number);
  PageRange moved_part() const;
};

// move_page_tables(): one range, one table or huge entry at a time.
struct MovePageTables {
  static constexpr std::string_view name = "move_page_tables";
  static constexpr std::array<std::string_view, 7> steps{"start", "next",   "lock_ptl", "move",
                                                         "flush", "unlock", "end"};
  enum class Step : std::uint8_t {
    start,
    next,
    lock_ptl,
    move,
    flush,
    unlock,
    end
  } step = Step::start;
  MmId mm{};
  PageRange from{};
  Page to{};
  std::uint32_t cursor = 0;
  PageRange part{};
  bool late = false;      // What was moved is flushed at the end.
  bool failed = false;    // There is no memory for a table of the target.
  bool unlocked = false;  // A whole table moves, and its lock is not taken.

  bool operator==(const MovePageTables&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  bool move_entries(Context& c);
};

}  // namespace model
