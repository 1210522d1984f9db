// SPDX-License-Identifier: Apache-2.0
#pragma once

// How ids are named while a world is encoded for a reduced search: see docs/reductions.md. Each
// type whose numbers are not all typed ids says in its encode() what becomes of them.

#include <utility>

#include "model/memory/ids.hpp"
#include "model/memory/small.hpp"
#include "sim/encoding.hpp"

namespace model {

class FrameTable;
struct Machine;

// Of Names::tables. The last three are no ids of the machine, but numbers of the setup.
enum Kind : std::uint8_t {
  frame_kind,
  task_kind,
  cpu_kind,
  host_kind,
  adapter_kind,
  mm_kind,
  queue_kind,
  variable_kind,
  line_kind,
  claim_kind,
  monitor_kind,
  point_kind,
  kind_count,
};

struct Names : sim::Names {
  const Machine* machine = nullptr;    // Whose state is encoded.
  const FrameTable* frames = nullptr;  // None: frames keep their numbers and generations.
  bool sequences = false;              // Sequence numbers are told by what they equal.
  bool leftovers = false;              // What no later step can read is left out.
  bool cpu_tlb_roomy = false;          // No TLB can ever be full: the order of its entries is
  bool device_tlb_roomy = false;       // nothing that a later step could read.
  bool lru_unread = false;             // Nobody reclaims by age.
  // The old sequence numbers of address spaces, in the order in which they are met.
  Small<std::pair<MmId, std::uint32_t>, 4> old{};

  // Of a frame, as a translation remembers it: old ones are all alike, for they stay old.
  bool current(FrameId frame, std::uint16_t generation) const;

  // A number that the intervals of `mm` have had, whose sequence is at `now`: only whether numbers
  // are equal can be seen. The last two may be given again to an interval that is inserted.
  std::uint32_t sequence(MmId mm, std::uint32_t now, std::uint32_t value);
};

// Null in a search that is not reduced.
inline Names* names_of(const sim::Encoder& out) { return static_cast<Names*>(out.names()); }

void encode_generation(sim::Encoder& out, FrameId frame, std::uint16_t generation);

// The elements by ascending key; those whose keys are alike stay in their order.
template <class Sequence, class Key>
void encode_sorted(sim::Encoder& out, Sequence items, Key key) {
  std::stable_sort(items.begin(), items.end(),
                   [&](const auto& left, const auto& right) { return key(left) < key(right); });
  sim::encode(out, items);
}

}  // namespace model
