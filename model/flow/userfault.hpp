// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a page table is told by hand: userfaultfd, guard regions, soft-dirty and referenced bits,
// the scan of NUMA balancing, pagemap.

#include "model/flow/file.hpp"
#include "model/flow/hugetlb.hpp"
#include "model/flow/protect.hpp"

namespace model {

// UFFDIO_REGISTER and UFFDIO_UNREGISTER.
struct UffdRegister {
  static constexpr std::string_view name = "uffd_register";
  static constexpr std::array<std::string_view, 6> steps{"lock",  "split",   "resolve",
                                                         "flush", "unshare", "unlock"};
  enum class Step : std::uint8_t { lock, split, resolve, flush, unshare, unlock } step = Step::lock;
  bool has_lock = false;
  bool on = true;
  std::uint8_t modes = 0;  // And features: uffd_mode.
  MmId mm{};
  PageRange pages{};
  Page cursor{0};    // Up to where protections are lifted, or page tables not shared any more.
  Page unshared{0};  // Where hugetlb was cut last: its table there is not shared any more.

  bool operator==(const UffdRegister&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool can_register(Context& c) const;
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

// UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE, UFFDIO_POISON: pages that were not there. The
// result is EAGAIN if only the first of them could be filled.
struct UffdFill {
  static constexpr std::string_view name = "uffd_fill";
  static constexpr std::array<std::string_view, 4> steps{"lock", "fill", "swapped_in", "unlock"};
  enum class Step : std::uint8_t { lock, fill, swapped_in, unlock } step = Step::lock;
  enum class With : std::uint8_t { copy, zero, cached, poison } with = With::copy;
  bool by_vma = false;        // Under the lock of the VMA: uffd_mfill_lock().
  bool protect = false;       // UFFDIO_COPY_MODE_WP
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;
  Value value = 0;

  bool operator==(const UffdFill&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next finish(Context& c, LockId lock, int error) const;
  std::optional<FileAccess> swapped_out(Context& c, Page page) const;
  int fill(Context& c, Page page);
  int fill_huge(Context& c, Vma& vma, Page first);
};

// UFFDIO_MOVE: pages go from one place of the address space to another, without a copy, and a huge
// one as a whole if it fits. The result is EAGAIN if only the first of them could be moved.
struct UffdMove {
  static constexpr std::string_view name = "uffd_move";
  static constexpr std::array<std::string_view, 9> steps{
      "lock", "next", "split", "wait", "lock_ptl", "flush", "set", "end", "unlock"};
  enum class Step : std::uint8_t {
    lock,
    next,
    split,
    wait,
    lock_ptl,
    flush,
    set,
    end,
    unlock
  } step = Step::lock;
  bool by_vma = false;  // Under the locks of the VMAs.
  bool holes = false;   // UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES
  MmId mm{};
  PageRange from{};
  Page to{};
  std::uint32_t cursor = 0;
  PageRange part{};         // Within the bracket that is open.
  bool huge = false;        // It is of one huge entry.
  std::uint32_t moved = 0;  // Of them, or passed over.
  Pte entry{};
  int error = 0;

  bool operator==(const UffdMove&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range() const;
  int obstacle(Context& c, Page source, Page target) const;
  Next next(Context& c);
  Next next_huge(Context& c, Pte pte);
  Next open(Context& c, std::uint32_t count);
  Next fail(int number);
  Next take(Context& c);
  void take_more(Context& c);
  void set(Context& c, Page target);
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

// PAGEMAP_SCAN: asks which pages were written, and may write-protect them for userfaultfd.
struct PagemapScan {
  static constexpr std::string_view name = "pagemap_scan";
  static constexpr std::array<std::string_view, 8> steps{"lock",  "start", "next",   "lock_ptl",
                                                         "flush", "end",   "unlock", "ended"};
  enum class Step : std::uint8_t {
    lock,
    start,
    next,
    lock_ptl,
    flush,
    end,
    unlock,
    ended
  } step = Step::lock;
  bool protects = false;  // PM_SCAN_WP_MATCHING
  bool ended = false;     // range_end has been called, behind the lock.
  MmId mm{};
  PageRange pages{};
  Page cursor{0};
  PageRange changed{};  // To be flushed.

  bool operator==(const PagemapScan&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool outside(const Context& c) const;
  NotifierRange range() const;
  Next next(Context& c);
  TlbFlush flush(Context& c) const;
  void protect_table(Context& c, PageRange part);
};

// DAMON, page idle tracking, and the aging of the multi-generational LRU: was it used? Bits are
// cleared and subscribers asked, and nothing is flushed.
struct AgePages {
  static constexpr std::string_view name = "age_pages";
  static constexpr std::array<std::string_view, 4> steps{"lock", "clear", "advise", "finish"};
  enum class Step : std::uint8_t { lock, clear, advise, finish } step = Step::lock;
  enum class By : std::uint8_t {
    table,       // By the page table of the process.
    frame,       // By the frames: whoever maps them.
    generation,  // lru_gen: processes with many pages only.
  } by = By::table;
  Advice then = Advice::none;  // What DAMON does about them.
  MmId mm{};
  PageRange pages{};

  bool operator==(const AgePages&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  void clear(Context& c);
  void make_generation(Context& c);
};

}  // namespace model
