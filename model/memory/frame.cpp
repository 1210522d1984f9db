// SPDX-License-Identifier: Apache-2.0
#include "model/memory/frame.hpp"

#include "sim/check.hpp"
#include "sim/encoding.hpp"

namespace model {

HostId FrameTable::add_host(AllocOrder order, std::uint32_t capacity) {
  pools_.push_back({.order = order, .capacity = capacity});
  return HostId{static_cast<std::uint32_t>(pools_.size() - 1)};
}

std::uint32_t FrameTable::free_frames(HostId host) const {
  return pool(host).capacity - pool(host).allocated;
}

std::optional<FrameId> FrameTable::allocate(HostId host) {
  Pool& pool = pools_[host.index()];
  if (pool.allocated == pool.capacity) return std::nullopt;
  ++pool.allocated;
  FrameId frame;
  if (!pool.free.empty()) {
    const auto next = pool.order == AllocOrder::lifo ? pool.free.end() - 1 : pool.free.begin();
    frame = *next;
    pool.free.erase(next);
  } else {
    ++pool.used;
    frame = FrameId{static_cast<std::uint32_t>(frames_.size())};
    frames_.push_back({.host = host});
  }
  const std::uint16_t generation = (*this)[frame].generation;
  (*this)[frame] =
      Frame{.host = host, .generation = generation, .references = 1, .allocated = true};
  return frame;
}

bool FrameTable::put(FrameId id) {
  Frame& frame = (*this)[id];
  check(frame.references > 0);
  if (--frame.references > 0) return false;
  check(frame.maps == 0);
  Pool& pool = pools_[frame.host.index()];
  --pool.allocated;
  pool.free.push_back(id);
  // The content stays: whoever still holds a translation sees what was there.
  frame = Frame{.host = frame.host,
                .value = frame.value,
                .generation = static_cast<std::uint16_t>(frame.generation + 1)};
  return true;
}

void FrameTable::encode(sim::Encoder& out) const {
  sim::encode(out, frames_);
  sim::encode(out, pools_);
}

}  // namespace model
