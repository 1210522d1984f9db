// SPDX-License-Identifier: Apache-2.0
#pragma once

// The module XPMEM: openucx/xpmem, kernel/xpmem_make.c, _get.c, _attach.c, _pfn.c and
// _mmu_notifier.c. What is a setting of the policy `xpmem_module` is named where it matters.

#include "model/call.hpp"
#include "model/flow/notify.hpp"
#include "model/policy/xpmem_module.hpp"

namespace model {

// A call of libxpmem, by a process: the ioctl, and the open() before its first one.
struct XpmemCall {
  static constexpr std::string_view name = "xpmem_call";
  static constexpr std::array<std::string_view, 4> steps{"enter", "opened", "ioctl", "over"};
  enum class Step : std::uint8_t { enter, opened, ioctl, over } step = Step::enter;
  Verb verb = Verb::xpmem_make;
  MmId mm{};
  std::uint32_t object = 0;  // A segment or an access permit, if `exists`; else what is said to be.
  bool exists = false;
  PageRange pages{};   // Of the caller.
  PageRange second{};  // Of the owner; none: from the start of the segment on.
  std::uint32_t number = 0;
  std::uint32_t flags = 0;
  MrId mr{};

  bool operator==(const XpmemCall&) const = default;
  Next run(Context& c);

 private:
  Next open(Context& c);
  Next ioctl(Context& c);
  Next make(Context& c) const;
  Next get(Context& c) const;
  Next remove(Context& c);
  Next release(Context& c);
  Next recall(Context& c);
};

// xpmem_attach(): a VMA at `place` for the pages [first, first + place.count) of the owner.
struct XpmemAttach {
  static constexpr std::string_view name = "xpmem_attach";
  static constexpr std::array<std::string_view, 5> steps{"down_read", "look", "lock", "unmap",
                                                         "insert"};
  enum class Step : std::uint8_t { down_read, look, lock, unmap, insert } step = Step::down_read;
  bool has_lock = false;
  MmId mm{};
  std::uint32_t permit = 0;
  std::uint32_t segment = 0;
  std::uint32_t attachment = 0;
  PageRange place{};
  Page first{};

  bool operator==(const XpmemAttach&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  int refusal(Context& c) const;
  void create(Context& c);
  void map(Context& c);
  Next leave(Context& c, Result result);
};

// xpmem_fault_handler(), from handle_mm_fault(): the caller holds mmap_lock for reading. The result
// is 0; ENOMEM: VM_FAULT_SIGBUS; EBUSY: look again, without the lock.
struct XpmemFault {
  static constexpr std::string_view name = "xpmem_fault";
  static constexpr std::array<std::string_view, 14> steps{
      "enter", "block_recall", "down_read", "relock",  "lock_owner",      "relocked", "lock",
      "pin",   "pinned",       "look",      "up_read", "lock_invalidate", "insert",   "unlock"};
  enum class Step : std::uint8_t {
    enter,
    block_recall,
    down_read,
    relock,      // mmap_lock again, which was given up to wait for the segment.
    lock_owner,  // The owner's mmap_lock: waited for, if its address is the higher one;
    relocked,    // else tried, and waited for without one's own.
    lock,
    pin,
    pinned,
    look,
    up_read,
    lock_invalidate,
    insert,
    unlock,
  } step = Step::enter;
  bool write = false;
  bool unlocked = false;  // mmap_lock was given up in between.
  bool blocks = false;    // xpmem_block_recall_PFNs()
  bool has_sema = false;
  bool has_owner = false;  // The owner's mmap_lock.
  bool has_mutex = false;
  bool yields = false;     // The owner's is waited for without one's own.
  bool backwards = false;  // Pages before the one that was touched.
  bool serialize = false;  // It takes att->invalidate_mutex as well.
  bool again = false;      // An invalidation has come in between.
  bool bus = false;        // VM_FAULT_SIGBUS
  MmId mm{};
  MmId owner{};
  Page page{};
  Page next{};  // The page that is to be got.
  std::uint32_t attachment = 0;
  std::uint32_t segment = 0;
  std::uint32_t group = 0;
  std::uint32_t sequence = 0;  // Of invalidations, at the look-up.

  bool operator==(const XpmemFault&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next enter(Context& c);
  Next down_read(Context& c);
  Next lock_owner(Context& c);
  Next lock(Context& c);
  bool may_pin(Context& c);
  bool more(Context& c);
  Next pin(Context& c);
  Next pinned(Context& c);
  Next up_read(Context& c);
  Next insert(Context& c);
  bool insert_one(Context& c, Page where, const PfnEntry& entry);
  Next unlock(Context& c);
};

// xpmem_clear_PTEs_of_att(): takes the owner's pages of the range from one attachment. For the
// notifier it takes invalidate_mutex, for others the user's mmap_lock and att->mutex.
struct XpmemClear {
  static constexpr std::string_view name = "xpmem_clear";
  static constexpr std::array<std::string_view, 9> steps{
      "lock_mmap", "lock", "lock_invalidate", "unpin", "start", "zap", "flush", "put", "unlock"};
  enum class Step : std::uint8_t {
    lock_mmap,
    lock,
    lock_invalidate,
    unpin,
    start,
    zap,
    flush,
    put,
    unlock,
  } step = Step::lock_mmap;
  bool notifier = false;
  bool locked = false;     // The caller has the locks.
  bool serialize = false;  // Others take invalidate_mutex as well.
  bool has_mmap = false;
  bool has_mutex = false;
  bool has_invalidate = false;
  MmId user{};
  std::uint32_t attachment = 0;
  PageRange range{};
  PageRange part{};  // Of the user's pages.

