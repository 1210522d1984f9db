// SPDX-License-Identifier: Apache-2.0
#include "model/flow/connection.hpp"

#include "model/flow/all.hpp"
#include "model/flow/dma.hpp"
#include "model/flow/receive.hpp"
#include "model/flow/users.hpp"

namespace model {
namespace {

using Timer = Connection::Timer;

// All that is posted ends with ECANCELED, the first request with `error`: WR_FLUSH_ERR.
void fail(Context& c, QpId qp, int error);

const RcSetup& transport_of(const Context& c, AdapterId card) {
  return c.setup.adapters[card.index()].rc;
}

const RcSetup& requester_of(const Context& c, QpId qp) {
  return transport_of(c, c.machine.queues[qp.index()].card);
}

const RcSetup& responder_of(const Context& c, QpId qp) {
  return transport_of(c, c.machine.queues[qp.index()].peer);
}

void stop_timer(Context& c, QpId qp) {
  c.queue(qp).rc.timer = Timer::none;
  c.cancel_timer(qp);
}

void start_timer(Context& c, QpId qp) {
  const std::uint8_t timeout = requester_of(c, qp).timeout;
  if (timeout == 0) return stop_timer(c, qp);  // Never.
  c.queue(qp).rc.timer = Timer::acknowledgement;
  c.set_timer(qp, sim::Nanoseconds{4096} << timeout);
}

Message message_of(const QueuePair& queue, QpId qp, std::uint32_t psn) {
  const Packet& packet = queue.rc.window[psn - queue.rc.unacked];
  return {.kind = MessageKind::rc_packet,
          .op = packet.op,
          .mr = packet.mr,
          .pages = one_page(packet.page),
          .value = packet.value,
          .task = packet.task,
          .compare = packet.compare,
          .qp = qp,
          .psn = psn,
          .half = packet.half,
          .line = packet.line,
          .srq = packet.srq};
}

// What is still to be sent, up to a second operation whose answer has data.
void transmit(Context& c, QpId qp) {
  QueuePair& queue = c.queue(qp);
  Connection& rc = queue.rc;
  const auto has_data = [](const Packet& packet) { return has_answer(packet.op); };
  const HostId here = c.adapter(queue.card).host;
  const HostId there = c.adapter(queue.peer).host;
  while (rc.unsent - rc.unacked < rc.window.size()) {
    const auto next = rc.window.begin() + static_cast<std::ptrdiff_t>(rc.unsent - rc.unacked);
    if (has_data(*next) && std::any_of(rc.window.begin(), next, has_data)) return;
    c.send(here, there, message_of(queue, qp, rc.unsent));
    ++rc.unsent;
  }
}

// All that is not acknowledged, once more.
void resend(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  rc.unsent = rc.unacked;
  transmit(c, qp);
  start_timer(c, qp);
}

// Likewise, if that was not too often.
void send_again(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  if (rc.retries == requester_of(c, qp).retry_cnt) return fail(c, qp, ETIMEDOUT);
  ++rc.retries;
  c.emit({.kind = EventKind::retransmit, .adapter = c.queue(qp).card, .value = rc.unacked});
  resend(c, qp);
}

// The oldest packet is acknowledged.
void acknowledge(Context& c, QpId qp, Value value) {
  Connection& rc = c.queue(qp).rc;
  const Packet packet = rc.window.front();
  rc.window.erase(rc.window.begin());
  ++rc.unacked;
  rc.unsent = std::max(rc.unsent, rc.unacked);
  rc.retries = 0;
  rc.rnr_retries = 0;
  const Value result = packet.first && has_answer(packet.op) ? value : packet.result;
  if (!packet.last) {
    rc.window.front().result = result;
    return;
  }
  complete(c, {.task = packet.task, .result = Result::value(result)});
}

void wait_for_responder(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  constexpr std::uint8_t without_end = 7;
  const RcSetup& ours = requester_of(c, qp);
  if (ours.rnr_retry != without_end) {
    if (rc.rnr_retries == ours.rnr_retry) return fail(c, qp, EAGAIN);
    ++rc.rnr_retries;
  }
  rc.timer = Timer::not_ready;
  c.set_timer(qp, rnr_timer(responder_of(c, qp).min_rnr_timer));
}

// To the requester, about the packet with that number.
void send_answer(Context& c, QpId qp, std::uint32_t psn, Syndrome syndrome, Message about = {}) {
  const QueuePair& queue = c.queue(qp);
  about.kind = MessageKind::rc_answer;
  about.qp = qp;
  about.psn = psn;
  about.syndrome = syndrome;
  c.send(c.adapter(queue.peer).host, c.adapter(queue.card).host, about);
}

// The number of the first packet that is not executed.
std::uint32_t unexecuted(const Connection& rc) {
  const auto open = std::ranges::count(rc.received, false, &Message::repeated);
  return rc.expected - static_cast<std::uint32_t>(open);
}

void take_packet(Context& c, const Message& packet) {
  Connection& rc = c.queue(packet.qp).rc;
  rc.received.push_back(packet);
  if (rc.serving) return;
  rc.serving = true;
  c.spawn({Respond{.qp = packet.qp}}, c.adapter(c.queue(packet.qp).peer).host);
}

// The answer was lost or comes late. A read is done again, an atomic operation is not: its result
// was kept. Of a write that is not executed yet nothing is said.
void answer_again(Context& c, Message packet) {
  Connection& rc = c.queue(packet.qp).rc;
  if (packet.psn >= unexecuted(rc)) return;
  packet.repeated = true;
  const bool again = packet.op == Opcode::read || !responder_of(c, packet.qp).check_psn;
  if (again && rc.faulting) return send_answer(c, packet.qp, packet.psn, Syndrome::not_ready);
  if (again) return take_packet(c, packet);
  if (!has_answer(packet.op)) return send_answer(c, packet.qp, packet.psn, Syndrome::ack, packet);
  if (rc.replay.psn != packet.psn) return;
  packet.value = rc.replay.value;
  send_answer(c, packet.qp, packet.psn, Syndrome::ack, packet);
}

// The responder has no translation, or no buffer, for the first packet that it has taken: it is as
// if that, and what came behind it, had not arrived. One that is repeated is forgotten alone.
void not_ready(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  const Message first = rc.received.front();
  if (first.repeated) {
    rc.received.erase(rc.received.begin());
  } else {
    rc.received.clear();
    rc.expected = first.psn;
    rc.gap = true;
  }
  c.emit({.kind = EventKind::rnr_nak,
          .pages = first.pages,
          .mr = first.mr,
          .adapter = c.queue(qp).peer,
          .value = first.psn});
  send_answer(c, qp, first.psn, Syndrome::not_ready);
}

void fail(Context& c, QpId qp, int error) {
  Connection& rc = c.queue(qp).rc;
  stop_timer(c, qp);
  rc.failed = true;
  c.emit({.kind = EventKind::connection_failed, .adapter = c.queue(qp).card});
  const auto window = rc.window;
  rc.window.clear();
  for (const Packet& packet : window) {
    if (!packet.last) continue;
    complete(c, {.task = packet.task, .result = Result::error(error)});
    error = ECANCELED;
  }
}

}  // namespace

sim::Nanoseconds rnr_timer(std::uint8_t code) {
  constexpr std::array<std::uint32_t, 32> hundredths_of_ms{
      65536, 1,    2,    3,    4,    6,     8,     12,    16,    24,   32,
      48,    64,   96,   128,  192,  256,   384,   512,   768,   1024, 1536,
      2048,  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152};
  return sim::Nanoseconds{10'000} * hundredths_of_ms[code % hundredths_of_ms.size()];
}

void post_send(Context& c, QpId qp, const Packet& request, PageRange pages) {
  Connection& rc = c.queue(qp).rc;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    Packet packet = request;
    packet.first = i == 0;
    packet.half = i + 1 == (pages.count + 1) / 2;
    packet.last = i + 1 == pages.count;
    packet.page = pages.at(i);
    rc.window.push_back(packet);
  }
  if (rc.timer == Timer::not_ready) return;
  transmit(c, qp);
  if (rc.timer == Timer::none) start_timer(c, qp);
}

void packet_arrives(Context& c, const Message& packet) {
  Connection& rc = c.queue(packet.qp).rc;
  if (c.adapter(c.queue(packet.qp).peer).hung || rc.refused) return;
  if (packet.psn < rc.expected) return answer_again(c, packet);
  if (packet.psn > rc.expected) {
    if (!rc.gap) send_answer(c, packet.qp, unexecuted(rc), Syndrome::out_of_order);
    rc.gap = true;
    return;
  }
  if (rc.faulting) return send_answer(c, packet.qp, packet.psn, Syndrome::not_ready);
  rc.gap = false;
  ++rc.expected;
  take_packet(c, packet);
}

void answer_arrives(Context& c, const Message& about) {
  const QpId qp = about.qp;
  Connection& rc = c.queue(qp).rc;
  const bool stale = about.psn < rc.unacked ||
                     about.psn >= rc.unacked + static_cast<std::uint32_t>(rc.window.size());
  if (rc.failed || stale || c.adapter(c.queue(qp).card).hung) return;
  while (rc.unacked < about.psn) {
    if (has_answer(rc.window.front().op)) return send_again(c, qp);  // Its answer was lost.
    acknowledge(c, qp, 0);
  }
  switch (about.syndrome) {
    case Syndrome::ack:
      acknowledge(c, qp, about.value);
      if (rc.window.empty()) return stop_timer(c, qp);
      transmit(c, qp);
      return start_timer(c, qp);
    case Syndrome::not_ready:
      return wait_for_responder(c, qp);
    case Syndrome::out_of_order:
      return send_again(c, qp);
    case Syndrome::access_error:
      return fail(c, qp, EREMOTEIO);
  }
}

void expire(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  if (c.host(c.adapter(c.queue(qp).card).host).dead) return;
  rc.timer == Timer::acknowledgement ? send_again(c, qp) : resend(c, qp);
}

void fault_in(Context& c, QpId qp) {
  Connection& rc = c.queue(qp).rc;
  rc.faulting = true;
  if (c.machine.is_datagram(qp)) return drop_received(c, qp);
  give_buffer_back(c, qp, rc.received.front().srq);
  not_ready(c, qp);
}

void card_hangs(Context& c, AdapterId card) {
  for (std::uint32_t i = 0; i < c.machine.queues.size(); ++i) {
    const QpId qp{i};
    if (c.queue(qp).peer == card) c.changed(Wait::Kind::visible, i);
    if (c.queue(qp).peer == card) c.changed(Wait::Kind::arrived, i);
    if (!c.machine.is_reliable(qp)) continue;
    if (c.queue(qp).card == card && !c.queue(qp).rc.failed) fail(c, qp, ECANCELED);
  }
}

Wait Respond::guard() const {
  return step == Step::push ? Wait{.kind = Wait::Kind::visible, .index = qp.value} : Wait{};
}

Next Respond::run(Context& c) {
  switch (step) {
    case Step::take:
      return take(c);
    case Step::push:
      step = Step::take;
      return Next::pass;
    case Step::answer:
      return finish(c);
  }
  return c.done();
}

Next Respond::take(Context& c) {
  Connection& rc = c.queue(qp).rc;
  const AdapterId card = c.queue(qp).peer;
  if (rc.received.empty() || c.adapter(card).hung) {
    rc.serving = false;
    return c.done();
  }
  Message packet = rc.received.front();
  repeated = packet.repeated;
  c.task().line = packet.line;
  if (!rc.path_clear()) {
    step = Step::push;
    return Next::again;
  }
  if (packet.op == Opcode::flush) return flush(c, packet);
  if (packet.op == Opcode::send) {
    const bool destroyed =
        packet.srq.some() && !c.mm(c.queue(packet.srq).user).alive;  // With its process.
    if (destroyed) return refuse(c, packet.psn);
    if (!take_buffer(c, qp, packet.srq)) {
      not_ready(c, qp);
      return Next::pass;
    }
    packet.mr = rc.buffers.front().mr;
    packet.pages = one_page(rc.buffers.front().page);
  }
  if (c.registration(packet.mr).adapter != card) return refuse(c, packet.psn);
  step = Step::answer;
  return c.call({Dma{.op = packet.op,
                     .adapter = card,
                     .mr = packet.mr,
                     .pages = packet.pages,
                     .value = packet.value,
                     .requester = packet.task,
                     .compare = packet.compare,
                     .qp = qp}});
}

// What it is about is visible. IBTA volume 1, release 1.5, annex A19; process_flush() of
// rxe_resp.c.
Next Respond::flush(Context& c, const Message& packet) {
  Connection& rc = c.queue(qp).rc;
  const Registration& region = c.registration(packet.mr);
  const bool allowed = responder_of(c, qp).flush && region.live && region.flushable &&
                       region.adapter == c.queue(qp).peer;
  if (!allowed) return refuse(c, packet.psn);
  rc.received.erase(rc.received.begin());
  send_answer(c, qp, packet.psn, Syndrome::ack, packet);
  return Next::again;
}

// The responder is in the error state from then on. What is repeated is dropped without a word.
Next Respond::refuse(Context& c, std::uint32_t psn) {
  Connection& rc = c.queue(qp).rc;
  step = Step::take;
  if (repeated) {
    rc.received.erase(rc.received.begin());
    return Next::again;
  }
  send_answer(c, qp, psn, Syndrome::access_error);
  rc.refused = true;
  rc.received.clear();
  c.changed(Wait::Kind::arrived, qp.value);
  return Next::again;
}

Next Respond::finish(Context& c) {
  Connection& rc = c.queue(qp).rc;
  const Result result = c.task().result;
  const bool dropped = rc.faulting;  // By not_ready(): it will come again.
  rc.faulting = false;
  step = Step::take;
  if (c.adapter(c.queue(qp).peer).hung) return Next::pass;
  if (dropped && (repeated || result == Result::error(EAGAIN))) return Next::pass;
  if (dropped) return refuse(c, rc.expected);
  Message packet = rc.received.front();
  if (!result.ok()) {
    if (packet.srq.some()) rc.buffers.erase(rc.buffers.begin());
    return refuse(c, packet.psn);
  }
  rc.received.erase(rc.received.begin());
  if (packet.op == Opcode::send) {
    const QpId queue = packet.srq.some() ? packet.srq : qp;
    rc.buffers.erase(rc.buffers.begin());
    c.queue(queue).rc.arrived.push_back(packet.value);
    c.changed(Wait::Kind::arrived, queue.value);
  }
  packet.value = result.number;
  if (is_atomic(packet.op)) rc.replay = {.psn = packet.psn, .value = packet.value};
  if (packet.half && !repeated) c.emit({.kind = EventKind::half});
  send_answer(c, qp, packet.psn, Syndrome::ack, packet);
  return Next::again;
}

void add_to_path(Context& c, QpId qp, const PostedWrite& write) {
  QueuePair& queue = c.queue(qp);
  queue.rc.path.push_back(write);
  if (queue.rc.path.size() > 1) return;
  c.spawn({PostedWrites{.qp = qp}}, c.adapter(queue.peer).host);
}

// In the order in which they were posted: PCI Express, ordering of posted requests.
Next PostedWrites::run(Context& c) {
  auto& path = c.queue(qp).rc.path;
  const AdapterId card = c.queue(qp).peer;
  if (c.adapter(card).hung) return c.done();
  const PostedWrite write = path.front();
  path.erase(path.begin());
  auto& transfers = c.adapter(card).transfers;
  const auto own = std::ranges::find_if(transfers, [&](const Transfer& each) {
    return !each.task.some() && each.mr == write.mr && each.page == write.page && each.write;
  });
  const PfnEntry target = own->target;
  transfers.erase(own);
  for (const auto kind : {Wait::Kind::quiet, Wait::Kind::completed, Wait::Kind::pushed}) {
    c.changed(kind, write.mr.value);
  }
  c.changed(Wait::Kind::visible, qp.value);
  access(c, write.mr, write.page, target, true, write.value);
  if (path.empty()) return c.done();
  c.task().line = path.front().line;
  return Next::again;
}

}  // namespace model
