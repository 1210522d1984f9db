// SPDX-License-Identifier: Apache-2.0
#include "model/policy/iommu_lazy.hpp"

namespace model {
namespace {

using P = IommuLazyPolicy;

constexpr std::array settings_table{
    flag<P, &P::reuse_early>("reuse_early", "the IOVA may be used again before the flush"),
    duration<P, &P::timer>("timer", "how long the queue waits for more to be flushed with it"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

}  // namespace model
