// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a call gives back: a value, an error, a signal, or the number of an object it made. That a
// guest has left to user space counts as a signal, with a number that no signal has.

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace model {

struct Result {
  enum class Kind : std::uint8_t { none, value, error, signal, object };

  Kind kind = Kind::none;
  std::uint32_t number = 0;  // A value, an errno, a signal number, or an id.

  bool operator==(const Result&) const = default;
  bool ok() const { return kind == Kind::value || kind == Kind::object; }

  static Result value(std::uint32_t number) { return {Kind::value, number}; }
  static Result object(std::uint32_t number) { return {Kind::object, number}; }
  static Result error(int number) { return {Kind::error, static_cast<std::uint32_t>(number)}; }
  static Result signal(int number) { return {Kind::signal, static_cast<std::uint32_t>(number)}; }
  // exit_reason of struct kvm_run.
  static constexpr int kvm_exit_mmio = 1006;
  static constexpr int kvm_exit_internal_error = 1017;

  static Result success() { return value(0); }
};

}  // namespace model
