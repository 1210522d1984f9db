// SPDX-License-Identifier: Apache-2.0
#include "model/fabric/route.hpp"

#include <vector>

namespace model {
namespace {

bool among(const auto& sorted, auto id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

// Breadth first, and each node's links in their order: the first way that is found is the one.
Route shortest(const Topology& topology, NodeId from, NodeId to) {
  struct Reached {
    NodeId node;
    std::size_t before;
    Wire by;
  };
  std::vector<Reached> reached{{.node = from, .before = 0, .by = {}}};
  const auto known = [&](NodeId node) {
    return std::ranges::find(reached, node, &Reached::node) != reached.end();
  };
  for (std::size_t i = 0; i < reached.size() && reached.back().node != to; ++i) {
    const NodeId here = reached[i].node;
    if (i != 0 && here.value < topology.hosts) continue;
    for (std::uint32_t id = 0; id < topology.links.size() && reached.back().node != to; ++id) {
      const LinkSetup& link = topology.links[id];
      if ((link.left != here && link.right != here) || !topology.carries(LinkId{id})) continue;
      const Wire by{.link = LinkId{id}, .backwards = link.left != here};
      const NodeId there = topology.to(by);
      if (!known(there)) reached.push_back({.node = there, .before = i, .by = by});
    }
  }
  Route route;
  if (reached.back().node != to) return route;
  for (std::size_t i = reached.size() - 1; i != 0; i = reached[i].before) {
    route.insert(route.begin(), reached[i].by);
  }
  return route;
}

}  // namespace

bool Topology::carries(LinkId link) const {
  if (fabric == nullptr) return true;
  const auto dead = [&](NodeId end) {
    return end.value >= hosts && among(fabric->dead, SwitchId{end.value - hosts});
  };
  return !among(fabric->down, link) && !dead(links[link.index()].left) &&
         !dead(links[link.index()].right);
}

NodeId Topology::from(Wire wire) const {
  const LinkSetup& link = links[wire.link.index()];
  return wire.backwards ? link.right : link.left;
}

NodeId Topology::to(Wire wire) const {
  const LinkSetup& link = links[wire.link.index()];
  return wire.backwards ? link.left : link.right;
}

Route route_between(const Topology& topology, HostId from, HostId to) {
  const NodeId start = node_of(from);
  const NodeId end = node_of(to);
  for (std::uint32_t id = 0; id < topology.links.size(); ++id) {  // Mostly there is one.
    const LinkSetup& link = topology.links[id];
    if (!link.joins(start, end) || !topology.carries(LinkId{id})) continue;
    Route direct;
    direct.push_back({.link = LinkId{id}, .backwards = link.left != start});
    return direct;
  }
  if (start < end) return shortest(topology, start, end);
  Route route = shortest(topology, end, start);
  std::reverse(route.begin(), route.end());
  for (Wire& wire : route) wire.backwards = !wire.backwards;
  return route;
}

}  // namespace model
