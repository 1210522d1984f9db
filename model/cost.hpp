// SPDX-License-Identifier: Apache-2.0
#pragma once

// What things cost. Flows name a cost and never contain a number; a scenario may replace the
// figures with `cost { name duration }`. The sources of the defaults are in docs/costs.md.

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/id.hpp"

namespace model {

enum class Cost : std::uint8_t {
  syscall,
  lock,
  memory_access,
  pte_walk,
  pte_change,
  minor_fault,
  copy_page,
  clear_page,
  compare_page,
  page_alloc,
  lru,
  page_cache,
  rmap_walk,
  vma,
  context_switch,
  tlb_flush_local,
  tlb_flush_remote,
  tlb_flush_all,
  ipi,
  range_start,
  swap_in,
  swap_out,
  disk_read,
  disk_write,
  doorbell,
  dma_page,
  device_tlb,
  dev_fault,
  dev_resume,
  pfn_update,
  dev_invalidate,
  iotlb_flush,
  ats_request,
  page_request,
  pin_page,
  unpin_page,
  message,
  count,
};

struct CostInfo {
  std::string_view name;
  sim::Nanoseconds value{};
  std::string_view meaning;
  std::string_view source;
};

inline constexpr std::array<CostInfo, static_cast<std::size_t>(Cost::count)> cost_table{{
    {"syscall", 100, "entry and exit of a system call", "estimate"},
    {"lock", 20, "an uncontended lock operation", "estimate"},
    {"memory_access", 5, "a CPU load or store that hits the TLB", "estimate"},
    {"pte_walk", 60, "a page table walk by CPU or driver", "pcie-bench, SIGCOMM 2018 (scaled)"},
    {"pte_change", 20, "one change of a page table entry", "estimate"},
    {"minor_fault", 750, "a page fault served from memory, with its 4 KB page", "bpf_fault draft"},
    {"copy_page", 600, "a copy of one 4 KB page", "NPF, ASPLOS 2017, fig. 9 (7 GB/s)"},
    {"clear_page", 300, "4 KB are cleared, other than for a small fault", "half of copy_page"},
    {"compare_page", 300, "4 KB are read: a checksum, or a side of a comparison",
     "half of copy_page"},
    {"page_alloc", 100, "a page from the allocator or back to it", "estimate"},
    {"lru", 50, "a page on the lists of reclaim, or off them", "estimate"},
    {"page_cache", 60, "a look into the page or swap cache, or a change of it", "estimate"},
    {"rmap_walk", 100, "a VMA that the reverse map leads to", "estimate"},
    {"vma", 300, "a VMA is made, split, changed or removed", "estimate"},
    {"context_switch", 1500, "a task goes to sleep, or is woken", "estimate"},
    {"tlb_flush_local", 120, "flush of one entry on the own CPU", "EuroSys 2020, fig. 7"},
    {"tlb_flush_remote", 94, "flush of one entry on another CPU", "EuroSys 2020, fig. 7b"},
    {"tlb_flush_all", 400, "flush of all entries of a CPU", "estimate"},
    {"ipi", 1200, "a flush on another CPU, by IPI", "EuroSys 2020, fig. 7"},
    {"range_start", 2800, "interval tree search and callback", "NPF, ASPLOS 2017, fig. 3b"},
    {"swap_in", 10000, "a page read from swap", "HoPP, HPCA 2023: 8.3 to 11.3 us"},
    {"swap_out", 10000, "a page written to swap", "estimate: as swap_in"},
    {"disk_read", 80000, "a request to read pages of a file from a disk", "estimate: NVMe"},
    {"disk_write", 20000, "a page of a file written to a disk", "estimate: NVMe"},
    {"doorbell", 100, "a posted write to the adapter", "estimate"},
    {"dma_page", 600, "a DMA of one page across PCIe", "pcie-bench, SIGCOMM 2018"},
    {"device_tlb", 5, "a lookup in the adapter's TLB", "estimate"},
    {"dev_fault", 129300, "fault report of the adapter to its driver", "NPF, ASPLOS 2017, fig. 3a"},
    {"dev_resume", 78400, "the adapter resumes after a fault", "NPF, ASPLOS 2017, fig. 3a"},
    {"pfn_update", 7000, "a write to the adapter's PFN table", "NPF, ASPLOS 2017, fig. 3a"},
    {"dev_invalidate", 13700, "zap in the adapter and its answer", "NPF, ASPLOS 2017, fig. 3b"},
    {"iotlb_flush", 500, "a flush of the IOMMU's TLB, with its answer", "estimate"},
    {"ats_request", 1000, "a translation request across PCIe, with its answer", "estimate"},
    {"page_request", 10000, "a page request (PRI), without the fault itself", "estimate"},
    {"pin_page", 400, "pin and translation of one page at registration",
     "0.25 to 0.66 us: FineMem, Mooncake, libfabric"},
    {"unpin_page", 95, "the end of a pin of one page", "Mooncake, PR 855"},
    {"message", 1000, "handling of a message by a remote kernel", "estimate"},
}};

}  // namespace model
