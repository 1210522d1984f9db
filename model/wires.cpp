// SPDX-License-Identifier: Apache-2.0
// How what one host sends gets to another: what becomes of it on the links that it takes, and when
// it arrives.
#include "model/fabric/route.hpp"
#include "model/world.hpp"

namespace model {
namespace {

constexpr std::uint32_t page_bytes = 4096;
constexpr std::uint32_t header_bytes = 64;

// What links do with a message. Of two links that do something to it, the later one counts here.
enum class Fate : std::uint8_t { arrives, late, twice, lost };
constexpr std::array in_order_asked{Fate::arrives, Fate::lost, Fate::late, Fate::twice};
constexpr std::uint32_t whole = 1'000'000;

struct Shares {
  std::uint32_t lost;
  std::uint32_t late;
  std::uint32_t twice;
};
Shares shares_of(const LinkSetup& link) { return {link.loss, link.reorder, link.duplicate}; }

bool is_packet(const Message& message) {
  return message.kind == MessageKind::rc_packet || message.kind == MessageKind::rc_answer ||
         message.kind == MessageKind::datagram;
}

std::uint8_t bit(Fate fate) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(fate)); }

// What this link may do with it, as bits.
std::uint8_t fates_on(const LinkSetup& link, const Message& message) {
  const auto [loss, reorder, duplicate] = shares_of(link);
  const bool packet = is_packet(message);
  const auto told = [&](std::uint16_t kinds) { return (kinds & model::bit(message.kind)) != 0; };
  std::uint8_t fates = 0;
  if (!packet || loss + reorder + duplicate < whole) fates |= bit(Fate::arrives);
  if (packet ? loss != 0 : told(link.lost)) fates |= bit(Fate::lost);
  if (packet ? reorder != 0 : told(link.late)) fates |= bit(Fate::late);
  if (packet ? duplicate != 0 : told(link.doubled)) fates |= bit(Fate::twice);
  return fates;
}

Fate ask(std::uint8_t fates, bool packet, sim::Chooser& chooser) {
  Small<Fate, 4> possible;
  for (const Fate fate : in_order_asked) {
    if ((fates & bit(fate)) != 0) possible.push_back(fate);
  }
  if (possible.size() == 1) return possible.front();
  const auto count = static_cast<std::uint32_t>(possible.size());
  return possible[chooser.choose(
      packet ? "what becomes of the packet?" : "what becomes of the message?", count)];
}

// By the shares of a link. Those of kernels' messages are not said: each fate is as likely.
Fate draw(const LinkSetup& link, const Message& message, sim::Chooser& chooser) {
  const std::uint8_t fates = fates_on(link, message);
  const bool one = (fates & (fates - 1)) == 0;
  if (one || !is_packet(message)) return ask(fates, is_packet(message), chooser);
  const auto [loss, reorder, duplicate] = shares_of(link);
  const std::uint32_t drawn = chooser.choose("what becomes of the packet?", whole);
  if (drawn < loss) return Fate::lost;
  if (drawn < loss + reorder) return Fate::late;
  return drawn < loss + reorder + duplicate ? Fate::twice : Fate::arrives;
}

// An exploration asks once for all links of a way.
Fate fate_on(const Route& route, const std::vector<LinkSetup>& links, const Message& message,
             sim::Order order, sim::Chooser& chooser) {
  if (order == sim::Order::by_time) {
    Fate fate = Fate::arrives;
    for (const Wire& wire : route) {
      fate = std::max(fate, draw(links[wire.link.index()], message, chooser));
      if (fate == Fate::lost) return fate;
    }
    return fate;
  }
  std::uint8_t fates = bit(Fate::arrives);
  for (const Wire& wire : route) {
    const std::uint8_t here = fates_on(links[wire.link.index()], message);
    std::uint8_t both = 0;
    for (const Fate one : in_order_asked) {
      for (const Fate other : in_order_asked) {
        const bool possible = (fates & bit(one)) != 0 && (here & bit(other)) != 0;
        if (possible) both |= bit(std::max(one, other));
      }
    }
    fates = both;
  }
  return ask(fates, is_packet(message), chooser);
}

