// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory of hugetlbfs: its own fault, copy at fork and change of protection.

#include "model/flow/notify.hpp"

namespace model {

// hugetlb_fault(): a huge page from the pool, from the page cache of its file, or a copy on write.
struct HugetlbFault {
  static constexpr std::string_view name = "hugetlb_fault";
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
  bool write = false;
  bool unshare = false;  // FAULT_FLAG_UNSHARE: a copy of one's own, though only to be read.
  bool wp = false;       // The entry that is replaced was protected by userfaultfd.
  bool told = false;     // Those who share the page table have been told.
  MmId mm{};
  Page page{};
  FrameId fresh{};
  FrameId old{};

  bool operator==(const HugetlbFault&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next decide(Context& c);
  Next wait_for_user(Context& c, UserFault reason);
  NotifierRange range(const Context& c) const;
};

// hugetlb_vm_op_split(): whether a cut at an edge of the pages would go through a huge page of a
// hugetlb VMA, which nobody may do.
bool cuts_hugetlb(const AddressSpace& space, PageRange pages);

// copy_hugetlb_page_range(): one bracket over the VMA.
struct CopyHugetlb {
  static constexpr std::string_view name = "copy_hugetlb";
  static constexpr std::array<std::string_view, 3> steps{"start", "copy", "finish"};
  enum class Step : std::uint8_t { start, copy, finish } step = Step::start;
  bool failed = false;
  MmId parent{};
  MmId child{};
  PageRange pages{};
  std::uint32_t done = 0;

  bool operator==(const CopyHugetlb&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool copy(Context& c, Page first);
};

// hugetlb_change_protection(): flushed within the bracket. Also for userfaultfd.
struct ProtectHugetlb {
  static constexpr std::string_view name = "protect_hugetlb";
  static constexpr std::array<std::string_view, 6> steps{"start", "lock_file", "modify",
                                                         "flush", "end",       "finish"};
  enum class Step : std::uint8_t {
    start,
    lock_file,
    modify,
    flush,
    end,
    finish
  } step = Step::start;
  enum class What : std::uint8_t { protection, uffd_wp, uffd_resolve } what = What::protection;
  bool unshared = false;  // A page table is not shared any more: all of it is flushed.
  MappingId file{};       // Whose rmap lock is held: page tables could be shared.
  MmId mm{};
  PageRange pages{};

  bool operator==(const ProtectHugetlb&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  void modify(Context& c, Page first);
};

// move_hugetlb_page_tables(): mremap() takes the huge entries along.
struct MoveHugetlb {
  static constexpr std::string_view name = "move_hugetlb";
  static constexpr std::array<std::string_view, 5> steps{"start", "lock_file", "move", "end",
                                                         "finish"};
  enum class Step : std::uint8_t { start, lock_file, move, end, finish } step = Step::start;
  MmId mm{};
  MappingId file{};  // Whose rmap lock is held: page tables could be shared.
  PageRange from{};
  Page to{};

  bool operator==(const MoveHugetlb&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  NotifierRange range(Context& c) const;
};

// alloc_hugetlb_folio(): a page of that size of the pool, if there is one.
std::optional<FrameId> hugetlb_page(Context& c, HostId host, std::uint32_t pages);

}  // namespace model
