// SPDX-License-Identifier: Apache-2.0
// The words of system calls, as strace prints them: PROT_READ|PROT_WRITE, MADV_DONTNEED.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/call.hpp"

namespace language {

// Bits with names, and what of them is not known. A word of nothing but a number is a bit as well.
struct Flags {
  std::uint32_t bits = 0;      // Those of model/call.hpp.
  bool stack = false;          // MAP_STACK, MAP_GROWSDOWN: used from the end.
  bool fixed = false;          // MAP_FIXED or MAP_FIXED_NOREPLACE: the address is no hint.
  std::string_view unknown{};  // A word that is none of them,
  std::optional<std::string> suggestion{};  // and what it may stand for.
};

Flags protection_flags(std::string_view text);
Flags mapping_flags(std::string_view text);
Flags remap_flags(std::string_view text);
Flags lock_flags(std::string_view text);  // mlockall()

// MADV_DONTNEED, 0x66 /* MADV_??? */. None: no kernel of the model has it.
std::optional<model::Advice> advice_of(std::string_view text);

// What clone() and clone3() make.
struct CloneFlags {
  bool shares_memory = false;  // CLONE_VM
  bool thread = false;         // CLONE_THREAD
  bool vfork = false;          // CLONE_VFORK
};
CloneFlags clone_flags(std::string_view arguments);

}  // namespace language
