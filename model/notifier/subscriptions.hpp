// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who is told when an address space changes. Counterpart: mm->notifier_subscriptions.
//
// `open` and `lookups` are what a checker needs to know and the kernel does not keep: which ranges
// are between start and end, and which lookups a driver has made but not yet acted on.

#include <functional>

#include "model/notifier/interval.hpp"

namespace model {

// A range between range_start and range_end.
struct OpenRange {
  NotifierRange range{};
  TaskId task{};
  bool returned = false;  // All callbacks of range_start have come back.
  bool outside = false;   // No lock is held that keeps new subscribers away.

  bool operator==(const OpenRange&) const = default;
};

// A driver looked up a page in the CPU page table and has not installed it yet.
struct Lookup {
  TaskId task{};
  Page page{};
  bool spoiled = false;     // The callbacks of an invalidation of the page have come back since.
  bool entry_told = false;  // Likewise, but who has invalidate_page() was not told by them.

  bool operator==(const Lookup&) const = default;
};

struct Subscriptions {
  IntervalNotifiers intervals{};
  Small<MrId, 2> list{};  // Subscriptions with range_start and range_end, the newest first.
  bool released = false;  // The release callback has returned.
  bool hidden = false;    // The list is thought to be empty, but for release.
  Small<OpenRange, 2> open{};
  Small<Lookup, 2> lookups{};

  bool operator==(const Subscriptions&) const = default;

  bool empty() const { return list.empty() && intervals.empty(); }
  // hlist_add_head_rcu(). A registration that took its time to pin counts from when it began.
  void listen(MrId mr) { list.insert(std::ranges::lower_bound(list, mr, std::greater{}), mr); }
  void unlisten(MrId mr) {
    drop_if(list, [mr](MrId other) { return other == mr; });
  }
  bool listens(MrId mr) const { return std::ranges::find(list, mr) != list.end(); }
  // The next listener after `previous`, the first one after none; none at the end.
  MrId next_listener(MrId previous) const { return hidden ? MrId{} : next_to_release(previous); }
  MrId next_to_release(MrId previous) const {
    for (const MrId mr : list) {
      if (!previous.some() || mr < previous) return mr;
    }
    return {};
  }

  bool invalidating(Page page) const {
    return std::ranges::any_of(open, [page](const OpenRange& entry) {
      return entry.returned && entry.range.pages.contains(page);
    });
  }
  // The same for who has invalidate_page().
  bool invalidating_range(Page page) const {
    return std::ranges::any_of(open, [page](const OpenRange& entry) {
      return entry.returned && !entry.range.by_entry && entry.range.pages.contains(page);
    });
  }

  void open_range(const NotifierRange& range, TaskId task, bool outside = false) {
    open.push_back({.range = range, .task = task, .outside = outside});
  }
  void range_returned(const NotifierRange& range, TaskId task) {
    for (OpenRange& entry : open) {
      if (entry.task == task && entry.range == range) entry.returned = true;
    }
    spoil(range.pages, range.by_entry ? &Lookup::entry_told : &Lookup::spoiled);
  }
  // An invalidation of the pages comes between a look-up and what is done with it.
  void spoil(PageRange pages, bool Lookup::*how) {
    for (Lookup& lookup : lookups) {
      if (pages.contains(lookup.page)) lookup.*how = true;
    }
  }
  void close_range(const NotifierRange& range, TaskId task) {
    const auto place = std::find_if(open.begin(), open.end(), [&](const OpenRange& entry) {
      return entry.task == task && entry.range == range;
    });
    if (place != open.end()) open.erase(place);
  }

  void begin_lookup(TaskId task, Page page) {
    end_lookup(task, page);
    const bool by_range = invalidating_range(page);
    lookups.push_back({.task = task,
                       .page = page,
                       .spoiled = by_range,
                       .entry_told = !by_range && invalidating(page)});
  }
  const Lookup* find_lookup(TaskId task, Page page) const {
    for (const Lookup& lookup : lookups) {
      if (lookup.task == task && lookup.page == page) return &lookup;
    }
    return nullptr;
  }
  void end_lookup(TaskId task, Page page) {
    drop_if(lookups,
            [&](const Lookup& lookup) { return lookup.task == task && lookup.page == page; });
  }
};

}  // namespace model
