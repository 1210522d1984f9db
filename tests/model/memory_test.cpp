// SPDX-License-Identifier: Apache-2.0
// The parts of which memory is made: locks, frames, swap, page sets, VMAs and mappings.
#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

#include "model/device/attachment.hpp"
#include "model/memory/address_space.hpp"
#include "model/memory/frame.hpp"
#include "model/memory/mapping.hpp"
#include "model/memory/swap.hpp"

namespace {

using namespace model;  // NOLINT: a test of many small types.

constexpr HostId home{0};
constexpr TaskId one{0};
constexpr TaskId two{1};

std::vector<std::byte> bytes_of(const FrameTable& frames) {
  sim::Encoder out;
  sim::encode(out, frames);
  return {out.bytes().begin(), out.bytes().end()};
}

TEST_CASE("a lock has one writer or many readers") {
  Lock lock;
  CHECK(lock.available(LockMode::write));
  lock.take(LockMode::read, two);
  lock.take(LockMode::read, one);
  CHECK(lock.available(LockMode::read));
  CHECK_FALSE(lock.available(LockMode::write));
  lock.release(two);
  CHECK_FALSE(lock.available(LockMode::write));
  lock.release(one);
  lock.take(LockMode::write, one);
  CHECK_FALSE(lock.available(LockMode::read));
  CHECK_FALSE(lock.available(LockMode::write));
}

TEST_CASE("who holds a lock does not depend on the order of its readers") {
  Lock left;
  Lock right;
  left.take(LockMode::read, one);
  left.take(LockMode::read, two);
  right.take(LockMode::read, two);
  right.take(LockMode::read, one);
  CHECK(left == right);
  CHECK(left.held_by(one));
  left.release(one);
  CHECK_FALSE(left.held_by(one));
  CHECK(left.held_by(two));
}

TEST_CASE("a downgraded lock lets other readers in, and no writer") {
  Lock lock;
  lock.take(LockMode::write, one);
  lock.downgrade(one);
  CHECK(lock.held_by(one));
  CHECK(lock.available(LockMode::read));
  CHECK_FALSE(lock.available(LockMode::write));
  lock.release(one);
  CHECK_FALSE(lock.held());
}

FrameTable three_free(AllocOrder order) {  // Frames 0, 1, 2, freed in this order.
  FrameTable frames;
  frames.add_host(order, 4);
  for (int i = 0; i < 3; ++i) frames.allocate(home);
  for (std::uint32_t i = 0; i < 3; ++i) frames.put(FrameId{i});
  return frames;
}

TEST_CASE("lifo hands out the frame that was freed last, fifo the one freed first") {
  CHECK(three_free(AllocOrder::lifo).allocate(home) == FrameId{2});
  CHECK(three_free(AllocOrder::fifo).allocate(home) == FrameId{0});
}

TEST_CASE("a host has as many frames as it was given, and each once") {
  FrameTable frames;
  frames.add_host(AllocOrder::lifo, 3);
  std::set<FrameId> seen;
  for (int i = 0; i < 3; ++i) seen.insert(*frames.allocate(home));
  CHECK(seen.size() == 3);
  CHECK(frames.free_frames(home) == 0);
  CHECK_FALSE(frames.allocate(home).has_value());
  frames.put(*seen.begin());
  CHECK(frames.free_frames(home) == 1);
  CHECK(frames.allocate(home) == *seen.begin());
}

TEST_CASE("hosts do not take each other's frames") {
  FrameTable frames;
  const HostId first = frames.add_host(AllocOrder::lifo, 1);
  const HostId second = frames.add_host(AllocOrder::lifo, 1);
  const FrameId frame = *frames.allocate(first);
  CHECK_FALSE(frames.allocate(first).has_value());
  CHECK(frames[*frames.allocate(second)].host == second);
  frames.put(frame);
  CHECK(frames.allocate(first) == frame);
}

TEST_CASE("only the last reference frees a frame, and its generation moves then and only then") {
  FrameTable frames;
  frames.add_host(AllocOrder::lifo, 1);
  const FrameId frame = *frames.allocate(home);
  const auto generation = frames[frame].generation;
  frames.get(frame);
  CHECK_FALSE(frames.put(frame));
  CHECK(frames[frame].generation == generation);
  CHECK(frames.put(frame));
  CHECK(frames[frame].generation == generation + 1);
  CHECK_FALSE(static_cast<bool>(frames[frame].allocated));
  frames.allocate(home);
  CHECK(frames[frame].generation == generation + 1);
}

TEST_CASE("a freed frame keeps its content until it is handed out again, zeroed") {
  FrameTable frames;
  frames.add_host(AllocOrder::lifo, 1);
  const FrameId frame = *frames.allocate(home);
  frames[frame].value = 7;
  frames.put(frame);
  CHECK(frames[frame].value == 7);
  frames.allocate(home);
  CHECK(frames[frame].value == 0);
  CHECK(frames[frame].references == 1);
}

TEST_CASE("a swap device hands out its lowest free slot until it is full") {
  SwapDevice swap{.capacity = 2, .slots = {}};
  CHECK(swap.allocate() == SlotId{0});
  CHECK(swap.allocate() == SlotId{1});
  CHECK_FALSE(swap.allocate().has_value());
  swap.put(SlotId{0});
  CHECK(swap.allocate() == SlotId{0});
}

TEST_CASE("a slot is free, and forgets its content, when its last user is gone") {
  SwapDevice swap{.capacity = 1, .slots = {}};
  const SlotId slot = *swap.allocate();
  swap[slot].written = true;
  swap[slot].value = 9;
  ++swap[slot].users;
  swap.put(slot);
  CHECK(swap[slot].value == 9);
  CHECK_FALSE(swap.allocate().has_value());
  swap.put(slot);
  CHECK(swap[slot] == SwapSlot{});
}

TEST_CASE("a page set holds what was added and not removed, across words") {
  PageSet set;
  set.add(60, 10);
  CHECK(set.size() == 10);
  CHECK(set.contains_all(60, 10));
  CHECK_FALSE(set.contains_all(59, 2));
  CHECK(set.overlaps(69, 5));
  CHECK_FALSE(set.overlaps(70, 500));
  set.remove(62, 4);
  CHECK(set.size() == 6);
  CHECK_FALSE(set.contains(65));
  CHECK(set.contains(66));
}

TEST_CASE("a page set does not remember how far it once reached") {
  PageSet set;
  set.add(3);
  PageSet wide = set;
  wide.add(300);
  wide.remove(300, 1);
  CHECK(wide == set);
  wide.remove(0, 1000);
  CHECK(wide.empty());
  CHECK(wide == PageSet{});
}

AddressSpace one_vma() {  // Pages 10 to 19, from index 100 of its mapping on.
  AddressSpace space;
  space.insert({.pages = {.first = Page{10}, .count = 10}, .anon = MappingId{0}, .index = 100});
  return space;
}

TEST_CASE("removing the middle of a VMA leaves two that keep their indices") {
  AddressSpace space = one_vma();
  const auto removed = space.remove({.first = Page{13}, .count = 4});
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].pages == PageRange{Page{13}, 4});
  CHECK(removed[0].index == 103);
  REQUIRE(space.vmas.size() == 2);
  CHECK(space.vmas[0].pages == PageRange{Page{10}, 3});
  CHECK(space.vmas[0].index == 100);
  CHECK(space.vmas[1].pages == PageRange{Page{17}, 3});
  CHECK(space.vmas[1].index == 107);
  CHECK(space.find_vma(Page{14}) == nullptr);
  CHECK(space.find_vma(Page{18})->index_of(Page{18}) == 108);
}

