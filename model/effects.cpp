// SPDX-License-Identifier: Apache-2.0
// What a step has caused beyond its machine: messages, interrupts, workers, timers, deaths.
#include "model/world.hpp"

namespace model {
namespace {

constexpr std::uint32_t page_bytes = 4096;
constexpr std::uint32_t header_bytes = 64;

// What a link does with a packet.
enum class Fate : std::uint8_t { arrives, lost, late, twice };

Fate fate_of(const LinkSetup& link, sim::Order order, sim::Chooser& chooser) {
  constexpr std::uint32_t whole = 1'000'000;
  constexpr std::string_view question = "what becomes of the packet?";
  const std::array shares{std::pair(Fate::lost, link.loss), std::pair(Fate::late, link.reorder),
                          std::pair(Fate::twice, link.duplicate)};
  Small<Fate, 4> possible;
  if (link.loss + link.reorder + link.duplicate < whole) possible.push_back(Fate::arrives);
  for (const auto& [fate, share] : shares) {
    if (share != 0) possible.push_back(fate);
  }
  if (possible.size() == 1) return possible.front();
  if (order == sim::Order::any) {
    return possible[chooser.choose(question, static_cast<std::uint32_t>(possible.size()))];
  }
  std::uint32_t drawn = chooser.choose(question, whole);
  for (const auto& [fate, share] : shares) {
    if (drawn < share) return fate;
    drawn -= share;
  }
  return Fate::arrives;
}

// The same of a message between kernels. No share is said: each is as likely.
Fate fate_of(const LinkSetup& link, MessageKind kind, sim::Chooser& chooser) {
  const std::array told{std::pair(Fate::lost, link.lost), std::pair(Fate::late, link.late),
                        std::pair(Fate::twice, link.doubled)};
  Small<Fate, 4> possible;
  possible.push_back(Fate::arrives);
  for (const auto& [fate, kinds] : told) {
    if ((kinds & bit(kind)) != 0) possible.push_back(fate);
  }
  if (possible.size() == 1) return possible.front();
  return possible[chooser.choose("what becomes of the message?",
                                 static_cast<std::uint32_t>(possible.size()))];
}

Event event_of(Fate fate, const Message& packet, const Machine& machine) {
  if (packet.attachment.some() && !packet.qp.some()) {
    return {.kind = fate == Fate::lost   ? EventKind::packet_lost
                    : fate == Fate::late ? EventKind::packet_late
                                         : EventKind::packet_twice,
            .adapter = machine.attachments[packet.attachment.index()].card,
            .value = static_cast<std::uint32_t>(packet.kind)};
  }
  const QueuePair& queue = machine.queues[packet.qp.index()];
  return {.kind = fate == Fate::lost   ? EventKind::packet_lost
                  : fate == Fate::late ? EventKind::packet_late
                                       : EventKind::packet_twice,
          .adapter = packet.kind == MessageKind::rc_answer ? queue.peer : queue.card,
          .value = packet.psn};
}

bool is_packet(const Message& message) {
  return message.kind == MessageKind::rc_packet || message.kind == MessageKind::rc_answer ||
         message.kind == MessageKind::datagram;
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

}  // namespace

const LinkSetup* World::link_between(HostId one, HostId other) const {
  if (one == other) return nullptr;
  for (const LinkSetup& link : setup().links) {
    if ((link.left == one && link.right == other) || (link.left == other && link.right == one)) {
      return &link;
    }
  }
  return nullptr;
}

// A host talks to itself at once, and to another one if neither is unplugged. Whether a packet is
// lost is told when it is sent: nobody could tell later from never.
void World::post_message(const Effects::Sent& sent, Effects& effects, sim::Chooser& chooser) {
  const sim::Nanoseconds after = effects.duration;
  const Delivery delivery{.to = sent.to, .message = sent.message};
  const Host& from = std::as_const(machine_).hosts[sent.from.index()];
  const bool cut = sent.from != sent.to &&
                   (from.unplugged || std::as_const(machine_).hosts[sent.to.index()].unplugged ||
                    ((from.cut >> sent.to.value) & 1) != 0);
  if (cut) {
    if (is_packet(sent.message)) {
      effects.fates.push_back(event_of(Fate::lost, sent.message, machine_));
    }
    return;
  }
  const LinkSetup* link = link_between(sent.from, sent.to);
  if (link == nullptr) {
    note_post(lane_of(sent.from, sent.to), Lineage::How::sent);
    events_.post(lane_of(sent.from, sent.to), after + setup().cost(Cost::lock), delivery);
    return;
  }
  const Fate fate = !machine_.running         ? Fate::arrives
                    : is_packet(sent.message) ? fate_of(*link, events_.order(), chooser)
                                              : fate_of(*link, sent.message.kind, chooser);
  if (fate != Fate::arrives) effects.fates.push_back(event_of(fate, sent.message, machine_));
  if (fate == Fate::arrives || fate == Fate::twice) {
    post_on(*link, lane_of(sent.from, sent.to), after, delivery);
  }
  if (fate == Fate::late || fate == Fate::twice) {
    post_on(*link, late_lane_of(sent.from, sent.to), after + link->latency, delivery);
  }
}

// Data occupies the wire for its size; what follows waits.
void World::post_on(const LinkSetup& link, sim::Lane lane, sim::Nanoseconds after,
                    const Delivery& delivery) {
  const std::uint64_t bytes = header_bytes + data_bytes(delivery.message);
  const sim::Nanoseconds occupancy = bytes * 8 * 1'000'000'000 / link.bits_per_second;
  note_post(lane, Lineage::How::sent);
  events_.post_serial(lane, after + link.latency + occupancy, occupancy, delivery);
}

void World::set_timers(const Effects& effects) {
  for (const Effects::Timer& timer : effects.timers) {
    const sim::Lane lane = std::visit([&](auto of) { return lane_of(of); }, timer.of);
    cancel(lane);
    if (!timer.after) continue;
    note_post(lane, Lineage::How::timer);
    events_.post(lane, *timer.after, Expiry{timer.of});
  }
}

void World::carry_out(Effects& effects, sim::Chooser& chooser) {
  for (const Effects::Sent& sent : effects.sent) {
    const bool notice = sent.message.kind == MessageKind::peer_down;
    if (machine_.hosts[sent.from.index()].dead && !notice) continue;
    post_message(sent, effects, chooser);
  }
  for (const Effects::Interrupt& request : effects.interrupts) {
    note_post(lane_of(request.cpu), Lineage::How::interrupt);
    events_.post(lane_of(request.cpu), effects.duration + setup().cost(Cost::ipi),
                 Interrupt{.cpu = request.cpu,
                           .mm = request.mm,
                           .pages = request.pages,
                           .waiting = request.waiting});
  }
  for (const Effects::Spawned& spawned : effects.spawned) {
    const TaskId task = add_task({.host = spawned.host, .line = spawned.line, .alive = true});
    actors_[task.index()].stack.frames.push_back(spawned.flow);
    if (lineage_ != nullptr) lineage_->spawned(task);
    set_runnable(task, effects.duration, chooser);
  }
  set_timers(effects);
  for (const HostId host : effects.killed) {
    stop_tasks([&](TaskId task) { return machine_.tasks[task.index()].host == host; });
  }
  for (const AdapterId adapter : effects.stopped) {
    stop_tasks([&](TaskId task) {
      const Program* program = program_of(task);
      // What a kernel does for it goes on to its end.
      const bool served = actors_[task.index()].stack.frames.size() > 1;
      return program != nullptr && program->adapter == adapter && !served;
    });
  }
}

// They stop where they are. What they have on the wire still arrives.
template <class Wanted>
void World::stop_tasks(Wanted wanted) {
  for (std::uint32_t i = 0; i < machine_.tasks.size(); ++i) {
    const TaskId task{i};
    if (!machine_.tasks[i].alive || !wanted(task)) continue;
    cancel(lane_of(task));
    drop_if(guarded_, [task](const Guarded& entry) { return entry.task == task; });
    drop_if(machine_.posted, [task](const Posted& entry) { return entry.task == task; });
    drop_if(machine_.asked, [task](const Asked& entry) { return entry.task == task; });
    drop_if(machine_.recalls, [task](const Recall& recall) { return recall.task == task; });
    machine_.tasks[i].alive = false;
    actors_[i].stack = {};
  }
}

}  // namespace model
