// SPDX-License-Identifier: Apache-2.0
#include "sim/encoding.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sim {
Fingerprint fingerprint(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {.high = hash.high64, .low = hash.low64};
}
}  // namespace sim
