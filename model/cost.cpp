// SPDX-License-Identifier: Apache-2.0
#include "model/cost.hpp"

#include <algorithm>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/lognormal_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <limits>

#include "sim/check.hpp"

namespace model {
namespace {

using enum CostBasis;

constexpr std::string_view npf_faults = "NPF, ASPLOS 2017, fig. 3a";
constexpr std::string_view npf_invalidations = "NPF, ASPLOS 2017, fig. 3b";
constexpr std::string_view shootdowns = "Amit et al., EuroSys 2020, fig. 7 and 8";

constexpr double longest = 1e15;  // Nanoseconds: eleven days, and sums of them still fit.

sim::Nanoseconds whole(double nanoseconds) {
  return static_cast<sim::Nanoseconds>(std::clamp(nanoseconds + 0.5, 0.0, longest));
}

double real(sim::Nanoseconds nanoseconds) { return static_cast<double>(nanoseconds); }

}  // namespace

std::string_view name_of(CostBasis basis) {
  switch (basis) {
    case measured:
      return "measured";
    case derived:
      return "derived";
    case estimate:
      return "estimate";
  }
  return {};
}

// clang-format off
constinit const std::array<CostInfo, cost_count> cost_table{{
    {"syscall", 100, 0, 0, "call", "entry and exit of a system call", estimate, "none"},
    {"lock", 20, 0, 0, "operation", "an uncontended lock operation", estimate, "none"},
    {"memory_access", 5, 0, 0, "access", "a CPU load or store that hits the TLB", estimate, "none"},
    {"pte_walk", 60, 15, 320, "walk", "a page table walk by CPU or driver", estimate,
     "three levels at 20 ns; an IOMMU's takes 320 ns (pcie-bench, SIGCOMM 2018)"},
    {"pte_change", 12, 10, 43, "entry", "one change of a page table entry", derived,
     "On-demand-fork, EuroSys 2021: fork() takes 24.8 ns a page, and changes two entries"},
    {"minor_fault", 750, 340, 2300, "fault", "a page fault served from memory, with its 4 KB page",
     measured, "bpf_fault draft, as quoted in a survey"},
    {"copy_page", 585, 336, 820, "page", "a copy of one 4 KB page", derived,
     "4096 bytes at 7 GB/s, which fits NPF, ASPLOS 2017, fig. 9"},
    {"clear_page", 300, 0, 0, "page", "4 KB are cleared, other than for a small fault", derived,
     "half of copy_page"},
    {"compare_page", 300, 0, 0, "page", "4 KB are read: a checksum, or a side of a comparison",
     derived, "half of copy_page"},
    {"page_alloc", 100, 0, 0, "page", "a page from the allocator or back to it", estimate, "none"},
    {"lru", 50, 0, 0, "page", "a page on the lists of reclaim, or off them", estimate, "none"},
    {"page_cache", 60, 0, 0, "page", "a look into the page or swap cache, or a change of it",
     estimate, "none"},
    {"rmap_walk", 100, 0, 0, "VMA", "a VMA that the reverse map leads to", estimate, "none"},
    {"vma", 300, 0, 0, "VMA", "a VMA is made, split, changed or removed", estimate, "none"},
    {"context_switch", 1500, 0, 0, "switch", "a task goes to sleep, or is woken", estimate, "none"},
    {"tlb_flush_local", 100, 70, 263, "entry", "flush of one entry on the own CPU", measured,
     "Amit et al., EuroSys 2020, text: about 200 cycles of 2.0 GHz"},
    {"tlb_flush_remote", 94, 94, 245, "entry, of each CPU at once",
     "flush of one entry on another CPU", measured, shootdowns},
    {"tlb_flush_all", 400, 0, 0, "CPU", "flush of all entries of a CPU", estimate, "none"},
    {"ipi", 1294, 500, 3000, "flush", "a flush on another CPU is asked for, begun and answered",
     derived, shootdowns},
    {"ipi_more", 280, 100, 670, "further CPU", "the same, for each further CPU", derived,
     "notes on LATR, ASPLOS 2018: 6 us for 16 CPUs of 2 sockets, 80 us for 120 of 8"},
    {"range_start", 2800, 300, 4200, "callback", "interval tree search and callback", measured,
     npf_invalidations},
    {"swap_in", 10000, 1250, 80000, "page", "a page read from swap", measured,
     "HoPP, HPCA 2023: 8.3 to 11.3 us over RDMA; zram 1.25 us, NVMe 80 us"},
    {"swap_out", 3000, 2000, 5000, "page", "a page written to swap", derived,
     "HoPP, HPCA 2023: reclaim takes 2 to 5 us a page"},
    {"disk_read", 80000, 10000, 10000000, "request",
     "a request to read pages of a file from a disk", estimate,
     "NVMe; a hard disk takes 10 ms (NPF, ASPLOS 2017)"},
    {"disk_write", 20000, 0, 0, "page", "a page of a file written to a disk", estimate, "NVMe"},
    {"doorbell", 40, 40, 100, "write", "a posted write to the adapter", measured,
     "UCX, src/uct/ib: send_overhead"},
    {"dma_page", 600, 520, 790, "page", "a DMA of one page across PCIe", measured,
     "pcie-bench, SIGCOMM 2018: 64 bytes there and back"},
    {"device_tlb", 5, 0, 20, "lookup", "a lookup in the adapter's TLB", estimate, "none"},
    {"dev_fault", 129300, 10000, 150000, "report", "fault report of the adapter to its driver",
     measured, npf_faults},
    {"dev_fault_page", 23, 0, 0, "further page", "the same, for each further page that it asks for",
     derived, npf_faults},
    {"driver_fault", 5500, 2000, 8000, "report", "the driver takes a fault report up", derived,
     npf_faults},
    {"driver_map_page", 18, 0, 0, "page", "the driver maps what it has looked up", derived,
     "NPF, ASPLOS 2017, fig. 3a: 98 ns a page, less lock and walk"},
    {"pfn_update", 7000, 5000, 10000, "write", "a write to the adapter's PFN table", measured,
     npf_faults},
    {"pfn_update_page", 13, 0, 0, "further entry", "the same, for each further entry", derived,
     npf_faults},
    {"dev_resume", 78400, 60000, 90000, "report", "the adapter resumes after a fault", measured,
     npf_faults},
    {"dev_invalidate", 13700, 800, 40000, "zap", "zap in the adapter and its answer", measured,
     npf_invalidations},
    {"dev_invalidate_page", 30, 0, 0, "further entry", "the same, for each further entry", derived,
     npf_invalidations},
    {"driver_unmap", 500, 300, 1000, "zap", "the driver's books after a zap", measured,
     npf_invalidations},
    {"driver_unmap_page", 13, 0, 0, "further entry", "the same, with the search, for each further "
     "entry", derived, npf_invalidations},
    {"iommu_map", 235, 235, 1490, "page", "dma_map: IOVA and entry of the IOMMU's table", derived,
     "rIOMMU, ASPLOS 2015, table 1: 727 cycles at 3.1 GHz; old allocator 4618"},
    {"iommu_unmap", 397, 280, 400, "page", "dma_unmap, without a flush", derived,
     "rIOMMU, ASPLOS 2015, table 1: 1231 cycles at 3.1 GHz"},
    {"iotlb_flush", 687, 610, 2700, "flush", "a flush of the IOMMU's TLB, with its answer", derived,
     "rIOMMU, ASPLOS 2015, table 1: 2130 cycles at 3.1 GHz"},
    {"ats_request", 950, 600, 2000, "request", "a translation request across PCIe, with its answer",
     derived, "pcie-bench, SIGCOMM 2018: 600 ns round trip and 320 ns IOTLB miss"},
    {"ats_invalidate", 2500, 800, 40000, "request", "an invalidation of an ATC, with its answer",
     derived, "0.8 us (Akaros), 4.2 us (ISPASS 2016), 40 us (i915)"},
    {"page_request", 8400, 2900, 140000, "request",
     "a page request (PRI), without the fault itself", derived,
     "SVA on Kunpeng 920 (LKML 20210309062207): 10.4 us, of which 2.0 in the handler"},
    {"reg_mr", 16000, 5000, 56000, "registration", "ibv_reg_mr(), without its pages", measured,
     "UCX, src/uct/ib: MEM_REG_OVERHEAD"},
    {"reg_mr_page", 230, 96, 490, "page", "an entry of a registration that pins", derived,
     "0.40 us a page (FineMem, Mooncake, libfabric), less lock, walk and pin"},
    {"dereg_mr", 10000, 3000, 40000, "registration", "ibv_dereg_mr(), without its pages", estimate,
     "none"},
    {"pin_page", 90, 40, 240, "page", "a pin of a page that was looked up", estimate,
     "0.15 us with lock and walk"},
    {"unpin_page", 95, 50, 150, "page", "the end of a pin of one page", derived,
     "Mooncake, PR 855: 500 GB in 11.754 s"},
    {"rcache_hit", 50, 50, 360, "lookup", "a lookup in a registration cache", measured,
     "UCX: UCP_RCACHE_OVERHEAD_DEFAULT"},
    {"message", 1000, 0, 0, "message", "handling of a message by a remote kernel", estimate,
     "none"},
}};
// clang-format on

sim::Nanoseconds draw(const Distribution& distribution, sim::Chooser& chooser) {
  sim::Bits bits(chooser, static_cast<std::uint32_t>(distribution.cost));
  const double first = real(distribution.first);
  switch (distribution.kind) {
    case Distribution::Kind::uniform:
      return boost::random::uniform_int_distribution<sim::Nanoseconds>(distribution.first,
                                                                       distribution.second)(bits);
    case Distribution::Kind::normal:
      return whole(
          boost::random::normal_distribution<double>(first, real(distribution.second))(bits));
    case Distribution::Kind::lognormal: {
      const double sigma = static_cast<double>(distribution.sigma_millionths) / 1e6;
      return whole(boost::random::lognormal_distribution<double>(std::log(first), sigma)(bits));
    }
    case Distribution::Kind::exponential:
      return whole(first * boost::random::exponential_distribution<double>(1.0)(bits));
    case Distribution::Kind::empirical: {
      const auto& samples = distribution.samples;
      check(!samples.empty());
      const boost::random::uniform_int_distribution<std::size_t> any(0, samples.size() - 1);
      return samples[any(bits)];
    }
  }
  return 0;
}

sim::Nanoseconds middle_of(const Distribution& distribution) {
  switch (distribution.kind) {
    case Distribution::Kind::uniform:
      return distribution.first + (distribution.second - distribution.first) / 2;
    case Distribution::Kind::empirical: {
      double sum = 0;
      for (const sim::Nanoseconds sample : distribution.samples) sum += real(sample);
      return whole(sum / static_cast<double>(distribution.samples.size()));
    }
    case Distribution::Kind::normal:
    case Distribution::Kind::lognormal:
    case Distribution::Kind::exponential:
      return distribution.first;
  }
  return 0;
}

}  // namespace model
