// SPDX-License-Identifier: Apache-2.0
#include "model/flow/receive.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

void drop(Context& c, QpId qp, const Message& datagram) {
  c.emit(
      {.kind = EventKind::datagram_dropped, .adapter = c.queue(qp).card, .value = datagram.value});
}

}  // namespace

bool take_buffer(Context& c, QpId qp, QpId srq) {
  auto& own = c.queue(qp).rc.buffers;
  if (!srq.some()) return !own.empty();
  auto& shared = c.queue(srq).rc.buffers;
  if (shared.empty()) return false;
  own.insert(own.begin(), shared.front());
  shared.erase(shared.begin());
  return true;
}

void give_buffer_back(Context& c, QpId qp, QpId srq) {
  if (!srq.some()) return;
  auto& own = c.queue(qp).rc.buffers;
  auto& shared = c.queue(srq).rc.buffers;
  shared.insert(shared.begin(), own.front());
  own.erase(own.begin());
}

void drop_received(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  for (const Message& datagram : rc.received) drop(c, qp, datagram);
  rc.received.clear();
}

Next CreateQueue::run(Context& c) {
  c.spend(Cost::syscall);
  c.machine.queues.push_back({.user = user, .card = card, .peer = card, .kind = kind});
  return c.done(Result::object(static_cast<std::uint32_t>(c.machine.queues.size() - 1)));
}

void datagram_arrives(Context& c, const Message& message) {
  const QueuePair& queue = c.queue(message.qp);
  Connection& rc = c.queue(message.qp).rc;
  if (c.adapter(queue.card).hung) return;
  if (rc.faulting) return drop(c, message.qp, message);
  rc.received.push_back(message);
  if (rc.serving) return;
  rc.serving = true;
  c.spawn({TakeDatagram{.qp = message.qp}}, c.adapter(queue.card).host);
}

Next TakeDatagram::run(Context& c) {
  if (step == Step::landed) return landed(c);
  const QueuePair& queue = c.queue(qp);
  Connection& rc = c.queue(qp).rc;
  if (rc.received.empty() || c.adapter(queue.card).hung) {
    rc.serving = false;
    return c.done();
  }
  const Message datagram = rc.received.front();
  c.task().line = datagram.line;
  if (rc.refused || rc.buffers.empty() || !c.mm(queue.user).alive) {
    drop(c, qp, datagram);
    rc.received.erase(rc.received.begin());
    return Next::again;
  }
  step = Step::landed;
  return c.call({Dma{.op = Opcode::send,
                     .adapter = queue.card,
                     .mr = rc.buffers.front().mr,
                     .pages = one_page(rc.buffers.front().page),
                     .value = datagram.value,
                     .requester = datagram.task,
                     .qp = qp}});
}

// A page that cannot be had takes the queue pair into the error state: do_class_ac_error() of rxe.
Next TakeDatagram::landed(Context& c) {
  Connection& rc = c.queue(qp).rc;
  const Result result = c.task().result;
  const bool dropped = rc.faulting;  // By fault_in(), with those behind it.
  rc.faulting = false;
  step = Step::take;
  if (c.adapter(c.queue(qp).card).hung) return Next::pass;
  if (dropped && result == Result::error(EAGAIN)) return Next::pass;
  c.changed(Wait::Kind::arrived, qp.value);
  if (!result.ok()) {
    rc.refused = true;
    drop_received(c, qp);
    return Next::pass;
  }
  rc.arrived.push_back(rc.received.front().value);
  rc.received.erase(rc.received.begin());
  rc.buffers.erase(rc.buffers.begin());
  return Next::again;
}

Next PostReceive::run(Context& c) {
  const QueuePair& queue = c.queue(qp);
  const bool receives = c.machine.is_reliable(qp) || queue.kind != QueuePair::Kind::connected;
  const bool ours = receives && c.registration(mr).live && c.registration(mr).adapter == queue.peer;
  if (!ours) return c.done(Result::error(EINVAL));
  c.spend(Cost::doorbell);
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    c.queue(qp).rc.buffers.push_back({.mr = mr, .page = pages.at(i)});
  }
  return c.done();
}

Wait PollReceive::guard() const {
  return Wait{.kind = Wait::Kind::arrived, .index = qp.value}.ended_by(Wait::Signals::fatal);
}

Next PollReceive::run(Context& c) {
  auto& arrived = c.queue(qp).rc.arrived;
  if (arrived.empty()) return c.done(Result::error(ECANCELED));
  const Value value = arrived.front();
  arrived.erase(arrived.begin());
  c.changed(Wait::Kind::arrived, qp.value);
  return c.done(Result::value(value));
}

}  // namespace model
