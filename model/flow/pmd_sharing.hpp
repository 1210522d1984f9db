// SPDX-License-Identifier: Apache-2.0
#pragma once

// Page tables that processes share: where several map the same GiB of a hugetlbfs file, they use
// one PMD table. The model keeps its entries in the page table of each, alike; they count once.

#include "model/flow/notify.hpp"

namespace model {

// huge_pmd_share(): a process that has no table there takes that of another one, if there is one.
// What must be waited for before it can be told.
std::optional<Wait> share_pmds(Context& c, MmId mm, Page page);

// huge_pmd_unshare(): the process lets go of the table that holds the page; the others keep it, and
// nothing is unmapped that others could not reach. Whether there was one that others have as well.
bool unshare_pmds(Context& c, MmId mm, Page page);

// Sets a huge entry, also for those that share its table.
void set_shared_huge(Context& c, MmId mm, Page first, Pte entry);

// adjust_range_if_pmd_sharing_possible(): where processes could share a page table of hugetlb, all
// that it spans is announced.
PageRange sharing_range(const Context& c, const Vma* vma, PageRange pages);

// How the rmap lock of a mapping is held while its pages are unmapped: of hugetlbfs for write,
// since a process may let go of a table that others use.
LockMode rmap_mode(const Machine& machine, MappingId mapping);

// The whole GiBs of a VMA that others could share.
PageRange shareable_part(const Vma& vma);

// hugetlb_vm_op_split(): the table that no process may share any more once the VMA is cut there.
PageRange unshared_by_cut(const AddressSpace& space, Page at);
// That of an edge of the pages, if a VMA is to be cut there, behind `done`, which moves on.
std::optional<PageRange> unshared_by_change(const AddressSpace& space, PageRange pages, Page& done);

// hugetlb_unshare_pmds(): tables of a range, between a start and an end, whether they are shared or
// not.
struct UnsharePmds {
  static constexpr std::string_view name = "unshare_pmds";
  static constexpr std::array<std::string_view, 6> steps{"start", "lock_file", "lock_ptl",
                                                         "flush", "end",       "finish"};
  enum class Step : std::uint8_t {
    start,
    lock_file,
    lock_ptl,
    flush,
    end,
    finish
  } step = Step::start;
  MmId mm{};
  MappingId file{};
  PageRange pages{};

  bool operator==(const UnsharePmds&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
