// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages that move: to another node of memory, or away from memory that has failed.

#include "model/flow/reclaim.hpp"

namespace model {

// migrate_pages(): each folio is unmapped, copied and mapped again where it was. Since 6.3 all are
// unmapped before the first is copied, with one flush. Whoever has the locks of some waits for
// none: folios that are locked are left out, and come one by one in the end. The caller has
// collected the folios, with a reference for each.
struct MigratePages {
  static constexpr std::string_view name = "migrate_pages";
  static constexpr std::array<std::string_view, 8> steps{"next",      "lock", "unmapped", "flush",
                                                         "lock_rmap", "move", "free",     "finish"};
  enum class Step : std::uint8_t {
    next,
    lock,
    unmapped,
    flush,
    lock_rmap,
    move,
    free,
    finish
  } step = Step::next;
  std::uint8_t node = 0;
  bool waits = false;  // MIGRATE_SYNC, for a single folio.
  std::uint16_t failed = 0;
  std::uint32_t cursor = 0;
  std::uint32_t moved = 0;  // Of those, when they are moved.
  FrameId folio{};          // At the cursor.
  MappingId mapping{};      // Whose reverse map is walked next.

  bool operator==(const MigratePages&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool batch(Context& c) const;
  Next lock(Context& c);
  Next unmapped(Context& c);
  Next move(Context& c);
  Next free(Context& c);
  Next finish(Context& c);
  void remap(Context& c, FrameId from, FrameId to);
};

// Isolates the folios, with a reference for each, and migrates them. Without any the caller goes
// on.
Next migrate_folios(Context& c, const Small<FrameId, 2>& folios, std::uint8_t node);

// move_pages(), mbind(MPOL_MF_MOVE), migrate_pages(), compaction, soft offlining: collects the
// folios that the call is about, and migrates them.
struct MovePages {
  static constexpr std::string_view name = "move_pages";
  static constexpr std::array<std::string_view, 4> steps{"lock", "collect", "migrated", "unlock"};
  enum class Step : std::uint8_t { lock, collect, migrated, unlock } step = Step::lock;
  bool holds = false;   // The mmap_lock stays held while pages move: up to 6.2.
  bool writes = false;  // It is held for write: mbind().
  bool all = false;     // Whatever is in the address space, from node `from`.
  std::uint8_t from = 0;
  std::uint8_t node = 0;
  MmId mm{};
  PageRange pages{};

  bool operator==(const MovePages&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  LockMode mode() const { return writes ? LockMode::write : LockMode::read; }
};

// compact_memory: every page that can move, moves.
struct Compact {
  static constexpr std::string_view name = "compact";
  static constexpr std::array<std::string_view, 2> steps{"isolate", "migrated"};
  enum class Step : std::uint8_t { isolate, migrated } step = Step::isolate;
  HostId host{};

  bool operator==(const Compact&) const = default;
  Next run(Context& c);
};

// madvise(MADV_SOFT_OFFLINE) and madvise(MADV_HWPOISON): soft_offline_page(), memory_failure(). A
// huge page is split first. The result is EBUSY if that fails, or if the page cannot move.
struct MemoryFailure {
  static constexpr std::string_view name = "memory_failure";
  static constexpr std::array<std::string_view, 6> steps{"get",  "got",   "split",
                                                         "lock", "unmap", "migrated"};
  enum class Step : std::uint8_t { get, got, split, lock, unmap, migrated } step = Step::get;
  bool soft = false;
  MmId mm{};
  PageRange pages{};
  FrameId frame{};

  bool operator==(const MemoryFailure&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next got(Context& c);
  Next handle(Context& c);
  Next unmapped(Context& c);
};

}  // namespace model
