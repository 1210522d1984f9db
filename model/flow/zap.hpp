// SPDX-License-Identifier: Apache-2.0
#pragma once

// Taking pages out of an address space.

#include "model/flow/context.hpp"

namespace model {

// unmap_vmas() and zap_page_range_single(): start, clear, end, then flush and free. The frames are
// freed after range_end, as the records of real kernels show for munmap and madvise alike. The
// result is 0, or EAGAIN of a subscriber that must not sleep.
struct Zap {
  static constexpr std::string_view name = "zap";
  static constexpr std::array<std::string_view, 7> steps{"start", "started", "clear", "end",
                                                         "flush", "free",    "finish"};
  enum class Step : std::uint8_t {
    start,
    started,
    clear,
    end,
    flush,
    free,
    finish
  } step = Step::start;
  bool notify = true;
  NotifierRange range{};
  std::uint32_t cursor = 0;
  Small<FrameId, 2> gathered{};  // struct mmu_gather.

  bool operator==(const Zap&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next clear(Context& c);
  Next free(Context& c);
};

// mmap() of a region of the scenario: MAP_PRIVATE or MAP_SHARED, anonymous.
struct Mmap {
  static constexpr std::string_view name = "mmap";
  static constexpr std::array<std::string_view, 1> steps{"insert"};
  enum class Step : std::uint8_t { insert } step = Step::insert;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Mmap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// munmap(): detach under mmap_lock for write, zap under mmap_lock for read (downgraded, since 5.9
// and in all recorded kernels).
struct Munmap {
  static constexpr std::string_view name = "munmap";
  static constexpr std::array<std::string_view, 4> steps{"lock", "detach", "zap", "unlock"};
  enum class Step : std::uint8_t { lock, detach, zap, unlock } step = Step::lock;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Munmap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// madvise(MADV_DONTNEED) under mmap_lock for read; MADV_PAGEOUT is reclaim of these pages.
struct Madvise {
  static constexpr std::string_view name = "madvise";
  static constexpr std::array<std::string_view, 3> steps{"lock", "zap", "unlock"};
  enum class Step : std::uint8_t { lock, zap, unlock } step = Step::lock;
  bool hole = false;  // Some of the pages have no VMA.
  MmId mm{};
  PageRange pages{};

  bool operator==(const Madvise&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// The OOM reaper (oom_reap_task_mm()): zaps private memory and must not sleep in a notifier.
struct OomReap {
  static constexpr std::string_view name = "oom_reap";
  static constexpr std::array<std::string_view, 3> steps{"lock", "zap", "unlock"};
  enum class Step : std::uint8_t { lock, zap, unlock } step = Step::lock;
  MmId mm{};
  std::uint32_t cursor = 0;
  Result result = Result::success();

  bool operator==(const OomReap&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
