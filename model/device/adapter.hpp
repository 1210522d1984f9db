// SPDX-License-Identifier: Apache-2.0
#pragma once

// An adapter: a TLB of its own in front of the PFN tables, and the transfers in flight. What is in
// its TLB the hardware uses without asking anyone. One that shares the page table of a process has
// an IOMMU in front of that, with a TLB for it: its own TLB is the ATC then.

#include <vector>

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

// An invalidation that was sent to the device and is not answered: it has one of its 32 ITags.
struct Invalidation {
  std::uint8_t itag = 0;
  std::uint8_t answers = 1;  // Completions that are still to come: one for each traffic class.
  bool overdue = false;      // Nobody waits for them any more.

  bool operator==(const Invalidation&) const = default;
};

inline constexpr std::uint32_t itags = 32;

// A page request (PRI) in the queue of the IOMMU, or on the list of those that are being served.
// What a task has there is one group.
struct PageRequest {
  enum class State : std::uint8_t { queued, taken, success, invalid, failure };
  TaskId task{};  // Whose transfer misses the page.
  MrId mr{};
  Page page{};
  bool write = false;
  bool last = false;  // Of its group: that one is answered.
  State state = State::queued;

  bool operator==(const PageRequest&) const = default;
  bool answered() const { return state > State::taken; }
};

struct Adapter {
  HostId host{};
  DeviceTlb<2> tlb{};
  Small<Transfer, 2> transfers{};
  DeviceTlb<1> iotlb{};
  std::vector<Invalidation> invalidations{};
  std::vector<PageRequest> requests{};
  std::uint8_t next_itag = 0;  // Where tags are taken in turn.
  bool was_late = false;       // A completion came behind its time-out.
  bool hung = false;           // It answers nothing any more.
  bool blocked = false;        // The IOMMU lets nothing of it through.
  bool pri_off = false;        // A Response Failure has ended its page requests.
  bool removed = false;        // It was pulled out, and its driver knows.

  bool operator==(const Adapter&) const = default;
  void encode(sim::Encoder& out) const;

  const Invalidation* invalidation(std::uint32_t itag) const {
    for (const Invalidation& each : invalidations) {
      if (each.itag == itag) return &each;
    }
    return nullptr;
  }
  bool in_flight(MrId mr, PageRange pages) const {
    return std::ranges::any_of(transfers, [&](const Transfer& transfer) {
      return transfer.mr == mr && pages.contains(transfer.page);
    });
  }
};

}  // namespace model
