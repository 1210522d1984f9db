// SPDX-License-Identifier: Apache-2.0
// Entries of a page table, as records of real kernels show them: z.ry, H:a3.wyd, Sx, MARK.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "model/machine.hpp"

namespace cli {

// A page that has a number: its frame, since that was handed out.
struct PageIdentity {
  model::FrameId frame{};
  std::uint16_t generation = 0;

  auto operator<=>(const PageIdentity&) const = default;
};

// The number of the page stands between the two texts, if there is one.
struct WindowEntry {
  std::string before;
  std::optional<PageIdentity> page;
  std::string after;
};

WindowEntry window_entry(const model::Machine& machine, model::MmId mm, model::Page page);

}  // namespace cli