Event event_of(Fate fate, const Message& message, const Machine& machine) {
  Event event{.kind = fate == Fate::lost   ? EventKind::packet_lost
                      : fate == Fate::late ? EventKind::packet_late
                                           : EventKind::packet_twice};
  if (message.attachment.some() && !message.qp.some()) {
    event.adapter = machine.attachments[message.attachment.index()].card;
    event.value = static_cast<std::uint32_t>(message.kind);
    return event;
  }
  const QueuePair& queue = machine.queues[message.qp.index()];
  event.adapter = message.kind == MessageKind::rc_answer ? queue.peer : queue.card;
  event.value = message.psn;
  return event;
}

// What a message has besides its header.
std::uint64_t data_bytes(const Message& message) {
  const bool asks = message.kind == MessageKind::rdma_request ||
                    message.kind == MessageKind::rc_packet || message.kind == MessageKind::datagram;
  const bool answers =
      message.kind == MessageKind::rdma_response ||
      (message.kind == MessageKind::rc_answer && message.syndrome == Syndrome::ack);
  const bool carries = asks ? message.op == Opcode::write || message.op == Opcode::send
                            : answers && message.op == Opcode::read;
  return carries ? std::uint64_t{page_bytes} * message.pages.count : 0;
}

// For so long it occupies the wire; what follows waits.
sim::Nanoseconds occupancy(const LinkSetup& link, const Message& message) {
  const std::uint64_t bytes = header_bytes + data_bytes(message);
  return bytes * 8 * 1'000'000'000 / link.bits_per_second;
}

}  // namespace

sim::Lane World::lane_of(HostId from, HostId to) const {
  const auto hosts = static_cast<std::uint32_t>(machine_.hosts.size());
  return sim::Lane{4 * (from.value * hosts + to.value) + 1};
}

// Behind those of what comes in order: a lane for each direction, then one for each queue pair.
sim::Lane World::late_lane_of(HostId from, HostId to) const {
  const auto hosts = static_cast<std::uint32_t>(machine_.hosts.size());
  return sim::Lane{4 * (hosts * hosts + from.value * hosts + to.value) + 1};
}

// Behind those of the CPUs' interrupts.
sim::Lane World::lane_of(LineId signal) const {
  return sim::Lane{4 * (static_cast<std::uint32_t>(machine_.cpus.size()) + signal.value) + 2};
}

// And those behind the signals.
sim::Lane World::lane_of(const Wire& wire) const {
  const auto before = static_cast<std::uint32_t>(machine_.cpus.size() + machine_.lines.size());
  return sim::Lane{4 * (before + 2 * wire.link.value + (wire.backwards ? 1 : 0)) + 2};
}

sim::Lane World::lane_of(QpId timer) const {
  const auto hosts = static_cast<std::uint32_t>(machine_.hosts.size());
  return sim::Lane{4 * (2 * hosts * hosts + timer.value) + 1};
}

