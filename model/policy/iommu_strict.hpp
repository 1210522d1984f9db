// SPDX-License-Identifier: Apache-2.0
#pragma once

// The IOMMU's TLB is flushed at each unmap, before the pages are given back. It is the default of
// Linux for devices that are not trusted (iommu.strict=1). It is safe; what it costs is a flush for
// each buffer.

#include "model/policy/dma_api.hpp"

namespace model {

struct IommuStrictPolicy : DmaApi {
  static constexpr std::string_view name = "iommu_strict";
  static constexpr Guarantees guarantees{
      .promises = all_of({Property::use_after_free, Property::iova_reuse, Property::foreign_access,
                          Property::leaked_reference, Property::fork_leak}),
      .breaks = all_of({Property::stale_translation})};

  static std::span<const Setting<IommuStrictPolicy>> settings();
};

}  // namespace model
