// SPDX-License-Identifier: Apache-2.0
#pragma once

// What flows of huge pages share.

#include "model/flow/context.hpp"

namespace model {

inline NotifierRange clear_of(MmId mm, Page first) {
  return {.mm = mm, .pages = {.first = first, .count = pmd_pages}, .event = NotifierEvent::clear};
}

// A folio of a huge page, or none.
inline std::optional<FrameId> allocate_huge(Context& c, HostId host) {
  c.spend(Cost::page_alloc);
  return c.allocate(host, pmd_pages);
}

}  // namespace model
