// SPDX-License-Identifier: Apache-2.0
#include "model/policy/recall.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::array<std::string_view, 2> touch_steps{"check", "answered"};
constexpr std::array<std::string_view, 4> activate_steps{"begin", "walk", "install", "grant"};
constexpr std::array<std::string_view, 8> start_steps{"count", "shoot", "answer", "answers",
                                                      "clear", "flush", "drain",  "finish"};
constexpr std::array<std::string_view, 1> end_steps{"count"};
constexpr std::array<std::string_view, 2> shootdown_steps{"unmap", "quiesce"};

}  // namespace

StepNames RecallProtocol::steps(Hook hook) {
  switch (hook) {
    case Hook::touch:
      return touch_steps;
    case Hook::activate:
      return activate_steps;
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      return start_steps;
    case Hook::range_end:
      return end_steps;
    case Hook::shootdown:
      return shootdown_steps;
    default:
      return {};
  }
}

bool RecallProtocol::ready(const Attachment& attachment, const AddressSpace& user,
                           PageRange offsets) const {
  if (!gate) return true;
  if (unit == Unit::page) {
    return attachment.active.contains_all(offsets.first.value, offsets.count);
  }
  return scope == Scope::process ? user.card_mapped : attachment.mapped;
}

Next RecallProtocol::registered(Driver& driver, PolicyCall& call) const {
  driver.listen(call.mr);
  return Next::give;
}

// The owner's card has what was activated. It cannot ask for more.
Next RecallProtocol::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

// ---- The user's side.

PageRange RecallProtocol::unit_of(const Driver& driver, const PolicyCall& call) const {
  return unit == Unit::page ? call.pages : driver.registration(call.mr).pages;
}

// In the user's kernel, on the way from a fault on the card's page.
Next RecallProtocol::touch(Driver& driver, PolicyCall& call) const {
  switch (call.at<Touch>()) {
    case Touch::check: {
      const bool enough = unit == Unit::handle && !activate_all;
      const PageRange wanted = enough ? call.pages : unit_of(driver, call);
      if (!driver.active(call.attachment, wanted)) {
        driver.ask_owner(call.attachment, wanted);
        return call.go(Touch::answered);
      }
      if (unit == Unit::page) return Next::give;
      const bool whole_process = scope == Scope::process;
      if (whole_process && activate_all) {
        const AttachmentId sibling = driver.inactive_sibling(call.attachment);
        if (sibling.some()) {
          driver.ask_owner(sibling, driver.registration(driver.attachment(sibling).handle).pages);
          return call.go(Touch::answered);
        }
      }
      driver.map_card(call.attachment, whole_process);
      return Next::done;
    }
    case Touch::answered:
      if (!driver.attachment(call.attachment).attached) return driver.fail(EINVAL);
      if (driver.result() == Result::error(EREMOTEIO)) return driver.fail(EREMOTEIO);
      if (!driver.result().ok()) return driver.raise(SIGBUS);
      if (signal_on_race && !driver.active(call.attachment, call.pages)) {
        driver.signal_early(call.attachment, call.pages);
        return driver.raise(SIGBUS);
      }
      return call.go(Touch::check, Next::pass);
  }
  return Next::done;
}

// In the user's kernel, on a message from the owner's.
Next RecallProtocol::shootdown(Driver& driver, PolicyCall& call) const {
  switch (call.at<Shootdown>()) {
    case Shootdown::unmap:  // zap_vma_ptes() of the card's page, with the flush of the CPUs.
      driver.take_away(call.attachment, call.pages);
      if (unmap_card) driver.unmap_card(call.attachment, call.pages, scope == Scope::process);
      if (in_flight == InFlight::terminate) driver.terminate(call.attachment);
      return call.go(Shootdown::quiesce);
    case Shootdown::quiesce:
      driver.answer_owner(call);
      return Next::done;
  }
  return Next::done;
}

// ---- The owner's side.

bool RecallProtocol::overtaken(const Driver& driver, const PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  return recheck && (driver.in_progress(call.mr) || mr.invalidate_seq != call.invalidate_seq);
}

// The first page from the cursor on that has no translation yet; the grant if there is none.
Next RecallProtocol::next_page(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  while (call.cursor < call.pages.count && mr.table.at(call.pages.at(call.cursor)).populated()) {
    ++call.cursor;
  }
  if (call.cursor == call.pages.count) return call.go(Activate::grant);
  call.page = call.pages.at(call.cursor);
  call.go(Activate::walk);
  return driver.look_up(call.mr, call.page, mr.write);
}

// The handle is gone, or one of its pages.
Next RecallProtocol::give_up(Driver& driver, PolicyCall& call) const {
  if (call.page.some()) driver.end_lookup(call.mr, call.page);
  const PageRange refused = call.page.some() ? one_page(call.page) : call.pages;
  driver.refuse(call.attachment, refused, call.requester);
  return Next::done;
}

