// SPDX-License-Identifier: Apache-2.0
#include "model/device/attachment.hpp"

#include <bit>

#include "sim/encoding.hpp"

namespace model {

std::uint32_t PageSet::size() const {
  std::uint32_t count = 0;
  for (const std::uint64_t word : words_) count += static_cast<std::uint32_t>(std::popcount(word));
  return count;
}

void PageSet::encode(sim::Encoder& out) const { sim::encode(out, words_); }

}  // namespace model
