// SPDX-License-Identifier: Apache-2.0
#include "model/memory/frame.hpp"

#include "sim/check.hpp"
#include "sim/encoding.hpp"

namespace model {

void Frame::encode(sim::Encoder& out) const {
  sim::encode(out, host);
  sim::encode(out, value);
  sim::encode(out, generation);
  out.add_small(references);
  out.add_small(maps);
  out.add_small(pins);
  sim::encode(out, mapping);
  out.add_small(index);
  sim::encode(out, slot);
  sim::encode(out, locked_by);
  out.add_small(pages - 1U);
  out.add_small(tail);
  std::uint32_t bits = node;
  for (const bool bit : {allocated, listed, dirty, lazy_free, ksm, device, hugetlb, poisoned}) {
    bits = 2 * bits + (bit ? 1 : 0);
  }
  out.add(static_cast<std::uint16_t>(bits));
}

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

std::optional<FrameId> FrameTable::allocate(HostId host, std::uint32_t pages) {
  Pool& pool = pools_[host.index()];
  if (pool.capacity - pool.allocated < pages) return std::nullopt;
  pool.allocated += pages;
  pool.used += pages;
  const FrameId head{static_cast<std::uint32_t>(frames_.size())};
  for (std::uint32_t i = 0; i < pages; ++i) {
    frames_.push_back({.host = host,
                       .pages = static_cast<std::uint16_t>(pages),
                       .tail = static_cast<std::uint16_t>(i),
                       .allocated = true});
  }
  (*this)[head].references = 1;
  return head;
}

void FrameTable::split(FrameId head) {
  const Frame whole = (*this)[head];
  check(whole.tail == 0);
  for (std::uint32_t i = 0; i < whole.pages; ++i) {
    Frame& frame = (*this)[FrameId{head.value + i}];
    const Value value = frame.value;
    frame = whole;
    frame.value = value;
    frame.index = whole.index + i;
    frame.pages = 1;
    frame.maps = frame.references = frame.pins = 0;
    if (i > 0) frame.locked_by = TaskId{};
  }
}

bool FrameTable::put(FrameId id) {
  const FrameId first = head(id);
  Frame& folio = (*this)[first];
  check(folio.references > 0);
  if (--folio.references > 0) return false;
  check(folio.maps == 0);
  Pool& pool = pools_[folio.host.index()];
  const std::uint32_t pages = folio.pages;
  pool.allocated -= pages;
  for (std::uint32_t i = 0; i < pages; ++i) {
    const FrameId freed{first.value + i};
    Frame& frame = (*this)[freed];
    pool.free.push_back(freed);
    // The content stays: whoever still holds a translation sees what was there.
    frame = Frame{.host = frame.host,
                  .value = frame.value,
                  .generation = static_cast<std::uint16_t>(frame.generation + 1)};
  }
  return true;
}

void FrameTable::encode(sim::Encoder& out) const {
  sim::encode(out, frames_);
  sim::encode(out, pools_);
}

// The allocator compares no numbers: it takes one end of its list, or a frame that was never used.
// What a frame holds is gone when it is handed out. So a free frame that nobody remembers is as
// good as any other, and one at the far end of a stack as good as one that was never used.
void FrameTable::encode_free(sim::Encoder& out, Names& names, const Pool& pool) const {
  const auto& table = names.tables[frame_kind];
  const auto remembered = [&](FrameId frame) { return table[frame.index()] != Names::unnamed; };
  auto from = pool.free.begin();
  if (pool.order == AllocOrder::lifo) from = std::find_if(from, pool.free.end(), remembered);
  out.add(pool.order);
  out.add_small(pool.capacity);
  out.add_small(pool.allocated);
  out.add_small(static_cast<std::uint64_t>(pool.free.end() - from));
  for (; from != pool.free.end(); ++from) {
    sim::encode(out, remembered(*from) ? *from : FrameId{});
  }
}

void FrameTable::encode_named(sim::Encoder& out, Names& names,
                              std::span<const std::uint32_t> hosts) const {
  for (const std::uint32_t host : hosts) encode_free(out, names, pools_[host]);
  const auto& table = names.tables[frame_kind];
  Small<std::uint32_t, 16> order;
  for (std::uint32_t i = 0; i < frames_.size(); ++i) {
    if (table[i] == Names::unnamed && frames_[i].allocated) names.of(frame_kind, i);
    if (table[i] != Names::unnamed) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return table[i]; });
  out.add_small(order.size());
  for (const std::uint32_t i : order) {
    Frame frame = frames_[i];
    frame.generation = 0;
    sim::encode(out, frame);
  }
}

}  // namespace model
