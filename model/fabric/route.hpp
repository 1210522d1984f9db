// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which links a message takes. Switches pass on what is not for them, hosts do not. The way is one
// with the fewest links, as OpenSM's default Min Hop algorithm has it; of several such ways that
// whose links come first in the scenario. Each direction of a pair of hosts takes the same one.

#include <span>

#include "model/fabric/link.hpp"
#include "model/memory/small.hpp"

namespace model {

// The state of the fabric, where a scenario has switches or breaks single links.
struct Fabric {
  Small<LinkId, 2> down{};    // Ascending; and so are
  Small<SwitchId, 1> dead{};  // switches, whose links carry nothing any more.

  bool operator==(const Fabric&) const = default;
};

// One direction of a link.
struct Wire {
  LinkId link{};
  bool backwards = false;  // From its right end to its left one.

  bool operator==(const Wire&) const = default;
};

struct Topology {
  std::span<const LinkSetup> links;
  std::uint32_t hosts = 0;
  const Fabric* fabric = nullptr;  // None: everything carries.

  bool carries(LinkId link) const;
  NodeId from(Wire wire) const;
  NodeId to(Wire wire) const;
};

using Route = Small<Wire, 4>;

// Empty: there is no way.
Route route_between(const Topology& topology, HostId from, HostId to);

}  // namespace model
