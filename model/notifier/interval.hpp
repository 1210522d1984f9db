// SPDX-License-Identifier: Apache-2.0
#pragma once

// The notifier state of an address space. Counterpart: struct mmu_notifier_subscriptions and
// mm/mmu_notifier.c of Linux 7.1.
//
// The collision scheme of interval notifiers, by (active, parity of sequence):
//   active == 0, even   idle: subscriptions may come and go
//   active  > 0, even   an invalidation runs, but has hit no interval
//   active  > 0, odd    an interval was hit: inserts and removals wait in `deferred`
//
//   a reader                            an invalidation of the same interval
//   --------                            ------------------------------------
//   q = read_begin()                    start(): active++, sequence |= 1
//     waits while q is the odd epoch    driver lock; set_sequence(sequence)
//   walk the CPU page table               drop the translation; driver unlock
//   driver lock                         change the page table
//   read_retry(q) ? start over          end(): --active == 0 ? sequence++, wake
//   install; driver unlock
//                        [Required: nothing installed that the invalidation should have dropped]

#include <utility>

#include "model/memory/ids.hpp"
#include "model/memory/names.hpp"
#include "model/memory/small.hpp"
#include "sim/check.hpp"
#include "sim/encoding.hpp"

namespace model {

// enum mmu_notifier_event, in its order.
enum class NotifierEvent : std::uint8_t {
  unmap,
  clear,
  protection_vma,
  protection_page,
  soft_dirty,
  release,
  migrate,
  exclusive,
};

// Whose device memory it is, or who is about to move or take a page: dev_pagemap.owner. 0:
// nobody's.
using DeviceOwner = std::uint8_t;
inline constexpr DeviceOwner nameless_owner = 1;  // Of the calls that name no device.
constexpr DeviceOwner owner_of(AdapterId adapter) {
  return adapter.some() ? static_cast<DeviceOwner>(adapter.value + 2) : DeviceOwner{0};
}
constexpr AdapterId adapter_of(DeviceOwner owner) {
  return owner < 2 ? AdapterId{} : AdapterId{owner - 2U};
}

// struct mmu_notifier_range.
struct NotifierRange {
  MmId mm{};
  PageRange pages{};
  NotifierEvent event = NotifierEvent::unmap;
  bool blockable = true;
  DeviceOwner owner = 0;  // Who need not heed it: mmu_notifier_range_init_owner().
  bool by_entry = false;  // Who has invalidate_page() is told of each entry by that, and not of it.

  bool operator==(const NotifierRange&) const = default;
};

// struct mmu_interval_notifier: its interval is that of the memory region it watches.
struct IntervalSubscription {
  MrId mr{};
  PageRange pages{};
  std::uint32_t sequence = 0;

  bool operator==(const IntervalSubscription&) const = default;
};

class IntervalNotifiers {
 public:
  std::uint32_t sequence() const { return sequence_; }
  std::uint32_t active() const { return active_; }
  bool odd() const { return (sequence_ & 1) != 0; }
  std::uint32_t epoch() const { return sequence_ / 2; }  // Moves when the last invalidation ends.
  bool idle() const { return active_ == 0 && !odd(); }
  bool empty() const { return tree_.empty() && deferred_.empty(); }

  // mn_itree_inv_start_range(): counts the invalidation; the regions it hits, in tree order.
  Small<MrId, 4> start(PageRange pages) {
    ++active_;
    Small<MrId, 4> hit = hits(pages);
    if (!hit.empty()) sequence_ |= 1;
    return hit;
  }

  // The regions that overlap, in tree order. The tree does not change during an odd epoch.
  Small<MrId, 4> hits(PageRange pages) const {
    Small<MrId, 4> hit;
    for (const IntervalSubscription& entry : tree_) {
      if (entry.pages.overlaps(pages)) hit.push_back(entry.mr);
    }
    return hit;
  }

  // mn_itree_inv_end(). True when the last one ended an odd epoch: readers that wait may go on.
  bool end() {
    if (!end_sequence()) return false;
    apply_deferred();
    return true;
  }

  // Its two halves.
  bool end_sequence() {
    check(active_ > 0);
    if (--active_ > 0 || !odd()) return false;
    ++sequence_;
    return true;
  }
  void apply_deferred() {
    for (const Deferred& change : deferred_) {
      if (change.insert) {
        put(change.subscription);
      } else {
        take(change.subscription.mr);
      }
    }
    deferred_.clear();
  }

  // mmu_interval_read_begin(), without the wait.
  std::uint32_t read_begin(MrId mr) const {
    const IntervalSubscription* entry = lookup(mr);
    return entry == nullptr ? sequence_ - 1 : entry->sequence;
  }

