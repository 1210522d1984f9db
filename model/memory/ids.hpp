// SPDX-License-Identifier: Apache-2.0
#pragma once

// The numbers by which parts of the machine name each other. State holds these, never pointers.

#include <algorithm>
#include <cstdint>

#include "sim/encoding.hpp"
#include "sim/id.hpp"

namespace model {

using HostId = sim::Id<struct HostTag>;
using CpuId = sim::Id<struct CpuTag>;
using MmId = sim::Id<struct MmTag>;        // An address space: struct mm_struct.
using Page = sim::Id<struct PageTag>;      // A virtual page number of one address space.
using FrameId = sim::Id<struct FrameTag>;  // A page frame: struct page.
using SlotId = sim::Id<struct SlotTag>;    // A slot of a swap device.
using MappingId =
    sim::Id<struct MappingTag>;          // struct anon_vma, or the page cache of a shmem file.
using FileId = sim::Id<struct FileTag>;  // A file that can be mapped.
using TaskId = sim::Id<struct TaskTag>;
using AdapterId = sim::Id<struct AdapterTag>;
using MrId = sim::Id<struct MrTag>;                  // A memory region registered with an adapter.
using VmId = sim::Id<struct VmTag>;                  // A virtual machine of KVM.
using QpId = sim::Id<struct QpTag>;                  // A queue pair.
using AttachmentId = sim::Id<struct AttachmentTag>;  // A remote process's use of a handle.
using LineId = sim::Id<struct LineTag>;              // A call of the scenario.

// The content of a page. Pages hold one word each, so that a lost or stale write can be seen.
using Value = std::uint32_t;

// Pages [first, first + count) of one address space. Half open, as in struct mmu_notifier_range.
struct PageRange {
  Page first{0};
  std::uint32_t count = 0;

  auto operator<=>(const PageRange&) const = default;
  Page at(std::uint32_t offset) const { return Page{first.value + offset}; }
  Page end() const { return Page{first.value + count}; }
  bool contains(Page page) const { return page >= first && page < end(); }
  bool overlaps(PageRange other) const {
    return count != 0 && other.count != 0 && first < other.end() && other.first < end();
  }
  PageRange intersect(PageRange other) const {
    const Page low = std::max(first, other.first);
    const Page high = std::min(end(), other.end());
    return low < high ? PageRange{low, high.value - low.value} : PageRange{low, 0};
  }
};

inline PageRange one_page(Page page) { return {.first = page, .count = 1}; }

}  // namespace model

// Ids that a reduced search may rename: the kinds of model/memory/names.hpp. Those that are not
// here keep their numbers: code goes through pages, registrations and attachments in their order.
template <>
inline constexpr int sim::kind_of<model::FrameTag> = 0;
template <>
inline constexpr int sim::kind_of<model::TaskTag> = 1;
template <>
inline constexpr int sim::kind_of<model::CpuTag> = 2;
template <>
inline constexpr int sim::kind_of<model::HostTag> = 3;
template <>
inline constexpr int sim::kind_of<model::AdapterTag> = 4;
template <>
inline constexpr int sim::kind_of<model::MmTag> = 5;
template <>
inline constexpr int sim::kind_of<model::QpTag> = 6;
template <>
inline constexpr int sim::kind_of<model::LineTag> = 8;