TEST_CASE("removing a range takes its part of every VMA, and says which") {
  AddressSpace space = one_vma();
  space.insert({.pages = {.first = Page{25}, .count = 5}, .anon = MappingId{1}, .index = 7});
  const auto removed = space.remove({.first = Page{18}, .count = 9});
  REQUIRE(removed.size() == 2);
  CHECK(removed[0].pages == PageRange{Page{18}, 2});
  CHECK(removed[1].pages == PageRange{Page{25}, 2});
  REQUIRE(space.vmas.size() == 2);
  CHECK(space.vmas[0].pages == PageRange{Page{10}, 8});
  CHECK(space.vmas[1].pages == PageRange{Page{27}, 3});
  CHECK(space.vmas[1].index == 9);
}

TEST_CASE("removing what no VMA covers removes nothing") {
  AddressSpace space = one_vma();
  CHECK(space.remove({.first = Page{20}, .count = 5}).empty());
  CHECK(space.remove({.first = Page{0}, .count = 10}).empty());
  CHECK(space == one_vma());
}

TEST_CASE("VMAs are kept in the order of their pages") {
  AddressSpace space = one_vma();
  space.insert({.pages = {.first = Page{5}, .count = 5}, .anon = MappingId{2}});
  space.insert({.pages = {.first = Page{0}, .count = 5}, .anon = MappingId{1}});
  CHECK(space.vmas[0].pages.first == Page{0});
  CHECK(space.vmas[1].pages.first == Page{5});
  CHECK(space.vmas[2].pages.first == Page{10});
}