// A host talks to itself at once, and to another one if neither is unplugged. Whether a message is
// lost is told when it is sent: nobody could tell later from never. So is the way that it takes.
void World::post_message(const Effects::Sent& sent, Effects& effects, sim::Chooser& chooser) {
  const sim::Nanoseconds after = effects.duration;
  const Machine& machine = machine_;
  const Host& from = machine.hosts[sent.from.index()];
  const Topology whole_fabric = machine.topology(Machine::Faults::ignored);
  Route route;
  bool cut = false;
  if (sent.from != sent.to) {
    route = route_between(machine.topology(), sent.from, sent.to);
    cut = from.unplugged || machine.hosts[sent.to.index()].unplugged ||
          ((from.cut >> sent.to.value) & 1) != 0 ||
          (route.empty() && !route_between(whole_fabric, sent.from, sent.to).empty());
  }
  const bool known = sent.message.kind == MessageKind::peer_down && notice_pending(sent);
  if (known) return;
  if (cut) {
    if (is_packet(sent.message)) {
      effects.fates.push_back(event_of(Fate::lost, sent.message, machine));
    }
    return;
  }
  const Delivery delivery{.to = sent.to, .message = sent.message};
  if (route.empty()) {
    note_post(lane_of(sent.from, sent.to), Lineage::How::sent);
    events_.post(lane_of(sent.from, sent.to), after + setup().price(Cost::lock, 1, effects.lot),
                 delivery);
    return;
  }
  const Fate fate = machine.running
                        ? fate_on(route, setup().links, sent.message, events_.order(), chooser)
                        : Fate::arrives;
  if (fate != Fate::arrives) effects.fates.push_back(event_of(fate, sent.message, machine));
  if (fate == Fate::lost) return;
  // Nor does what goes on a direct link pass what was sent before, over switches.
  const bool before = first_in_transit(sent.from, sent.to) != transits_.end();
  const bool routed = events_.order() == sim::Order::by_time && (route.size() > 1 || before);
  if (fate != Fate::late) {
    routed ? set_out(sent, route, after, Transit::Order::kept) : post_on(sent, route, after);
  }
  if (fate == Fate::arrives) return;
  post_overtaken(sent, route, after);
}

// Whether a notice of that host's death is on its way to this one.
bool World::notice_pending(const Effects::Sent& sent) const {
  bool found = std::ranges::any_of(transits_, [&](const Transit& transit) {
    return transit.from == sent.from && transit.delivery.to == sent.to &&
           transit.delivery.message.kind == MessageKind::peer_down;
  });
  const sim::Lane lane = lane_of(sent.from, sent.to);
  events_.for_each([&](sim::Lane where, const Pending& what) {
    const auto* delivery = std::get_if<Delivery>(&what);
    found = found || (where == lane && delivery != nullptr &&
                      delivery->message.kind == MessageKind::peer_down);
  });
  return found;
}

// Over one link; in an exploration, which keeps no time, over any number of them.
void World::post_on(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after) {
  const LinkSetup& link = setup().links[route.front().link.index()];
  const sim::Nanoseconds busy = occupancy(link, sent.message);
  const sim::Lane lane = lane_of(sent.from, sent.to);
  note_post(lane, Lineage::How::sent);
  events_.post_serial(lane, after + link.latency + busy, busy,
                      Delivery{.to = sent.to, .message = sent.message});
}

// What was sent before it still comes before it: it leaves the order when it is its turn.
void World::post_overtaken(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after) {
  const LinkSetup& link = setup().links[route.front().link.index()];
  const sim::Nanoseconds latency = latency_of(route);
  const sim::Nanoseconds due = after + latency + occupancy(link, sent.message);
  const Delivery delivery{.to = sent.to, .message = sent.message};
  const sim::Lane lane = lane_of(sent.from, sent.to);
  if (first_in_transit(sent.from, sent.to) != transits_.end()) {
    set_out(sent, route, after, Transit::Order::left);
    return;
  }
  if (events_.pending(lane)) {
    note_post(lane, Lineage::How::sent);
    events_.post(lane, due, Overtaken{delivery});
    return;
  }
  const sim::Lane late = late_lane_of(sent.from, sent.to);
  note_post(late, Lineage::How::sent);
  events_.post(late, due + latency, delivery);
}

// It is on its way once more, for as long as without a queue.
void World::leave_order(sim::Lane lane, const Overtaken& overtaken) {
  const auto hosts = static_cast<std::uint32_t>(machine_.hosts.size());
  const HostId from{lane.value / 4 / hosts};
  const HostId to = overtaken.delivery.to;
  const Topology topology = std::as_const(machine_).topology(Machine::Faults::ignored);
  const sim::Nanoseconds latency = latency_of(route_between(topology, from, to));
  const sim::Lane late = late_lane_of(from, to);
  note_post(late, Lineage::How::sent);
  events_.post(late, latency, overtaken.delivery);
}