  bool operator==(const XpmemClear&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next unpin(Context& c);
  void zap(Context& c);
  NotifierRange bracket() const;
};

// xpmem_invalidate_PTEs_range() and xpmem_clear_PTEs(): each attachment of a segment, or of all
// segments of a process.
struct XpmemWalk {
  static constexpr std::string_view name = "xpmem_walk";
  static constexpr std::array<std::string_view, 2> steps{"vma", "next"};
  enum class Step : std::uint8_t { vma, next } step = Step::vma;
  bool notifier = false;
  bool alone = false;  // No VMA is there any more: the range as a whole.
  MmId owner{};
  std::uint32_t segment = all_segments;
  std::uint32_t cursor = 0;
  PageRange range{};  // What is left of it,
  PageRange part{};   // and where the walk is.

  static constexpr std::uint32_t all_segments = 0xffffffff;

  bool operator==(const XpmemWalk&) const = default;
  Next run(Context& c);

 private:
  Next vma(Context& c);
  Next next(Context& c);
};

// xpmem_remove_seg(), and with `recall` xpmem_recall_PFNs(): the segment stays.
struct XpmemRemove {
  static constexpr std::string_view name = "xpmem_remove";
  static constexpr std::array<std::string_view, 3> steps{"mark", "down_write", "finish"};
  enum class Step : std::uint8_t { mark, down_write, finish } step = Step::mark;
  bool recall = false;
  std::uint32_t segment = 0;

  bool operator==(const XpmemRemove&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// xpmem_fork_begin(): takes all pages of all segments from their users, and keeps them from coming
// back until xpmem_fork_end().
struct XpmemRecall {
  static constexpr std::string_view name = "xpmem_recall";
  static constexpr std::array<std::string_view, 2> steps{"disallow", "next"};
  enum class Step : std::uint8_t { disallow, next } step = Step::disallow;
  std::uint32_t group = 0;
  std::uint32_t cursor = 0;

  bool operator==(const XpmemRecall&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// xpmem_detach() and xpmem_detach_att(). Of a process that ends, the VMA is left to exit_mmap().
struct XpmemDetach {
  static constexpr std::string_view name = "xpmem_detach";
  static constexpr std::array<std::string_view, 7> steps{
      "lock_mmap", "lock", "lock_invalidate", "unpin", "unlock", "unmapped", "over"};
  enum class Step : std::uint8_t {
    lock_mmap,
    lock,
    lock_invalidate,
    unpin,
    unlock,
    unmapped,
    over,
  } step = Step::lock_mmap;
  bool by_page = false;  // Whatever is attached at `page`.
  bool exits = false;
  MmId mm{};
  Page page{};
  std::uint32_t attachment = 0;
  PageRange vma{};

  bool operator==(const XpmemDetach&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next lock_mmap(Context& c);
  Next lock_invalidate(Context& c);
  Next unpin(Context& c);
  Next unlock(Context& c);
};

// xpmem_release_ap()
struct XpmemRelease {
  static constexpr std::string_view name = "xpmem_release";
  static constexpr std::array<std::string_view, 2> steps{"mark", "next"};
  enum class Step : std::uint8_t { mark, next } step = Step::mark;
  bool exits = false;
  std::uint32_t permit = 0;

  bool operator==(const XpmemRelease&) const = default;
  Next run(Context& c);
};

// xpmem_teardown(): a process that has used XPMEM ends.
struct XpmemTeardown {
  static constexpr std::string_view name = "xpmem_teardown";
  static constexpr std::array<std::string_view, 2> steps{"permits", "segments"};
  enum class Step : std::uint8_t { permits, segments } step = Step::permits;
  std::uint32_t group = 0;
  std::uint32_t cursor = 0;

  bool operator==(const XpmemTeardown&) const = default;
  Next run(Context& c);
};

inline LockId segment_lock(std::uint32_t segment) {
  return {.kind = LockKind::segment, .index = segment};
}
inline LockId attachment_lock(std::uint32_t attachment) {
  return {.kind = LockKind::attachment, .index = attachment};
}
inline LockId invalidate_lock(std::uint32_t attachment) {
  return {.kind = LockKind::invalidate, .index = attachment};
}
inline const Xpmem& module_of(const Context& c) { return std::as_const(c.machine).xpmem[0]; }
inline Xpmem& change_module(Context& c) { return c.machine.xpmem[0]; }

// The module of that host, and how it behaves.
AdapterId xpmem_device(const Machine& machine, HostId host);
const XpmemModulePolicy& xpmem_policy(const Context& c, MmId mm);

// xpmem_unpin_pages(): drops the references of what is mapped in these pages of an attachment.
void unpin_pages(Context& c, std::uint32_t attachment, PageRange pages);
// set_page_dirty() of what could be written through them.
void mark_attached_dirty(Context& c, std::uint32_t attachment, PageRange pages);

// An entry of XPMEM in a page table goes, and with it what the module knows of it; not its
// reference, if it has one. That is left to the caller, as its frame; none: it has none.
FrameId clear_special(Context& c, MmId mm, Page page);

// Of the frame that such an entry names, when it was looked up: the page may be gone since.
std::uint16_t attached_generation(const Context& c, MmId mm, Page page);

// xpmem_close_handler(): an attachment in these pages that nobody is detaching. None: there is
// none.
std::optional<std::uint32_t> to_close(const Machine& machine, MmId mm, PageRange pages);
void close_attachment(Context& c, std::uint32_t attachment, PageRange pages);

}  // namespace model
