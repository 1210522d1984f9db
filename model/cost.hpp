// SPDX-License-Identifier: Apache-2.0
#pragma once

// What things cost. Flows name a cost and never contain a number; a scenario may replace the
// figures with `cost { name duration }`, or with a distribution, which a run by time draws from.
// What is charged where, and the sources, are in docs/costs.md; the figures are in cost.cpp.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/chooser.hpp"
#include "sim/id.hpp"

namespace model {

// Those called `_page` or `_more` are for each further one: a batch costs its first part once.
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
  ipi_more,
  range_start,
  swap_in,
  swap_out,
  disk_read,
  disk_write,
  doorbell,
  dma_page,
  device_tlb,
  dev_fault,
  dev_fault_page,
  driver_fault,
  driver_map_page,
  pfn_update,
  pfn_update_page,
  dev_resume,
  dev_invalidate,
  dev_invalidate_page,
  driver_unmap,
  driver_unmap_page,
  iommu_map,
  iommu_unmap,
  iotlb_flush,
  ats_request,
  ats_invalidate,
  page_request,
  reg_mr,
  reg_mr_page,
  dereg_mr,
  pin_page,
  unpin_page,
  rcache_hit,
  message,
  count,
};
inline constexpr std::size_t cost_count = static_cast<std::size_t>(Cost::count);

// How well founded a figure is: the source gives it, it is arithmetic on one, or it is neither.
enum class CostBasis : std::uint8_t { measured, derived, estimate };
std::string_view name_of(CostBasis basis);

struct CostInfo {
  std::string_view name;
  sim::Nanoseconds value{};
  sim::Nanoseconds low{};  // What sources give for other machines; both 0: nothing is known.
  sim::Nanoseconds high{};
  std::string_view per;  // What it is charged for once: the unit is ns for each of those.
  std::string_view meaning;
  CostBasis basis = CostBasis::estimate;
  std::string_view source;
};
extern const std::array<CostInfo, cost_count> cost_table;

// A cost that varies. No floating point: parameters are whole nanoseconds and millionths.
struct Distribution {
  enum class Kind : std::uint8_t { uniform, normal, lognormal, exponential, empirical };
  Cost cost = Cost::count;
  Kind kind = Kind::uniform;
  sim::Nanoseconds first = 0;               // Least, mean, or median.
  sim::Nanoseconds second = 0;              // Of uniform the most, of normal the deviation.
  std::uint64_t sigma_millionths = 0;       // Of lognormal.
  std::vector<sim::Nanoseconds> samples{};  // Of empirical: each is as likely; at least one.

  bool operator==(const Distribution&) const = default;
};

// One draw, in whole nanoseconds, from the stream of the cost.
sim::Nanoseconds draw(const Distribution& distribution, sim::Chooser& chooser);
// Where a distribution has its weight: the mean, or of lognormal the median.
sim::Nanoseconds middle_of(const Distribution& distribution);

}  // namespace model
