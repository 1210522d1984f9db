// SPDX-License-Identifier: Apache-2.0
#include "model/flow/remote.hpp"

#include "model/flow/all.hpp"
#include "model/flow/users.hpp"

namespace model {

Wait Rdma::guard() const {
  return step == Step::complete ? Wait{.kind = Wait::Kind::answered} : Wait{};
}

Next Rdma::run(Context& c) {
  switch (step) {
    case Step::post:
      return post(c);
    case Step::touched:
      if (!c.task().result.ok()) return c.give(c.task().result);
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

// A store to the card's doorbell page: either it is mapped and the transfer is posted, or the
// kernel is entered.
Next Rdma::post(Context& c) {
  std::uint8_t epoch = 0;
  const HostId peer = c.adapter(c.registration(mr).adapter).host;
  if (knows_down(c, c.task().host, peer)) return c.done(Result::error(EREMOTEIO));
  if (attachment.some()) {
    if (!c.attachment(attachment).attached) return c.done(Result::error(EINVAL));
    if (!ready(c)) {
      step = Step::touched;
      return c.call({PolicyCall{.hook = Hook::touch,
                                .write = write,
                                .mr = mr,
                                .attachment = attachment,
                                .pages = pages}});
    }
    epoch = c.attachment(attachment).epoch;
  }
  c.machine.posted.push_back(
      {.task = c.self, .attachment = attachment, .peer = peer, .epoch = epoch, .pages = pages});
  if (attachment.some()) c.changed(Wait::Kind::drained, attachment.value);
  c.task().result = {};
  c.spend(Cost::doorbell);
  c.emit({.kind = EventKind::rdma_post,
          .detail = write,
          .mm = c.registration(mr).mm,
          .pages = pages,
          .mr = mr,
          .attachment = attachment,
          .adapter = card});
  c.send(c.adapter(card).host, peer,
         {.kind = MessageKind::rdma_request,
          .epoch = epoch,
          .write = write,
          .mr = mr,
          .attachment = attachment,
          .pages = pages,
          .value = value,
          .task = c.self});
  step = Step::complete;
  return Next::again;
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
      return c.call({Dma{.write = request.write,
                         .adapter = c.registration(request.mr).adapter,
                         .mr = request.mr,
                         .pages = request.pages,
                         .value = request.value,
                         .requester = request.task}});
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
      return c.call({Rdma{.write = write,
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
  return {.kind = Wait::Kind::mail, .index = receiver.value, .sequence = sender.value};
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

Next Kill::run(Context& c) {
  c.host(victim).dead = true;
  c.kill_tasks(victim);
  if (c.setup.switches.peer_down_notice) {
    for (std::uint32_t other = 0; other < c.machine.hosts.size(); ++other) {
      if (HostId{other} == victim || c.machine.hosts[other].dead) continue;
      c.send(victim, HostId{other}, {.kind = MessageKind::peer_down, .value = victim.value});
    }
  }
  return c.done();
}

}  // namespace model
