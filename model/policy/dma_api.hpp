// SPDX-License-Identifier: Apache-2.0
#pragma once

// The DMA API of a device behind an IOMMU: pages are mapped at an IOVA for as long as the device is
// to use them, and are nobody's business after that. `iommu_strict` and `iommu_lazy` differ in when
// the IOMMU's TLB forgets what was unmapped.
//
//   dma_unmap(), strict                   dma_unmap(), lazy
//   -------------------                   -----------------
//   clear the IOMMU's page table          clear the IOMMU's page table
//   flush its TLB, behind all transfers   give the pages back
//   give the pages back; free the IOVA    later, for all that was unmapped since:
//                                           flush the TLB; free the IOVAs
//   [Required: no access to a page that was given back]     [An IOVA is not used again before]

#include "model/policy/policy.hpp"

namespace model {

struct DmaApi : PolicyDefaults {
  static constexpr bool subscribes = false;
  static constexpr std::string_view device = "pci";
  enum class Map : std::uint8_t { next, installed };
  enum class Unmap : std::uint8_t { clear, flush, drain, give_back };
  enum class Work : std::uint8_t { pause, flush, drain, free };

  bool lazy = false;
  bool reuse_early = false;  // The IOVA is free before its flush.
  std::uint64_t timer = 10'000'000;

  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next work(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
