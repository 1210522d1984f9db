// SPDX-License-Identifier: Apache-2.0
#include "model/memory/frame.hpp"

#include <algorithm>
#include <bit>

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
  out.add(order);
  out.add_small(tail);
  std::uint32_t bits = node;
  for (const bool bit : {allocated, listed, dirty, lazy_free, ksm, device, hugetlb, poisoned}) {
    bits = 2 * bits + (bit ? 1 : 0);
  }
  out.add(static_cast<std::uint16_t>(bits));
  if (pfnmap) out.add(true);
}

// ---- GiganticFolio

Frame& GiganticFolio::operator[](std::uint32_t tail) {
  if (tail == 0) return head;
  const auto place =
      std::ranges::lower_bound(touched, tail, {}, &std::pair<std::uint32_t, Frame>::first);
  if (place != touched.end() && place->first == tail) return place->second;
  return touched.insert(place, {tail, blank})->second;
}

const Frame& GiganticFolio::operator[](std::uint32_t tail) const {
  if (tail == 0) return head;
  const auto place =
      std::ranges::lower_bound(touched, tail, {}, &std::pair<std::uint32_t, Frame>::first);
  return place != touched.end() && place->first == tail ? place->second : blank;
}

// A record that says nothing is as good as none.
bool GiganticFolio::operator==(const GiganticFolio& other) const {
  if (head != other.head || blank != other.blank) return false;
  const auto differs = [](const GiganticFolio& left, const GiganticFolio& right) {
    return std::ranges::any_of(left.touched,
                               [&](const auto& each) { return each.second != right[each.first]; });
  };
  return !differs(*this, other) && !differs(other, *this);
}

void GiganticFolio::encode(sim::Encoder& out) const {
  sim::encode(out, head);
  sim::encode(out, blank);
  for (const auto& [tail, frame] : touched) {
    if (frame == blank) continue;
    sim::encode(out, tail);
    sim::encode(out, frame);
  }
  sim::encode(out, std::uint32_t{0});
}

// ---- FrameTable

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
  if (pages == gigantic_pages) return allocate_gigantic(host);
  pool.used += pages;
  const FrameId head{static_cast<std::uint32_t>(frames_.size())};
  for (std::uint32_t i = 0; i < pages; ++i) {
    frames_.push_back({.host = host,
                       .tail = static_cast<std::uint16_t>(i),
                       .order = static_cast<std::uint8_t>(std::countr_zero(pages)),
                       .allocated = true});
  }
  (*this)[head].references = 1;
  return head;
}

// As dequeue_hugetlb_folio() does, the one that was freed last.
std::optional<FrameId> FrameTable::allocate_gigantic(HostId host) {
  Pool& pool = pools_[host.index()];
  FrameId head{first_gigantic + static_cast<std::uint32_t>(gigantic_.size()) * gigantic_pages};
  if (pool.free_gigantic.empty()) {
    pool.used += gigantic_pages;
    gigantic_.push_back({});
  } else {
    head = pool.free_gigantic.back();
    pool.free_gigantic.pop_back();
  }
  GiganticFolio& folio = gigantic_[folio_number(head)];
  folio.blank = {.host = host,
                 .generation = folio.blank.generation,
                 .order = gigantic_order,
                 .allocated = true};
  folio.head = folio.blank;
  folio.head.references = 1;
  folio.touched.clear();
  return head;
}

// The content stays here as well.
void FrameTable::free_gigantic(FrameId head) {
  GiganticFolio& folio = gigantic_[folio_number(head)];
  const auto freed =
      [generation = static_cast<std::uint16_t>(folio.blank.generation + 1)](const Frame& frame) {
        return Frame{.host = frame.host, .value = frame.value, .generation = generation};
      };
  folio.head = freed(folio.head);
  folio.blank = freed(folio.blank);
  for (auto& [tail, frame] : folio.touched) frame = freed(frame);
  pools_[folio.head.host.index()].free_gigantic.push_back(head);
}

void FrameTable::copy(FrameId from, FrameId to) {
  if (!gigantic(from)) {
    for (std::uint32_t i = 0; i < (*this)[from].pages(); ++i) {
      (*this)[FrameId{to.value + i}].value = (*this)[FrameId{from.value + i}].value;
    }
    return;
  }
  const GiganticFolio source = gigantic_[folio_number(from)];
  fill(to, source.blank.value);
  (*this)[to].value = source.head.value;
  for (const auto& [tail, frame] : source.touched)
    (*this)[FrameId{to.value + tail}].value = frame.value;
}

void FrameTable::fill(FrameId head, Value value) {
  if (gigantic(head)) {
    GiganticFolio& folio = gigantic_[folio_number(head)];
    folio.head.value = folio.blank.value = value;
    return;
  }
  const std::uint32_t pages = (*this)[head].pages();
  for (std::uint32_t i = 0; i < pages; ++i) (*this)[FrameId{head.value + i}].value = value;
}

void FrameTable::zero(FrameId first, std::uint32_t count) {
  if (!gigantic(first)) {
    for (std::uint32_t i = 0; i < count; ++i) (*this)[FrameId{first.value + i}].value = 0;
    return;
  }
  GiganticFolio& folio = gigantic_[folio_number(first)];
  const std::uint32_t begin = tail_of(first);
  const std::uint32_t end = begin + count;
  if (folio.blank.value != 0) {  // Then each page has to be told apart.
    for (std::uint32_t tail = begin; tail < end; ++tail) folio[tail].value = 0;
    return;
  }
  if (begin == 0) folio.head.value = 0;
  for (auto& [tail, frame] : folio.touched) {
    if (tail >= begin && tail < end) frame.value = 0;
  }
}

void FrameTable::split(FrameId head) {
  const Frame whole = (*this)[head];
  check(whole.tail == 0);
  for (std::uint32_t i = 0; i < whole.pages(); ++i) {
    Frame& frame = (*this)[FrameId{head.value + i}];
    const Value value = frame.value;
    frame = whole;
    frame.value = value;
    frame.index = whole.index + i;
    frame.order = 0;
    frame.tail = 0;
    frame.references = frame.pins = 0;
    frame.maps = 0;
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
  const std::uint32_t pages = folio.pages();
  pool.allocated -= pages;
  if (gigantic(first)) {
    free_gigantic(first);
    return true;
  }
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
  sim::encode(out, gigantic_);
  sim::encode(out, pools_);
}

// The allocator compares no numbers: it takes one end of its list, or a frame that was never used.
// What a frame holds is gone when it is handed out. So a free frame that nobody remembers is as
// good as any other, and one at the far end of a stack as good as one that was never used.
void FrameTable::encode_free(sim::Encoder& out, Names& names, const Pool& pool) const {
  const auto& given = names.tables[frame_kind];
  const auto remembered = [&](FrameId frame) { return given[frame.index()] != Names::unnamed; };
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
  check(gigantic_.empty());
  for (const std::uint32_t host : hosts) encode_free(out, names, pools_[host]);
  const auto& given = names.tables[frame_kind];
  Small<std::uint32_t, 16> order;
  for (std::uint32_t i = 0; i < frames_.size(); ++i) {
    if (given[i] == Names::unnamed && frames_[i].allocated) names.of(frame_kind, i);
    if (given[i] != Names::unnamed) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return given[i]; });
  out.add_small(order.size());
  for (const std::uint32_t i : order) {
    Frame frame = frames_[i];
    frame.generation = 0;
    sim::encode(out, frame);
  }
}

}  // namespace model
