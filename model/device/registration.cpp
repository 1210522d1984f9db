// SPDX-License-Identifier: Apache-2.0
#include "model/device/registration.hpp"

namespace model {

// Who remembers invalidate_seq only ever asks whether it has moved: it is told there, in
// PolicyCall.
void Registration::encode(sim::Encoder& out) const {
  const auto& [owner, range, card, may_write, is_live, is_gone, is_orphan, in_calls, is_handle,
               is_pinned, holds_iova, its_iova, fails, is_stopped, posted, used, is_barred,
               does_unpin, twice, flushed, read_begun, guard, entries, frames, going, ended,
               machine, peer] = *this;
  const bool rare = is_barred || !does_unpin || flushed;
  sim::encode(out, owner);
  sim::encode(out, range);
  sim::encode(out, card);
  sim::encode(out, may_write);
  sim::encode(out, is_live);
  out.add(static_cast<std::uint8_t>(is_gone + 2 * is_orphan));
  out.add(in_calls);
  sim::encode(out, is_handle);
  out.add(static_cast<std::uint8_t>(is_pinned + 2 * twice + 4 * fails + 8 * holds_iova +
                                    16 * is_stopped + 32 * (posted != 0) + 64 * rare));
  if (rare) out.add(static_cast<std::uint8_t>(is_barred + 2 * !does_unpin + 4 * flushed));
  if (posted != 0) out.add(posted);
  out.add_small(read_begun);
  out.add_small(its_iova);
  sim::encode(out, guard);
  sim::encode(out, entries);
  sim::encode(out, frames);
  sim::encode(out, going);
  if (used.some()) sim::encode(out, used);
  if (machine.some()) sim::encode(out, machine);   // Adapters of one kind have it, or have not.
  if (peer.buffer.some()) sim::encode(out, peer);  // Likewise of a policy.
  const Names* names = names_of(out);
  if (names == nullptr || !names->sequences) sim::encode(out, ended);
}

}  // namespace model
