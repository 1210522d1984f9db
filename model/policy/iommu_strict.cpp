// SPDX-License-Identifier: Apache-2.0
#include "model/policy/iommu_strict.hpp"

namespace model {
namespace {

using P = IommuStrictPolicy;

constexpr std::array settings_table{
    flag<P, &P::reuse_early>("reuse_early", "the IOVA may be used again before the flush"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

}  // namespace model
