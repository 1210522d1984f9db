// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario says of the fabric: links between adapters and switches. What goes over which of
// them is in route.hpp.

#include <string>

#include "model/memory/ids.hpp"
#include "sim/event_queue.hpp"

namespace model {

using SwitchId = sim::Id<struct SwitchTag>;
using LinkId = sim::Id<struct LinkTag>;
// An end of a link. Hosts have their own numbers, and switches those behind all hosts.
using NodeId = sim::Id<struct NodeTag>;

constexpr NodeId node_of(HostId host) { return NodeId{host.value}; }

struct SwitchSetup {
  std::string name{};
  sim::Nanoseconds latency = 0;  // From one port to another.
};

struct LinkSetup {
  NodeId left{};
  NodeId right{};
  sim::Nanoseconds latency = 1000;
  std::uint64_t bits_per_second = 100'000'000'000;
  // What becomes of the packets of reliable connections, in parts per million. A late one comes
  // after those that were sent behind it. An exploration tries what may happen at all.
  std::uint32_t loss = 0;
  std::uint32_t reorder = 0;
  std::uint32_t duplicate = 0;
  // What may become of other messages, by their kinds as bits: of one that is lost, that is no
  // longer in order with those behind it, or that comes twice.
  std::uint16_t lost = 0;
  std::uint16_t late = 0;
  std::uint16_t doubled = 0;

  bool joins(NodeId one, NodeId other) const {
    return (left == one && right == other) || (left == other && right == one);
  }
};

}  // namespace model
