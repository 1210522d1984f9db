// SPDX-License-Identifier: Apache-2.0
#pragma once

// A registration cache at work: ucs/memory/rcache.c of UCX, with what libfabric does otherwise.
//
// The library's thread                     a thread that unmaps
//   find: under the lock for reading         told: before the system call, if that is hooked
//   lock, and take what is in the queue        - the lock is free: regions become invalid
//   merge, register, evict                     - it is not: the range goes into the queue
//   unlock                                   then the system call
// Whoever has the lock for writing has taken all of the queue since it got it: what a look-up finds
// was not unmapped before that began, or the one who unmapped it did not tell.

#include "model/flow/context.hpp"

namespace model {

// rcache_get(): a hit counts one more user, a miss registers. The result is the registration.
struct RcacheGet {
  static constexpr std::string_view name = "rcache_get";
  static constexpr std::array<std::string_view, 9> steps{
      "find", "lock", "drain", "clean", "merge", "insert", "registered", "evict", "unlock"};
  enum class Step : std::uint8_t {
    find,
    lock,
    drain,
    clean,
    merge,
    insert,
    registered,
    evict,
    unlock,
  } step = Step::find;
  bool merged = false;
  std::uint8_t asked = 0;  // Protection.
  std::uint8_t prot = 0;   // With that of the regions that it was merged with.
  MmId mm{};
  AdapterId adapter{};
  PageRange wanted{};
  PageRange pages{};  // With those regions.
  Result result{};

  bool operator==(const RcacheGet&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next find(Context& c);
  Next merge(Context& c);
  Next insert(Context& c);
  Next registered(Context& c);
  void start_over(Context& c);
};

// rcache_put(): one user less. With the last one goes a region that nobody can find any more.
struct RcachePut {
  static constexpr std::string_view name = "rcache_put";
  static constexpr std::array<std::string_view, 3> steps{"put", "lock", "unlock"};
  enum class Step : std::uint8_t { put, lock, unlock } step = Step::put;
  MmId mm{};
  MrId mr{};

  bool operator==(const RcachePut&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// rcache_flush(): all regions without users go.
struct RcacheFlush {
  static constexpr std::string_view name = "rcache_flush";
  static constexpr std::array<std::string_view, 2> steps{"lock", "clean"};
  enum class Step : std::uint8_t { lock, clean } step = Step::lock;
  MmId mm{};

  bool operator==(const RcacheFlush&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// mem_dereg(), under the lock. Then the library frees memory of its own.
struct RcacheDereg {
  static constexpr std::string_view name = "rcache_dereg";
  static constexpr std::array<std::string_view, 3> steps{"dereg", "free", "freed"};
  enum class Step : std::uint8_t { dereg, free, freed } step = Step::dereg;
  MmId mm{};
  MrId mr{};

  bool operator==(const RcacheDereg&) const = default;
  Next run(Context& c);
};

// The callback of a hook, ucs_rcache_unmapped_callback(): in the thread that is about to unmap.
struct RcacheTold {
  static constexpr std::string_view name = "rcache_told";
  static constexpr std::array<std::string_view, 1> steps{"told"};
  enum class Step : std::uint8_t { told } step = Step::told;
  bool waits = false;  // For the lock; else the queue takes what comes while somebody has it.
  MmId mm{};
  PageRange pages{};

  bool operator==(const RcacheTold&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// userfaultfd_unmap_complete() and userfaultfd_remove(): who unmaps waits until the event is read.
struct RcacheEvent {
  static constexpr std::string_view name = "rcache_event";
  static constexpr std::array<std::string_view, 2> steps{"send", "wait"};
  enum class Step : std::uint8_t { send, wait } step = Step::send;
  bool own = false;  // Of the library's own memory: it lies beside what is watched.
  MmId mm{};
  PageRange pages{};
  Result result{};  // Of the system call, if that is over.

  bool operator==(const RcacheEvent&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// ofi_uffd_handler(): the library's thread that reads events, and that needs the lock for it.
struct RcacheMonitor {
  static constexpr std::string_view name = "rcache_monitor";
  static constexpr std::array<std::string_view, 2> steps{"read", "invalidate"};
  enum class Step : std::uint8_t { read, invalidate } step = Step::read;
  MmId mm{};
  PageRange pages{};
  TaskId task{};  // Who waits for it.

  bool operator==(const RcacheMonitor&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// The calls of the cache; none of another verb.
std::optional<Flow> begin_rcache(const Call& call, const Machine& machine);

// A call that is about to begin, on top of the stack: what the cache of its process has to do
// before it comes on top of it, what comes after it below.
void hook_call(FlowStack& stack, const Call& call, const Machine& machine);

// range_start of a kernel module that watches for the library, kdreg2: it takes note.
void note_for_rcache(Context& c, MmId mm, PageRange pages);

// The process is over, or is another program from now on.
void forget_rcache(Context& c, MmId mm);

}  // namespace model
