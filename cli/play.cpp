// SPDX-License-Identifier: Apache-2.0
#include "cli/play.hpp"

#include "cli/outcome.hpp"

namespace cli {

Played play(const Case& what, const sim::Path& path, std::uint64_t steps, TimelineReader& reader) {
  Timeline timeline(what, reader);
  model::World start(what.setup(), order_of(*what.cell));
  start.set_lineage(timeline.lineage());
  Observed world(std::move(start), timeline);
  timeline.started(world.world());
  const sim::Replay replay = sim::replay(world, path, steps, timeline);
  return {.replay = replay, .broken = world.broken(), .witnessed = world.witnessed()};
}

}  // namespace cli
