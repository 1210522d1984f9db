// SPDX-License-Identifier: Apache-2.0
#include "cli/culprit.hpp"

#include <algorithm>

namespace cli {

using model::Claim;
using model::EventKind;

model::PropertySet claimed_by(const Claim& claim) {
  return claim.kind == Claim::Kind::never ? bit(claim.property) : model::PropertySet{0};
}

int weight_of(const model::Setup& setup, std::uint32_t claim, const model::Event& event,
              bool concerns) {
  const Claim::Kind kind = setup.claims[claim].kind;
  const bool returned = event.kind == EventKind::returned;
  if (kind == Claim::Kind::result) return returned ? 4 : 0;
  const bool watched_for = std::ranges::any_of(setup.monitors, [&](const model::Monitor& monitor) {
    return monitor.claim == claim && monitor.what.kind == event.kind;
  });
  if (kind == Claim::Kind::emitted && watched_for) return 4;
  if (returned || event.kind == EventKind::call) return 0;
  const int weight = event.frame.some() ? 3 : event.pages.count > 0 ? 2 : 1;
  return concerns ? weight + 4 : weight;
}

}  // namespace cli
