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

// What few connections have costs the others nothing.
void QueuePair::encode(sim::Encoder& out) const {
  const auto& [whose, own, other, connection, is] = *this;
  const auto& [failed, timer, retries, rnr_retries, unacked, unsent, window, refused, serving,
               faulting, gap, expected, received, buffers, arrived, replay, path] = connection;
  sim::encode(out, whose);
  sim::encode(out, own);
  sim::encode(out, other);
  out.add(static_cast<std::uint8_t>(failed + 2 * refused + 4 * serving + 8 * faulting + 16 * gap +
                                    32 * !path.empty() + 64 * static_cast<unsigned>(is)));
  sim::encode(out, timer);
  out.add(retries);
  out.add(rnr_retries);
  sim::encode(out, unacked);
  sim::encode(out, unsent);
  sim::encode(out, window);
  sim::encode(out, expected);
  sim::encode(out, received);
  sim::encode(out, buffers);
  sim::encode(out, arrived);
  sim::encode(out, replay);
  if (!path.empty()) sim::encode(out, path);
}

}  // namespace model
