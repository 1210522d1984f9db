// SPDX-License-Identifier: Apache-2.0
#include "model/removals.hpp"

namespace model {

// The first removal since the page was put there last: later ones have found nothing.
std::optional<std::uint64_t> Removals::remover(Page page) const {
  std::optional<std::uint64_t> first;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (!change->pages.contains(page)) continue;
    if (change->added) return first;
    first = change->step;
  }
  const bool was_there = initially_ && initially_(page);
  return was_there ? first : std::nullopt;
}

}  // namespace model
