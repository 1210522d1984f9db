// SPDX-License-Identifier: Apache-2.0
#include "model/device/registration.hpp"

namespace model {

// Who remembers invalidate_seq only ever asks whether it has moved: it is told there, in
// PolicyCall.
void Registration::encode(sim::Encoder& out) const {
  const auto& [owner, range, card, may_write, is_live, is_handle, is_pinned, guard, entries, frames,
               begun, ended] = *this;
  sim::encode(out, owner);
  sim::encode(out, range);
  sim::encode(out, card);
  sim::encode(out, may_write);
  sim::encode(out, is_live);
  sim::encode(out, is_handle);
  sim::encode(out, is_pinned);
  sim::encode(out, guard);
  sim::encode(out, entries);
  sim::encode(out, frames);
  sim::encode(out, begun);
  const Names* names = names_of(out);
  if (names == nullptr || !names->sequences) sim::encode(out, ended);
}

}  // namespace model