  // What read_begin waits for: the odd epoch that hit this interval is over.
  bool readable(MrId mr, std::uint32_t begun) const {
    const IntervalSubscription* entry = lookup(mr);
    return entry == nullptr || begun != sequence_;
  }

  // mmu_interval_set_seq(), from within the driver's invalidate under the driver's lock.
  void set_sequence(MrId mr, std::uint32_t sequence) {
    if (IntervalSubscription* entry = lookup(mr)) entry->sequence = sequence;
  }

  // mmu_interval_read_retry(), under the same driver lock: true means start over.
  // So does the end of the subscription.
  bool read_retry(MrId mr, std::uint32_t begun) const {
    const IntervalSubscription* entry = lookup(mr);
    return entry == nullptr || entry->sequence != begun;
  }

  // mmu_interval_notifier_insert(): an interval that comes during an invalidation counts as being
  // invalidated by it.
  void insert(MrId mr, PageRange pages) {
    check(pages.count > 0);
    IntervalSubscription fresh{.mr = mr, .pages = pages, .sequence = sequence_};
    if (active_ > 0 && odd()) {
      deferred_.push_back({.insert = true, .subscription = fresh});
      return;
    }
    if (active_ > 0) {
      sequence_ |= 1;
      fresh.sequence = sequence_;
    } else {
      fresh.sequence = sequence_ - 1;
    }
    put(fresh);
  }

  // mmu_interval_notifier_remove(). False: deferred; the caller waits until it is gone.
  bool remove(MrId mr) {
    if (active_ > 0 && odd()) {
      drop_deferred_insert(mr);
      if (in_tree(mr)) deferred_.push_back({.insert = false, .subscription = {.mr = mr}});
      return !in_tree(mr);
    }
    take(mr);
    return true;
  }

  bool contains(MrId mr) const { return lookup(mr) != nullptr; }
  bool operator==(const IntervalNotifiers&) const = default;
  void encode(sim::Encoder& out) const {
    sim::encode(out, sequence_);
    sim::encode(out, active_);
    sim::encode(out, tree_);
    sim::encode(out, deferred_);
  }
  // The same with sequence numbers that say no more than which of them are equal.
  void encode_relative(sim::Encoder& out, Names& names, MmId mm) const {
    const auto put_entry = [&](const IntervalSubscription& entry) {
      sim::encode(out, entry.mr);
      sim::encode(out, entry.pages);
      out.add_small(names.sequence(mm, sequence_, entry.sequence));
    };
    out.add(odd());
    sim::encode(out, active_);
    out.add_small(tree_.size());
    for (const IntervalSubscription& entry : tree_) put_entry(entry);
    out.add_small(deferred_.size());
    for (const Deferred& change : deferred_) {
      out.add(change.insert);
      put_entry(change.subscription);
    }
  }

 private:
  struct Deferred {
    bool insert = false;
    IntervalSubscription subscription;
    bool operator==(const Deferred&) const = default;
  };

  const IntervalSubscription* lookup(MrId mr) const {
    for (const IntervalSubscription& entry : tree_) {
      if (entry.mr == mr) return &entry;
    }
    for (const Deferred& change : deferred_) {
      if (change.insert && change.subscription.mr == mr) return &change.subscription;
    }
    return nullptr;
  }
  IntervalSubscription* lookup(MrId mr) {
    return const_cast<IntervalSubscription*>(std::as_const(*this).lookup(mr));
  }
  bool in_tree(MrId mr) const {
    return std::ranges::any_of(tree_, [&](const auto& entry) { return entry.mr == mr; });
  }
  void put(const IntervalSubscription& fresh) {
    auto place = tree_.begin();
    while (place != tree_.end() &&
           std::pair(place->pages.first, place->mr) < std::pair(fresh.pages.first, fresh.mr)) {
      ++place;
    }
    tree_.insert(place, fresh);
  }
  void take(MrId mr) {
    drop_if(tree_, [&](const IntervalSubscription& entry) { return entry.mr == mr; });
  }
  void drop_deferred_insert(MrId mr) {
    drop_if(deferred_,
            [&](const Deferred& change) { return change.insert && change.subscription.mr == mr; });
  }

  std::uint32_t sequence_ = 2;  // invalidate_seq starts at 2.
  std::uint32_t active_ = 0;    // active_invalidate_ranges.
  Small<IntervalSubscription, 2> tree_;
  Small<Deferred, 1> deferred_;
};

}  // namespace model
