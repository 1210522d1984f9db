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
  if (c.fails_alloc()) return std::nullopt;
  const std::optional<FrameId> head = c.machine.frames.allocate(host, pmd_pages);
  c.changed(Wait::Kind::pressure, host.value);
  c.spend(Cost::page_alloc);
  if (head) c.emit({.kind = EventKind::frame_allocated, .frame = *head, .value = 9});
  return head;
}

}  // namespace model