Next RecallProtocol::activate(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Activate>()) {
    case Activate::begin:
      if (!mr.live) return give_up(driver, call);
      call.invalidate_seq = mr.invalidate_seq;
      call.cursor = 0;
      return next_page(driver, call);
    case Activate::walk:
      call.found = driver.found();
      if (!call.found.populated()) return give_up(driver, call);
      return call.go(Activate::install);
    case Activate::install: {  // Under the handle's lock.
      if (overtaken(driver, call)) {
        driver.started_over(call.mr, call.page);
        call.found = {};
        return call.go(Activate::begin);
      }
      driver.install(call.mr, call.page, call.found);
      call.found = {};
      return next_page(driver, call);
    }
    case Activate::grant: {  // Under the handle's lock.
      bool complete = true;
      for (std::uint32_t i = 0; i < call.pages.count; ++i) {
        complete = complete && mr.table.at(call.pages.at(i)).populated();
      }
      if (recheck && (!complete || driver.in_progress(call.mr))) return call.go(Activate::begin);
      driver.grant(call.attachment, call.pages, call.requester);
      return Next::done;
    }
  }
  return Next::done;
}

Next RecallProtocol::revoke_all(Driver& driver, PolicyCall& call) const {
  const PageRange recalled = unit == Unit::page ? call.pages : driver.registration(call.mr).pages;
  switch (call.at<Start>()) {
    case Start::count: {  // Under the handle's lock: from here on nothing is granted.
      driver.count_start(call.mr);
      const bool busy = driver.next_user(call.mr, AttachmentId{0}, recalled).some() ||
                        driver.registration(call.mr).table.any(call.pages) ||
                        driver.in_flight(call.mr, call.pages);
      if (!call.range.blockable) {  // Nobody may be waited for.
        return busy ? driver.fail(EAGAIN) : call.go(Start::finish);
      }
      return call.go(shoot_users ? Start::shoot : Start::clear);
    }
    case Start::shoot: {
      const AttachmentId user = driver.next_user(call.mr, AttachmentId{call.cursor}, recalled);
      if (!user.some()) return call.go(Start::answers, Next::pass);
      call.cursor = user.value + 1;
      driver.shoot_down(user, recalled, quiesce_timeout);
      return call.go(revoke == Revoke::one_by_one && wait_answers ? Start::answer : Start::shoot);
    }
    case Start::answer:
      return call.go(Start::shoot, Next::pass);
    case Start::answers:
      if (call.cursor > 0) driver.all_answered(call.mr);
      return call.go(Start::clear);
    case Start::clear:  // One write to the owner's card.
      driver.mark_dirty(call.mr, call.pages);
      if (clear_owner) driver.clear(call.mr, call.pages);
      return call.go(Start::flush);
    case Start::flush:
      if (clear_owner) driver.flush(call.mr, call.pages);
      return call.go(Start::drain);
    case Start::drain:
      return call.go(Start::finish, Next::pass);
    case Start::finish:
      driver.forget_recalls();
      if (call.hook != Hook::range_start) driver.count_end(call.mr);
      if (call.hook == Hook::deregistered) driver.unlisten(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next RecallProtocol::range_start(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  return revoke_all(driver, call);
}

Next RecallProtocol::range_end(Driver& driver, PolicyCall& call) const {
  if (call.pages.count == 0) return Next::give;
  driver.count_end(call.mr);  // Under the handle's lock.
  if (reactivate == Reactivate::eager && !driver.in_progress(call.mr)) {
    AttachmentId user = driver.next_attached(call.mr, AttachmentId{0});
    while (user.some()) {
      driver.activate_again(user, unit_of(driver, call));
      user = driver.next_attached(call.mr, AttachmentId{user.value + 1});
    }
  }
  return Next::done;
}

Next RecallProtocol::release(Driver& driver, PolicyCall& call) const {
  return revoke_all(driver, call);
}

Next RecallProtocol::deregistered(Driver& driver, PolicyCall& call) const {
  return revoke_all(driver, call);
}

Wait RecallProtocol::guard(const PolicyCall& call) const {
  const Wait recalled{.kind = Wait::Kind::recalled};
  switch (call.hook) {
    case Hook::registered:
      return {.kind = Wait::Kind::settled, .index = call.range.mm.value};
    case Hook::touch:
      if (call.at<Touch>() != Touch::answered) return {};
      return {.kind = Wait::Kind::answered};
    case Hook::activate:
      if (call.at<Activate>() != Activate::begin || !recheck) return {};
      return {.kind = Wait::Kind::idle, .index = call.mr.value};
    case Hook::shootdown:
      if (call.at<Shootdown>() != Shootdown::quiesce || !quiesce) return {};
      return {.kind = Wait::Kind::drained,
              .index = call.attachment.value,
              .pages = unit == Unit::page ? call.pages : PageRange{}};
    case Hook::range_start:
    case Hook::release:
    case Hook::deregistered:
      if (call.at<Start>() == Start::answer) return recalled;
      if (call.at<Start>() == Start::answers && wait_answers) return recalled;
      if (call.at<Start>() == Start::drain && wait_inflight) {
        return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
      }
      return {};
    default:
      return {};
  }
}

}  // namespace model