TEST_CASE("neighbours that continue each other become one, others do not") {
  AddressSpace space = one_vma();
  const PageRange behind{.first = Page{20}, .count = 2};
  space.insert({.pages = behind, .anon = MappingId{0}, .index = 110});
  REQUIRE(space.vmas.size() == 1);
  CHECK(space.vmas[0].pages == PageRange{Page{10}, 12});
  space.remove(behind);
  space.insert({.pages = behind, .anon = MappingId{0}, .index = 111});
  CHECK(space.vmas.size() == 2);
  space.remove(behind);
  Vma other{.pages = behind, .anon = MappingId{0}, .index = 110};
  other.write = false;
  space.insert(other);
  CHECK(space.vmas.size() == 2);
}

TEST_CASE("a VMA finds the page of an index, and none outside") {
  const Vma vma{.pages = {.first = Page{10}, .count = 3}, .anon = MappingId{0}, .index = 100};
  CHECK(vma.page_at(100) == Page{10});
  CHECK(vma.page_at(102) == Page{12});
  CHECK_FALSE(vma.page_at(99).has_value());
  CHECK_FALSE(vma.page_at(103).has_value());
}

TEST_CASE("a page cache holds an entry for an index, whatever the order in which they came") {
  const Pte frame{.target = 5, .kind = Pte::Kind::present};
  Mapping left;
  Mapping right;
  for (const std::uint32_t index : {3U, 1U, 2U}) left.set_cached(index, frame);
  for (const std::uint32_t index : {1U, 2U, 3U}) right.set_cached(index, frame);
  CHECK(left == right);
  left.set_cached(2, {.target = 9, .kind = Pte::Kind::swapped});
  CHECK(left.cached(2).swapped());
  left.set_cached(2, {});
  CHECK_FALSE(left.cached(2).populated());
  CHECK(left.cached(3) == frame);
  CHECK(left.cache.size() == 2);
}
TEST_CASE("a gigantic folio has a record only of pages that differ from the others") {
  FrameTable frames;
  frames.add_host(AllocOrder::lifo, 3 * pud_pages);
  const FrameId head = *frames.allocate(home, pud_pages);
  const FrameId other = *frames.allocate(home, pud_pages);
  const FrameId tail{head.value + 70'000};
  CHECK(frames[head].pages() == pud_pages);
  CHECK(frames.head(tail) == head);
  CHECK(frames.free_frames(home) == pud_pages);

  const FrameTable before = frames;
  CHECK(frames[tail].value == 0);  // To have looked is no difference.
  CHECK(frames == before);
  CHECK(bytes_of(frames) == bytes_of(before));
  frames[tail].value = 5;
  CHECK_FALSE(frames == before);
  CHECK_FALSE(bytes_of(frames) == bytes_of(before));

  frames.copy(head, other);
  CHECK(frames[FrameId{other.value + 70'000}].value == 5);
  frames.zero(FrameId{head.value + 1}, pud_pages - 1);
  CHECK(frames[tail].value == 0);
  frames.fill(head, 7);
  CHECK(std::as_const(frames)[FrameId{head.value + 1}].value == 7);
  frames.zero(FrameId{head.value + 2}, 2);
  CHECK(std::as_const(frames)[FrameId{head.value + 1}].value == 7);
  CHECK(std::as_const(frames)[FrameId{head.value + 3}].value == 0);
}

TEST_CASE("a gigantic folio that was freed is handed out again, as another generation") {
  FrameTable frames;
  frames.add_host(AllocOrder::lifo, pud_pages);
  const FrameId head = *frames.allocate(home, pud_pages);
  const FrameId tail{head.value + 9};
  frames[tail].value = 5;
  CHECK_FALSE(frames.allocate(home, pud_pages).has_value());
  CHECK(frames.put(tail));
  CHECK(frames[tail].value == 5);  // Who holds a translation sees what was there.
  CHECK(frames[tail].generation == 1);
  CHECK_FALSE(bool{frames[head].allocated});
  CHECK(frames.allocate(home, pud_pages) == head);
  CHECK(frames[tail].value == 0);
  CHECK(frames[tail].generation == 1);
  CHECK(frames[head].references == 1);
}

}  // namespace
