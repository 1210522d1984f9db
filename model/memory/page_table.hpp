// SPDX-License-Identifier: Apache-2.0
#pragma once

// The page table of an address space: which page is where, and what may be done with it.
// Counterpart: the last level of an x86-64 page table, and the swap entries kept in it.

#include "model/memory/block_table.hpp"
#include "model/memory/names.hpp"

namespace model {

// pte_t. `target` is a frame when present and a swap slot when swapped.
struct Pte {
  enum class Kind : std::uint8_t { none, present, swapped };

  std::uint32_t target = 0;
  Kind kind = Kind::none;
  bool write = false;
  bool young = false;
  bool dirty = false;

  bool operator==(const Pte&) const = default;
  bool populated() const { return kind != Kind::none; }
  bool present() const { return kind == Kind::present; }
  bool swapped() const { return kind == Kind::swapped; }
  bool maps(FrameId frame) const { return present() && target == frame.value; }
  FrameId frame() const { return FrameId{target}; }
  SlotId slot() const { return SlotId{target}; }
  Pte advanced(std::uint32_t pages) const {
    Pte later = *this;
    later.target += pages;
    return later;
  }
  void encode(sim::Encoder& out) const {
    out.add(kind);
    if (present()) {
      sim::encode(out, frame());
    } else {
      out.add_small(target);
    }
    out.add(write);
    out.add(young);
    out.add(dirty);
  }
};

using PageTable = BlockTable<Pte>;

}  // namespace model
