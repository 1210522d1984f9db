// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unmapped IOVAs wait in a queue, and one flush of the IOMMU's TLB serves for many. It is the
// default of Linux for trusted devices (iommu.strict=0: 256 entries a CPU, 10 ms). Until then the
// device can still reach pages that are somebody else's by now (Thunderclap, NDSS 2019).

#include "model/policy/dma_api.hpp"

namespace model {

struct IommuLazyPolicy : DmaApi {
  static constexpr std::string_view name = "iommu_lazy";
  static constexpr Guarantees guarantees{
      .promises = all_of({Property::iova_reuse, Property::leaked_reference}),
      .breaks = all_of(
          {Property::use_after_free, Property::stale_translation, Property::foreign_access})};
  IommuLazyPolicy() { lazy = true; }

  static std::span<const Setting<IommuLazyPolicy>> settings();
};

}  // namespace model
