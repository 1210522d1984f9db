// SPDX-License-Identifier: Apache-2.0
#pragma once

// An adapter: a TLB of its own in front of the PFN tables, and the transfers in flight. What is in
// its TLB the hardware uses without asking anyone. One that shares the page table of a process has
// an IOMMU in front of that, with a TLB for it: its own TLB is the ATC then.

#include "model/device/registration.hpp"

namespace model {

struct DeviceTlbEntry {
  MrId mr{};
  Page page{};
  PfnEntry target{};
  TaskId vcpu{};  // Of KVM: in whose TLB it is.

  bool operator==(const DeviceTlbEntry&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, mr);
    sim::encode(out, page);
    sim::encode(out, target);
    if (vcpu.some()) sim::encode(out, vcpu);  // In the TLB of one adapter all have it, or none.
  }
};

// Oldest first.
template <std::size_t inline_entries>
struct DeviceTlb : Small<DeviceTlbEntry, inline_entries> {
  bool operator==(const DeviceTlb&) const = default;

  const DeviceTlbEntry* find(MrId mr, Page page) const {
    for (const DeviceTlbEntry& entry : *this) {
      if (entry.mr == mr && entry.page == page) return &entry;
    }
    return nullptr;
  }
  void fill(const DeviceTlbEntry& entry, std::size_t capacity) {
    if (this->size() >= capacity) this->erase(this->begin());
    this->push_back(entry);
  }
  void flush(MrId mr, PageRange pages) {
    drop_if(*this, [&](const DeviceTlbEntry& entry) {
      return entry.mr == mr && pages.contains(entry.page);
    });
  }
};

// One page-sized piece of a DMA between its translation and the moment it is globally visible.
struct Transfer {
  TaskId task{};
  MrId mr{};
  Page page{};
  PfnEntry target{};
  bool write = false;

  bool operator==(const Transfer&) const = default;
};

struct Adapter {
  HostId host{};
  DeviceTlb<2> tlb{};
  Small<Transfer, 2> transfers{};
  DeviceTlb<1> iotlb{};
  std::uint8_t requests = 0;  // Page requests (PRI) that have no response yet.
  bool hung = false;          // It answers nothing any more.
  bool blocked = false;       // The IOMMU lets nothing of it through.
  bool removed = false;       // It was pulled out, and its driver knows.

  bool operator==(const Adapter&) const = default;
  void encode(sim::Encoder& out) const;

  bool in_flight(MrId mr, PageRange pages) const {
    return std::ranges::any_of(transfers, [&](const Transfer& transfer) {
      return transfer.mr == mr && pages.contains(transfer.page);
    });
  }
};

}  // namespace model
