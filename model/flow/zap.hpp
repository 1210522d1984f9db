// SPDX-License-Identifier: Apache-2.0
#pragma once

// Taking pages out of an address space: what munmap(), MADV_DONTNEED, truncation, the OOM reaper
// and the end of a process share.

#include "model/flow/notify.hpp"

namespace model {

// unmap_vmas() and zap_page_range_single(): start, clear, end, then flush and free. The frames are
// freed after range_end, as the records of real kernels show for munmap and madvise alike. The
// result is 0, or EAGAIN of a subscriber that must not sleep.
struct Zap {
  static constexpr std::string_view name = "zap";
  static constexpr std::array<std::string_view, 11> steps{
      "next",   "start", "started", "lock_file", "clear", "pending",
      "forced", "end",   "tables",  "free",      "finish"};
  enum class Step : std::uint8_t {
    next,
    start,
    started,
    lock_file,
    clear,
    pending,
    forced,
    end,
    tables,
    free,
    finish,
  } step = Step::next;
  bool notify = true;
  bool per_vma = false;       // A bracket for each VMA, not one over all.
  bool keep_private = false;  // Copies of file pages stay: !even_cows.
  bool tables = false;        // munmap(): also the page tables.
  bool free_empty = false;    // MADV_DONTNEED: those that are empty now.
  bool full = false;          // exit_mmap(): the caller finishes, with all that it gathers.
  bool nested = false;        // A second bracket is open: see hugetlb_brackets.
  bool refused = false;
  bool locked = false;  // The page table lock is held.
  MappingId file{};  // Of hugetlb, if page tables could be shared: its rmap lock is held meanwhile.
  MappingId pfn{};   // munmap(): a driver's buffer that was mapped there.
  bool unshared = false;  // A page table is not shared any more, and not flushed yet.
  NotifierRange range{};
  PageRange part{};  // Within the bracket that is open.
  PageRange pool{};  // What of it is of hugetlb.
  Page cursor{0};    // Up to there all is done.
  Page floor{0};     // Of the tables that may be freed.
  Page ceiling{0};

  bool operator==(const Zap&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange bracket(Context& c) const;
  NotifierRange nested_bracket(Context& c) const;
  Next next(Context& c);
  Next clear(Context& c);
  bool clear_table(Context& c, PageRange chunk);
};

// __split_huge_pmd(): a huge entry, also one of migration, becomes 512 small ones, between a start
// and an end of its own. The folio stays as it is. Of a file there are none afterwards: they are
// found again by faults.
struct SplitPmd {
  static constexpr std::string_view name = "split_pmd";
  static constexpr std::array<std::string_view, 6> steps{"start", "lock_ptl", "flush",
                                                         "set",   "end",      "done"};
  enum class Step : std::uint8_t { start, lock_ptl, flush, set, end, done } step = Step::start;
  bool freeze = false;  // The folio itself is about to be split: migration entries.
  bool inner = false;   // split_huge_pmd_locked(): the caller has a bracket and the lock.
  FrameId file_page{};  // That was unmapped.
  MmId mm{};
  Page first{};
  FrameId only{};  // Only if this folio is still what is mapped; none: whatever is.

  bool operator==(const SplitPmd&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  void count_small_maps(Context& c, Pte& entry) const;
};

// do_vmi_munmap(): takes the VMAs out, then their pages. The caller holds mmap_lock for write;
// with `downgrade` it is held for read afterwards, if there was anything to unmap. The result is
// EINVAL if a huge page of hugetlb would be cut.
struct Unmap {
  static constexpr std::string_view name = "unmap";
  static constexpr std::array<std::string_view, 6> steps{"split_head", "split_tail", "detach",
                                                         "unlink",     "close",      "done"};
  enum class Step : std::uint8_t {
    split_head,
    split_tail,
    detach,
    unlink,
    close,  // vma->vm_ops->close() of what XPMEM has attached.
    done,
  } step = Step::split_head;
  bool downgrade = false;
  MmId mm{};
  PageRange pages{};
  MappingId file{};  // Of a VMA that was taken out.
  std::uint32_t closing = 0;

  bool operator==(const Unmap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// Whether the page is inside of a huge entry: a cut there must split it.
bool cuts_huge(Context& c, MmId mm, Page page);

// vma_adjust_trans_huge(): the first page of a huge entry that an edge of a changed VMA would cut.
template <class Change>
std::optional<Page> cut_by(Context& c, MmId mm, PageRange pages, Change change) {
  for (const Vma& vma : std::as_const(c.machine).spaces[mm.index()].vmas) {
    const PageRange part = vma.pages.intersect(pages);
    Vma changed = vma;
    change(changed);
    if (part.count == 0 || changed == vma || vma.hugetlb) continue;
    for (const Page at : {part.first, part.end()}) {
      const bool inside = at != vma.pages.first && at != vma.pages.end();
      if (inside && cuts_huge(c, mm, at)) return span_of(at, pmd_pages).first;
    }
  }
  return std::nullopt;
}

// The OOM reaper (__oom_reap_task_mm()), of itself or for process_mrelease(): zaps private memory
// and must not sleep in a notifier.
struct OomReap {
  static constexpr std::string_view name = "oom_reap";
  static constexpr std::array<std::string_view, 3> steps{"lock", "zap", "unlock"};
  enum class Step : std::uint8_t { lock, zap, unlock } step = Step::lock;
  MmId mm{};
  std::uint32_t cursor = 0;
  Result result = Result::success();

  bool operator==(const OomReap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// Whether there is no memory for the VMAs into which the ends of the range cut others.
bool fails_to_split(Context& c, const AddressSpace& space, PageRange pages);

}  // namespace model
