// SPDX-License-Identifier: Apache-2.0
#include "model/flow/remote.hpp"

#include "model/flow/all.hpp"
#include "model/flow/users.hpp"

namespace model {
namespace {

// The fabric tells those who do not know it yet of hosts that are dead. What does not reach them
// now it tells them when they can be reached again.
void tell_of_the_dead(Context& c) {
  if (!c.setup.switches.peer_down_notice) return;
  const auto& hosts = std::as_const(c.machine).hosts;
  for (std::uint32_t victim = 0; victim < hosts.size(); ++victim) {
    if (!hosts[victim].dead) continue;
    for (std::uint32_t other = 0; other < hosts.size(); ++other) {
      if (hosts[other].dead || knows_down(c, HostId{other}, HostId{victim})) continue;
      c.send(HostId{victim}, HostId{other}, {.kind = MessageKind::peer_down, .value = victim});
    }
  }
}

}  // namespace

void Rdma::encode(sim::Encoder& out) const {
  const auto& [at, its_op, queue, own, use, region, range, number, wanted, shared] = *this;
  sim::encode(out, at);
  encode_opcode(out, its_op, shared);
  sim::encode(out, queue);
  sim::encode(out, own);
  sim::encode(out, use);
  sim::encode(out, region);
  sim::encode(out, range);
  sim::encode(out, number);
  sim::encode(out, wanted);
}

Wait Rdma::guard() const {
  return step == Step::complete ? Wait{.kind = Wait::Kind::answered} : Wait{};
}

Next Rdma::run(Context& c) {
  switch (step) {
    case Step::post:
      return post(c);
    case Step::touched:
      if (!c.task().result.ok()) return c.give(c.task().result);
      if (c.fatal_signal_pending()) return c.give(Result::error(EINTR));  // It never gets back.
      step = Step::post;
      return Next::pass;
    case Step::complete:
      c.emit({.kind = EventKind::rdma_done, .mr = mr, .attachment = attachment, .adapter = card});
      return c.done(c.task().result);
  }
  return c.done();
}

bool Rdma::ready(Context& c) const {
  const Attachment& use = c.attachment(attachment);
  const PageRange region = c.registration(mr).pages;
  const PageRange offsets{.first = Page{pages.first.value - region.first.value},
                          .count = pages.count};
  return std::visit([&](const auto& policy) { return policy.ready(use, c.mm(use.user), offsets); },
                    c.machine.policy_of(mr));
}

HostId Rdma::peer(const Context& c) const {
  const AdapterId card_there =
      qp.some() ? c.machine.queues[qp.index()].peer : c.machine.registrations[mr.index()].adapter;
  return c.machine.adapters[card_there.index()].host;
}

// A store to the card's doorbell page: either it is mapped and the transfer is posted, or the
// kernel is entered.
Next Rdma::post(Context& c) {
  if (c.machine.is_datagram(qp)) return datagram(c);
  if (c.machine.is_reliable(qp)) return connected(c);
  if (!mr.some()) return c.done(Result::error(EINVAL));  // Only a connection has receives.
  std::uint8_t epoch = 0;
  if (knows_down(c, c.task().host, peer(c))) return c.done(Result::error(EREMOTEIO));
  if (attachment.some()) {
    if (!c.attachment(attachment).attached) return c.done(Result::error(EINVAL));
    if (!ready(c)) {
      step = Step::touched;
      return c.call({PolicyCall{.hook = Hook::touch,
                                .write = is_write(op),
                                .mr = mr,
                                .attachment = attachment,
                                .pages = pages}});
    }
    epoch = c.attachment(attachment).epoch;
  }
  announce(
      c,
      {.task = c.self, .attachment = attachment, .peer = peer(c), .epoch = epoch, .pages = pages});
  c.send(c.adapter(card).host, peer(c),
         {.kind = MessageKind::rdma_request,
          .epoch = epoch,
          .op = op,
          .mr = mr,
          .attachment = attachment,
          .pages = pages,
          .value = value,
          .task = c.self,
          .compare = compare,
          .qp = qp});
  return Next::again;
}

Next Rdma::connected(Context& c) {
  if (c.queue(qp).rc.failed || c.adapter(card).hung) return c.done(Result::error(ECANCELED));
  // ibv_create_qp_ex() would not have made a queue pair that can.
  const bool flushes = op == Opcode::flush;
  if (flushes && !c.setup.adapters[card.index()].rc.flush) {
    return c.done(Result::error(EOPNOTSUPP));
  }
  announce(c, {.task = c.self, .qp = qp, .peer = peer(c), .pages = pages});
  const Packet request{.op = op,
                       .mr = mr,
                       .value = value,
                       .compare = compare,
                       .task = c.self,
                       .line = c.line,
                       .srq = srq};
  const bool whole = flushes && value == level_region;
  post_send(c, qp, request, whole ? one_page(pages.first) : pages);
  return Next::again;
}

// It completes when it has left. Nobody answers.
Next Rdma::datagram(Context& c) const {
  if (c.adapter(card).hung) return c.done(Result::error(ECANCELED));
  c.spend(Cost::doorbell);
  c.emit({.kind = EventKind::rdma_post, .detail = 1, .pages = pages, .adapter = card});
  c.send(c.adapter(card).host, peer(c),
         {.kind = MessageKind::datagram,
          .op = Opcode::send,
          .pages = pages,
          .value = value,
          .task = c.self,
          .qp = qp,
          .line = c.line});
  return c.done();
}

// The transfer is under way from here on.
void Rdma::announce(Context& c, const Posted& entry) {
  c.machine.posted.push_back(entry);
  if (attachment.some()) c.changed(Wait::Kind::drained, attachment.value);
  c.task().result = {};
  c.spend(Cost::doorbell);
  c.emit({.kind = EventKind::rdma_post,
          .detail = is_write(op),
          .mm = mr.some() ? c.registration(mr).mm : MmId{},
          .pages = pages,
          .mr = mr,
          .attachment = attachment,
          .adapter = card});
  step = Step::complete;
}

Next LocalTransfer::run(Context& c) {
  switch (step) {
    case Step::gather:
      if (c.adapter(remote.card).hung) return c.give(Result::error(ECANCELED));
      if (!is_write(remote.op)) {
        step = Step::scatter;
        return post(c);
      }
      step = Step::post;
      return access(c, Opcode::read);
    case Step::post:
      if (!c.task().result.ok()) return c.give(local_error(c));
      remote.value = c.task().result.number;
      step = Step::next;
      return post(c);
    case Step::scatter:
      if (!c.task().result.ok()) return c.give(c.task().result);
      remote.value = c.task().result.number;
      if (done == 0) first = remote.value;
      step = Step::next;
      return access(c, Opcode::write);
    case Step::next:
      if (!c.task().result.ok())
        return c.give(is_write(remote.op) ? c.task().result : local_error(c));
      if (++done == pages.count) return c.give(Result::value(first));
      step = Step::gather;
      return Next::pass;
  }
  return c.done();
}

// Its own memory cannot be had, or the card has stopped meanwhile.
Result LocalTransfer::local_error(Context& c) const {
  return c.adapter(remote.card).hung ? Result::error(ECANCELED) : c.task().result;
}

Next LocalTransfer::access(Context& c, Opcode op) const {
  return c.call({Dma{.op = op,
                     .adapter = remote.card,
                     .mr = mr,
                     .pages = one_page(pages.at(done)),
                     .value = remote.value,
                     .requester = c.self}});
}

Next LocalTransfer::post(Context& c) const {
  Rdma one = remote;
  one.pages = one_page(remote.pages.at(done));
  return c.call({one});
}

Next Serve::run(Context& c) {
  const AttachmentId user = request.attachment;
  switch (step) {
    case Step::receive:
      step = Step::respond;
      if (user.some() && c.attachment(user).owner_epoch != request.epoch) {
        c.task().result = Result::error(EFAULT);  // Of a user that was cut off.
        return Next::pass;
      }
      if (request.qp.some() && c.registration(request.mr).adapter != c.queue(request.qp).peer) {
        c.task().result = Result::error(EFAULT);  // No key of this card.
        return Next::pass;
      }
      return c.call({Dma{.op = request.op,
                         .adapter = c.registration(request.mr).adapter,
                         .mr = request.mr,
                         .pages = request.pages,
                         .value = request.value,
                         .requester = request.task,
                         .compare = request.compare}});
    case Step::respond: {
      Message response = request;
      response.kind = MessageKind::rdma_response;
      response.ok = c.task().result.ok();
      response.value = c.task().result.number;
      c.send(c.task().host, c.machine.tasks[request.task.index()].host, response);
      return c.done();
    }
  }
  return c.done();
}

Next Connect::run(Context& c) {
  c.spend(Cost::syscall);
  if (!card.some()) return c.done(Result::error(ENODEV));
  c.machine.queues.push_back({.user = user, .card = card, .peer = peer});
  return c.done(Result::object(static_cast<std::uint32_t>(c.machine.queues.size() - 1)));
}

Next Attach::run(Context& c) {
  c.spend(Cost::syscall);
  const AttachmentId use = attach(c, handle, user, card);
  return c.done(use.some() ? Result::object(use.value) : Result::error(EINVAL));
}

Wait Detach::guard() const {
  if (step != Step::leave) return {};
  return {.kind = Wait::Kind::drained, .index = attachment.value};
}

Next Detach::run(Context& c) {
  Attachment& use = c.attachment(attachment);
  switch (step) {
    case Step::unmap:
      if (!use.attached) return c.done(Result::error(EINVAL));
      c.spend(Cost::syscall);
      use.mapped = false;
      use.active = {};
      use.attached = false;
      step = Step::leave;
      return Next::again;
    case Step::leave:
      c.send(c.task().host, c.adapter(c.registration(use.handle).adapter).host,
             {.kind = MessageKind::detached, .attachment = attachment});
      return c.done();
  }
  return c.done();
}

Next Window::run(Context& c) {
  switch (step) {
    case Step::attach: {
      const AttachmentId use = attach(c, handle, user, card);
      if (!use.some()) return c.done(Result::error(EINVAL));
      step = Step::transfer;
      return c.call({Rdma{.op = op,
                          .card = card,
                          .attachment = use,
                          .mr = handle,
                          .pages = pages,
                          .value = value}});
    }
    case Step::transfer:
      return c.give(c.task().result);
  }
  return c.done();
}

Next Send::run(Context& c) {
  c.spend(Cost::doorbell);
  c.send(c.machine.host_of(sender), c.machine.host_of(receiver),
         {.kind = MessageKind::send, .value = value, .receiver = receiver, .sender = sender});
  return c.done();
}

Wait Receive::guard() const {
  return Wait{.kind = Wait::Kind::mail, .index = receiver.value, .sequence = sender.value}.ended_by(
      Wait::Signals::fatal);
}

Next Receive::run(Context& c) {
  auto& mail = c.machine.mail;
  const auto first = std::find_if(mail.begin(), mail.end(), [&](const Mail& item) {
    return item.receiver == receiver && item.sender == sender;
  });
  const Value value = first->value;
  mail.erase(first);
  c.changed(Wait::Kind::mail, receiver.value);
  return c.done(Result::value(value));
}

Next Unplug::run(Context& c) {
  c.host(host).unplugged = change == Change::down;
  if (change == Change::up) tell_of_the_dead(c);
  return c.done();
}

Next Partition::run(Context& c) {
  const auto hosts = static_cast<std::uint32_t>(c.machine.hosts.size());
  for (std::uint32_t i = 0; i < hosts; ++i) {
    std::uint16_t cut = side == 0 ? std::uint16_t{0} : std::as_const(c.machine).hosts[i].cut;
    for (std::uint32_t other = 0; other < hosts; ++other) {
      const bool apart = (((side >> i) ^ (side >> other)) & 1) != 0;
      if (apart) cut = static_cast<std::uint16_t>(cut | (1U << other));
    }
    if (cut != std::as_const(c.machine).hosts[i].cut) c.host(HostId{i}).cut = cut;
  }
  c.emit({.kind = side == 0 ? EventKind::healed : EventKind::partitioned, .value = side});
  if (side == 0) tell_of_the_dead(c);
  return c.done();
}

Next Kill::run(Context& c) {
  c.host(victim).dead = true;
  c.kill_tasks(victim);
  tell_of_the_dead(c);
  return c.done();
}

Next Rewire::run(Context& c) {
  Fabric& fabric = c.machine.fabric[0];
  const auto set = [](auto& ids, auto id, bool wanted) {
    const auto place = std::ranges::lower_bound(ids, id);
    const bool there = place != ids.end() && *place == id;
    if (wanted && !there) ids.insert(place, id);
    if (!wanted && there) ids.erase(place);
  };
  if (dead.some()) set(fabric.dead, dead, true);
  if (link.some()) set(fabric.down, link, change == Unplug::Change::down);
  if (change == Unplug::Change::up) tell_of_the_dead(c);
  return c.done();
}

}  // namespace model
