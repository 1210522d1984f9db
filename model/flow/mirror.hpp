// SPDX-License-Identifier: Apache-2.0
#pragma once

// The test device of HMM, lib/test_hmm.c: a driver without hardware, which copies from and to
// memory through its mirror of a process's page table, under its lock.

#include "model/flow/device_memory.hpp"

namespace model {

// An ioctl of the device. It holds the file open, and the address space alive if it is about more
// than the mirror.
struct MirrorCall {
  static constexpr std::string_view name = "mirror_call";
  static constexpr std::array<std::string_view, 2> steps{"enter", "leave"};
  enum class Step : std::uint8_t { enter, leave } step = Step::enter;
  bool holds = false;  // mmget_not_zero()
  MrId mr{};
  MirrorCommand command = MirrorCommand::read;
  PageRange pages{};
  Value value = 0;

  bool operator==(const MirrorCall&) const = default;
  Next run(Context& c);

 private:
  Next begin(Context& c);
};

// Closes it, once no ioctl is in progress: the mirror ends. In 7.3 all pages leave the device.
struct MirrorClose {
  static constexpr std::string_view name = "mirror_close";
  static constexpr std::array<std::string_view, 3> steps{"wait", "ended", "evicted"};
  enum class Step : std::uint8_t { wait, ended, evicted } step = Step::wait;
  MrId mr{};

  bool operator==(const MirrorClose&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// HMM_DMIRROR_READ and _WRITE: page by page, for as long as the mirror has them; then what is
// missing is faulted in. The result of a read is the value of the first page.
struct MirrorCopy {
  static constexpr std::string_view name = "mirror_copy";
  static constexpr std::array<std::string_view, 5> steps{"lock", "load", "copy", "unlock",
                                                         "faulted"};
  enum class Step : std::uint8_t { lock, load, copy, unlock, faulted } step = Step::lock;
  bool write = false;
  bool faults = true;  // Else what is missing is an error, ENOENT.
  MrId mr{};
  PageRange pages{};
  std::uint32_t done = 0;
  std::uint32_t taken = 0;  // How often its pages were taken before they were mapped.
  Value value = 0;
  PfnEntry target{};  // What the mirror says of the page.

  bool operator==(const MirrorCopy&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next load(Context& c);
  Next copy(Context& c);
  Next unlock(Context& c);
};

// HMM_DMIRROR_MIGRATE_TO_DEV and _MIGRATE_TO_SYS: mapping by mapping; then what the
// device has got is read back.
struct MirrorMove {
  static constexpr std::string_view name = "mirror_move";
  static constexpr std::array<std::string_view, 4> steps{"lock", "next", "moved", "read_back"};
  enum class Step : std::uint8_t { lock, next, moved, read_back } step = Step::lock;
  bool to_device = true;  // Else from it.
  bool maps = true;       // The mirror gets what has come, and the pages are read back.
  MmId mm{};
  MrId mr{};
  PageRange pages{};
  std::uint32_t done = 0;

  bool operator==(const MirrorMove&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
};

// HMM_DMIRROR_EXCLUSIVE.
struct MirrorExclusive {
  static constexpr std::string_view name = "mirror_exclusive";
  static constexpr std::array<std::string_view, 3> steps{"make", "made", "read_back"};
  enum class Step : std::uint8_t { make, made, read_back } step = Step::make;
  MrId mr{};
  PageRange pages{};

  bool operator==(const MirrorExclusive&) const = default;
  Next run(Context& c);

 private:
  MakeExclusive make(Context& c) const;
};

// A driver takes pages before it maps them: to the memory of its device, or for its device alone.
struct MirrorTake {
  static constexpr std::string_view name = "mirror_take";
  static constexpr std::array<std::string_view, 2> steps{"enter", "leave"};
  enum class Step : std::uint8_t { enter, leave } step = Step::enter;
  bool exclusive = false;
  MrId mr{};
  PageRange pages{};

  bool operator==(const MirrorTake&) const = default;
  Next run(Context& c);
};

// HMM_DMIRROR_CHECK_EXCLUSIVE: EPERM if the device still has one of the pages for itself.
struct MirrorCheck {
  static constexpr std::string_view name = "mirror_check";
  static constexpr std::array<std::string_view, 1> steps{"check"};
  enum class Step : std::uint8_t { check } step = Step::check;
  MrId mr{};
  PageRange pages{};

  bool operator==(const MirrorCheck&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// HMM_DMIRROR_RELEASE: all pages leave the memory of the device.
struct EvictDevice {
  static constexpr std::string_view name = "evict_device";
  static constexpr std::array<std::string_view, 2> steps{"collect", "evicted"};
  enum class Step : std::uint8_t { collect, evicted } step = Step::collect;
  AdapterId adapter{};

  bool operator==(const EvictDevice&) const = default;
  Next run(Context& c);
};

}  // namespace model
