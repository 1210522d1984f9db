// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bringing a page in: for a program that touches it, and for a driver that asks for it.

#include "model/flow/notify.hpp"

namespace model {

// handle_mm_fault() for one page: first touch, zero page, copy on write, page cache, swap-in. The
// caller holds mmap_lock or the VMA's lock. The result is 0; EFAULT (no such page, or not so);
// ENOMEM; EBUSY: drop the locks and wait for whoever has the page (task().awaited), then try again.
struct HandleFault {
  static constexpr std::string_view name = "handle_fault";
  static constexpr std::array<std::string_view, 16> steps{
      "decide",  "allocate", "reclaimed", "wait_folio", "read_swap", "map", "copy",    "start",
      "started", "lock_ptl", "replace",   "flush",      "set",       "end", "put_old", "other"};
  enum class Step : std::uint8_t {
    decide,
    allocate,
    reclaimed,
    wait_folio,
    read_swap,
    map,
    copy,
    start,
    started,
    lock_ptl,
    replace,
    flush,
    set,
    end,
    put_old,
    other,  // A flow of its own has done the work; look again.
  } step = Step::decide;
  enum class Kind : std::uint8_t { fresh, swap_in, copy } kind = Kind::fresh;
  bool write = false;
  bool force = false;         // FOLL_FORCE: a private copy although the VMA is read-only.
  bool by_vma = false;        // The caller holds the lock of the VMA only.
  bool unshare = false;       // FAULT_FLAG_UNSHARE: a copy of one's own, though only to be read.
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MmId mm{};
  Page page{};
  FrameId frame{};  // The new frame, with one reference of ours.
  FrameId old{};    // The frame a copy is made of, with one reference of ours.
  SlotId slot{};
  Pte orig{};              // What is to be replaced by the copy: vmf->orig_pte.
  bool told = false;       // The notification has come after the new entry.
  bool page_told = false;  // Those with invalidate_page() know.

  bool operator==(const HandleFault&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next decide(Context& c);
  Next decide_absent(Context& c, const Vma& vma);
  Next decide_swapped(Context& c, SlotId swapped);
  Next decide_present(Context& c, Pte pte, const Vma& vma);
  Next decide_protected(Context& c, Pte pte, const Vma& vma);
  Next decide_huge(Context& c, Pte pte, const Vma& vma);
  Next decide_attached(Context& c, Pte pte, const Vma& vma);
  Next unshare_huge(Context& c);
  Next allocate(Context& c);
  Next read_swap(Context& c);
  Next map(Context& c);
  bool still_as_it_was(Context& c, const Vma& vma) const;
  Next map_swapped_in(Context& c, const Vma& vma);
  Next map_cached(Context& c, const Vma& vma);
  void map_around(Context& c, const Vma& vma);
  Next set(Context& c);
  Next wait_for(Context& c, Wait what);
  Next wait_for_user(Context& c, UserFault reason);
  bool same_entry(Pte now) const;
  bool marked(Context& c) const;
  NotifierRange range(const Context& c) const;
};

// A page of an address space, present and accessible: for the CPU (page fault), for a driver
// without a reference (hmm_range_fault()), with a pin (pin_user_pages()), or just to have it. The
// result is 0 or an error; what a driver found is in task().found of the machine.
struct GetPage {
  static constexpr std::string_view name = "get_page";
  static constexpr std::array<std::string_view, 6> steps{"lock",   "walk", "faulted",
                                                         "unlock", "wait", "awaited"};
  enum class Step : std::uint8_t { lock, walk, faulted, unlock, wait, awaited } step = Step::lock;
  enum class Mode : std::uint8_t {
    cpu,       // handle_mm_fault(), for a task of its own
    look_up,   // hmm_range_fault()
    snapshot,  // hmm_range_fault(), that faults nothing in
    pin,       // pin_user_pages()
    populate,  // populate_vma_page_range()
    request,   // iommu_sva_handle_mm()
    hold       // get_user_pages()
  } mode = Mode::cpu;
  bool write = false;
  bool force = false;
  bool by_vma = false;  // Under the lock of the VMA, not under mmap_lock.
  bool held = false;    // The caller has mmap_lock, and keeps it; the step is `walk`.
  MmId mm{};
  Page page{};
  MrId mr{};  // Whose look-up, reference or pin it is.
  Wait what{};
  Result result{};

  bool operator==(const GetPage&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next walk(Context& c);
  bool must_unshare(Context& c, Pte pte, const Vma& vma) const;
  void lose_write(Context& c);
  bool orphaned(Context& c) const;
  void spend(Context& c, Cost cost) const;
  bool owns(Context& c, Pte pte) const;
  bool heeds_signals() const;
  bool may_retry() const;
  Next found(Context& c, Pte pte);
};

// vm_fault_to_errno(): what get_user_pages() says of a page of which a fault said so.
Result gup_error(Context& c, MmId mm, Page page, Result fault);

// One load or store of a program, or one of a run of stores (memset).
struct Access {
  static constexpr std::string_view name = "access";
  static constexpr std::array<std::string_view, 2> steps{"access", "faulted"};
  enum class Step : std::uint8_t { access, faulted } step = Step::access;
  bool write = false;
  MmId mm{};
  PageRange pages{};
  std::uint32_t done = 0;
  Value value = 0;

  bool operator==(const Access&) const = default;
  Next run(Context& c);

 private:
  bool perform(Context& c, Page page);
};

// Access to another address space, or to a file's page cache, by a system call:
// process_vm_readv(), ptrace(), pread(O_DIRECT).
struct RemoteAccess {
  static constexpr std::string_view name = "remote_access";
  static constexpr std::array<std::string_view, 2> steps{"next", "got"};
  enum class Step : std::uint8_t { next, got } step = Step::next;
  bool write = false;
  bool force = false;           // FOLL_FORCE: also where the process itself may not.
  bool by_file = false;         // By /proc/pid/mem, which some kernels let do less than ptrace().
  Cost each = Cost::copy_page;  // Of a page that is read or written.
  MmId mm{};
  PageRange pages{};
  std::uint32_t done = 0;
  Value value = 0;

  bool operator==(const RemoteAccess&) const = default;
  Next run(Context& c);

 private:
  bool may_force(Context& c) const;
};

// A long-term pin that a process asks for by itself, as by io_uring_register(BUFFERS), or its end.
// If one page cannot be had, none stays pinned.
struct Pin {
  static constexpr std::string_view name = "pin";
  static constexpr std::array<std::string_view, 2> steps{"next", "got"};
  enum class Step : std::uint8_t { next, got } step = Step::next;
  bool on = true;
  MmId mm{};
  PageRange pages{};
  std::uint32_t cursor = 0;

  bool operator==(const Pin&) const = default;
  Next run(Context& c);

 private:
  void give_back(Context& c) const;
};

}  // namespace model
