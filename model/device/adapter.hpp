// SPDX-License-Identifier: Apache-2.0
#pragma once

// An adapter: a TLB of its own in front of the PFN tables, and the transfers in flight. What is in
// its TLB the hardware uses without asking anyone. One that shares the page table of a process has
// an IOMMU in front of that, with a TLB for it: its own TLB is the ATC then.

#include <vector>

#include "model/device/registration.hpp"
#include "model/memory/tlb_entries.hpp"

namespace model {

struct DeviceTlbEntry {
  MrId mr{};
  Page page{};
  PfnEntry target{};
  TaskId vcpu{};  // Of KVM: in whose TLB it is.

  bool operator==(const DeviceTlbEntry&) const = default;
  TlbPlace place() const { return {mr.value, page.value, vcpu.value}; }
  void encode(sim::Encoder& out) const {
    sim::encode(out, mr);
    sim::encode(out, page);
    sim::encode(out, target);
    if (vcpu.some()) sim::encode(out, vcpu);  // In the TLB of one adapter all have it, or none.
  }
};

// Oldest first.
template <std::size_t inline_entries>
struct DeviceTlb : TlbEntries<DeviceTlbEntry, inline_entries> {
  bool operator==(const DeviceTlb&) const = default;

  using TlbEntries<DeviceTlbEntry, inline_entries>::find;
  // Whosever it is.
  const DeviceTlbEntry* find(MrId mr, Page page) const {
    if (this->empty()) return nullptr;
    if (!this->front().vcpu.some()) return find(TlbPlace{mr.value, page.value, TaskId{}.value});
    const auto found = std::ranges::find_if(
        *this, [&](const DeviceTlbEntry& entry) { return entry.mr == mr && entry.page == page; });
    return found == this->end() ? nullptr : &*found;
  }
  void fill(const DeviceTlbEntry& entry, std::size_t capacity) {
    if (this->size() >= capacity) this->drop_oldest();
    this->push_back(entry);
  }
  void flush(MrId mr, PageRange pages) {
    if (this->empty()) return;
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

// A page request (PRI) in the queue of the IOMMU, or in the lists of its driver. What a task has
// there is one group.
struct PageRequest {
  enum class State : std::uint8_t {
    queued,
    partial,    // Taken from the queue: its group is not complete.
    taken,      // It is, and is being served,
    delivered,  // or waits for user space to read it,
    read,       // or to answer it.
    success,
    invalid,
    failure
  };
  TaskId task{};  // Whose transfer misses the page.
  MrId mr{};
  Page page{};
  bool write = false;
  bool last = false;  // Of its group: that one is answered.
  State state = State::queued;
  std::uint8_t cookie = 0;  // By which user space answers its group.

  bool operator==(const PageRequest&) const = default;
  bool answered() const { return state >= State::success; }
  bool with_user() const { return state == State::delivered || state == State::read; }
};

// Of iommufd, for a page table of user space: it reads what the device asks for, or what has gone
// wrong. Counterparts: struct iommufd_fault, struct iommufd_veventq.
struct Vevent {
  std::uint32_t sequence = 0;
  bool lost = false;  // lost_events_header: one that had no place.

  bool operator==(const Vevent&) const = default;
};
struct EventQueue {
  enum class Of : std::uint8_t { faults, events };
  MrId mr{};  // The bond.
  Of of = Of::faults;
  std::uint32_t depth = 0;
  std::uint32_t sequence = 0;
  std::vector<Vevent> deliver{};

  bool operator==(const EventQueue&) const = default;
};

struct Adapter {
  HostId host{};
  DeviceTlb<2> tlb{};
  Small<Transfer, 2> transfers{};
  DeviceTlb<1> iotlb{};
  std::vector<Invalidation> invalidations{};
  std::vector<PageRequest> requests{};
  std::vector<EventQueue> event_queues{};
  std::uint8_t prq_handled = 0;  // Requests that the thread has taken, and whose places it has not
                                 // given back.
  bool prq_thread = false;       // It runs, or is about to.
  bool prq_overflow = false;     // PRO: no request gets into the queue.
  std::uint8_t next_itag = 0;    // Where tags are taken in turn.
  bool was_late = false;         // A completion came behind its time-out.
  bool hung = false;             // It answers nothing any more.
  bool blocked = false;          // The IOMMU lets nothing of it through.
  bool pri_off = false;          // A Response Failure has ended its page requests.
  bool removed = false;          // It was pulled out, and its driver knows.

  bool operator==(const Adapter&) const = default;
  void encode(sim::Encoder& out) const;

  EventQueue* event_queue(MrId mr, EventQueue::Of of) {
    const auto found = std::ranges::find_if(
        event_queues, [&](const EventQueue& queue) { return queue.mr == mr && queue.of == of; });
    return found == event_queues.end() ? nullptr : &*found;
  }
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
