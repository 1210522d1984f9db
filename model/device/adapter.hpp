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

  bool operator==(const DeviceTlbEntry&) const = default;
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
  Small<DeviceTlbEntry, 2> tlb{};  // Oldest first.
  Small<Transfer, 2> transfers{};
  Small<DeviceTlbEntry, 1> iotlb{};
  std::uint8_t requests = 0;  // Page requests (PRI) that have no response yet.
  bool hung = false;          // It answers nothing any more.
  bool blocked = false;       // The IOMMU lets nothing of it through.

  bool operator==(const Adapter&) const = default;
  void encode(sim::Encoder& out) const;

  const DeviceTlbEntry* find(MrId mr, Page page) const {
    for (const DeviceTlbEntry& entry : tlb) {
      if (entry.mr == mr && entry.page == page) return &entry;
    }
    return nullptr;
  }
  void fill(const DeviceTlbEntry& entry, std::size_t capacity) {
    if (tlb.size() >= capacity) tlb.erase(tlb.begin());
    tlb.push_back(entry);
  }
  const DeviceTlbEntry* find_iotlb(MrId mr, Page page) const {
    for (const DeviceTlbEntry& entry : iotlb) {
      if (entry.mr == mr && entry.page == page) return &entry;
    }
    return nullptr;
  }
  void flush_iotlb(MrId mr, PageRange pages) {
    drop_if(iotlb, [&](const DeviceTlbEntry& entry) {
      return entry.mr == mr && pages.contains(entry.page);
    });
  }
  void flush(MrId mr, PageRange pages) {
    drop_if(tlb, [&](const DeviceTlbEntry& entry) {
      return entry.mr == mr && pages.contains(entry.page);
    });
  }
  bool in_flight(MrId mr, PageRange pages) const {
    return std::ranges::any_of(transfers, [&](const Transfer& transfer) {
      return transfer.mr == mr && pages.contains(transfer.page);
    });
  }
};

}  // namespace model