sim::Nanoseconds World::latency_of(const Route& route) const {
  sim::Nanoseconds latency = 0;
  for (const Wire& wire : route) latency += setup().links[wire.link.index()].latency;
  return latency;
}

// ---- By time, over switches. Each direction of a link carries one message after the other, in the
// order in which their first bytes come to it, as a port's queue does. A switch sends on what has
// begun to arrive. So latencies add up, and alone a message takes the time of the narrowest link.

void World::set_out(const Effects::Sent& sent, const Route& route, sim::Nanoseconds after,
                    Transit::Order order) {
  const sim::Nanoseconds start = events_.now() + after;
  transits_.push_back({.number = transits_.empty() ? 0 : transits_.back().number + 1,
                       .from = sent.from,
                       .delivery = {.to = sent.to, .message = sent.message},
                       .route = route,
                       .order = order,
                       .tail = start});
  enter_wire(transits_.back(), start);
}

void World::enter_wire(Transit& transit, sim::Nanoseconds head) {
  const Wire wire = transit.route[transit.crossed];
  const LinkSetup& link = setup().links[wire.link.index()];
  const std::size_t port = 2 * wire.link.index() + (wire.backwards ? 1 : 0);
  if (busy_until_.size() <= port) busy_until_.resize(2 * setup().links.size());
  const sim::Nanoseconds start = std::max(head, busy_until_[port]);
  busy_until_[port] = std::max(start + occupancy(link, transit.delivery.message), transit.tail);
  transit.tail = busy_until_[port] + link.latency;
  ++transit.crossed;
  note_post(lane_of(wire), Lineage::How::sent);
  events_.post_at(lane_of(wire), start + link.latency, Hop{transit.number});
}

// Its first byte has come to the end of a link.
void World::pass(const Hop& hop) {
  const auto transit = std::ranges::find(transits_, hop.transit, &Transit::number);
  if (transit->crossed < transit->route.size()) {
    const NodeId here = std::as_const(machine_).topology().from(transit->route[transit->crossed]);
    const sim::Nanoseconds inside =
        setup().fabric_switches[here.value - machine_.hosts.size()].latency;
    transit->tail += inside;
    enter_wire(*transit, events_.now() + inside);
    return;
  }
  transit->there = true;
  hand_over(transit->from, transit->delivery.to);
}

// What was sent later waits for what was sent before, also if it has come by a shorter way.
void World::hand_over(HostId from, HostId to) {
  const sim::Lane lane = lane_of(from, to);
  auto first = first_in_transit(from, to);
  for (; first != transits_.end() && first->there; first = first_in_transit(from, to)) {
    note_post(lane, Lineage::How::sent);
    events_.post_at(lane, first->tail, first->arrival());
    transits_.erase(first);
  }
}

std::vector<World::Transit>::const_iterator World::first_in_transit(HostId from, HostId to) const {
  return std::ranges::find_if(transits_, [&](const Transit& transit) {
    return transit.from == from && transit.delivery.to == to;
  });
}

World::Pending World::Transit::arrival() const {
  if (order == Order::kept) return delivery;
  return Overtaken{delivery};
}

// As in an exploration, where what was sent is on its way until it is there.
sim::FlatQueue<World::Pending> World::without_hops() const {
  sim::FlatQueue<Pending> flat;
  events_.for_each([&](sim::Lane lane, const Pending& what) {
    if (!std::holds_alternative<Hop>(what)) flat.post(lane, what);
  });
  for (const Transit& transit : transits_) {
    flat.post(lane_of(transit.from, transit.delivery.to), transit.arrival());
  }
  return flat;
}

}  // namespace model
