// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interval notifiers without a device: what a test of the notifier itself inserts. They only note
// the sequence number, as the documentation asks of every driver.

#include "model/flow/context.hpp"

namespace model {

// mmu_interval_notifier_insert(): the result is an object.
struct Watch {
  static constexpr std::string_view name = "interval_insert";
  static constexpr std::array<std::string_view, 2> steps{"insert", "wait"};
  enum class Step : std::uint8_t { insert, wait } step = Step::insert;
  bool two_pass = false;
  MmId mm{};
  PageRange pages{};

  bool operator==(const Watch&) const = default;
  Next run(Context& c);
};

// mmu_interval_notifier_remove(): over when the last invalidation that could reach it is.
struct Unwatch {
  static constexpr std::string_view name = "interval_remove";
  static constexpr std::array<std::string_view, 2> steps{"remove", "wait"};
  enum class Step : std::uint8_t { remove, wait } step = Step::remove;
  MrId mr{};

  bool operator==(const Unwatch&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

// mmu_interval_read_begin(), and mmu_interval_read_retry() with what it gave.
struct ReadInterval {
  static constexpr std::string_view name = "interval_read";
  static constexpr std::array<std::string_view, 2> steps{"read", "wait"};
  enum class Step : std::uint8_t { read, wait } step = Step::read;
  bool retry = false;
  MrId mr{};
  std::uint32_t begun = 0;

  bool operator==(const ReadInterval&) const = default;
  Wait guard() const;
  Next run(Context& c);
};

}  // namespace model
