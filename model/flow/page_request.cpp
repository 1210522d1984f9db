// SPDX-License-Identifier: Apache-2.0
#include "model/flow/page_request.hpp"

#include "model/flow/all.hpp"

namespace model {
namespace {

// Places of the queue that are not free.
std::uint32_t occupied(const Adapter& device) {
  const auto queued =
      std::ranges::count(device.requests, PageRequest::State::queued, &PageRequest::state);
  return device.prq_handled + static_cast<std::uint32_t>(queued);
}

}  // namespace

bool translates(const Machine& machine, MrId mr, Page page, bool write) {
  const Registration& region = machine.registrations[mr.index()];
  const AddressSpace& space = machine.spaces[region.mm.index()];
  return !region.orphan && space.alive && space.page_table.at(page).allows(write);
}

// ---- The device

Wait AskPages::guard() const {
  return step == Step::response ? Wait{.kind = Wait::Kind::responded} : Wait{};
}

bool AskPages::find_next(const Machine& machine, std::uint32_t& next) const {
  for (next = cursor + 1; next < pages.count; ++next) {
    if (!translates(machine, mr, pages.at(next), write)) return true;
  }
  return false;
}

Next AskPages::run(Context& c) {
  switch (step) {
    case Step::request:
      return request(c);
    case Step::served: {
      if (!c.task().result.ok()) return c.give(c.task().result);  // Invalid Request.
      std::uint32_t next = 0;
      if (c.adapter(adapter).hung || !find_next(c.machine, next)) return c.give();
      cursor = next;
      step = Step::request;
      return Next::pass;
    }
    case Step::response:
      return response(c);
  }
  return c.done();
}

Next AskPages::request(Context& c) {
  const bool queues = c.setup.adapters[adapter.index()].prq != 0;
  if (c.adapter(adapter).hung || (queues && !c.registration(mr).live)) {
    withdraw(c);  // By a Stop Marker: no request of this PASID follows.
    return c.give(Result::error(EFAULT));
  }
  const Page page = pages.at(cursor);
  c.emit({.kind = EventKind::dev_fault,
          .detail = write,
          .mm = c.registration(mr).mm,
          .pages = one_page(page),
          .mr = mr,
          .adapter = adapter});
  if (queues) return queue(c);
  c.spend(Cost::page_request);
  step = Step::served;
  return c.call({GetPage{
      .mode = GetPage::Mode::request, .write = write, .mm = c.registration(mr).mm, .page = page}});
}

// Without a place, a request is dropped, and the last of a group answered as if it had been served.
// So it goes on until the thread has seen that (PRO).
Next AskPages::queue(Context& c) {
  Adapter& device = c.adapter(adapter);
  std::uint32_t next = 0;
  const bool more = find_next(c.machine, next);
  if (device.prq_overflow || occupied(device) >= c.setup.adapters[adapter.index()].prq) {
    c.emit({.kind = EventKind::prq_overflow,
            .pages = one_page(pages.at(cursor)),
            .mr = mr,
            .adapter = adapter});
    device.prq_overflow = true;
    if (!more) return c.give();
    cursor = next;
    return Next::again;
  }
  device.requests.push_back(
      {.task = c.self, .mr = mr, .page = pages.at(cursor), .write = write, .last = !more});
  c.changed(Wait::Kind::requested, mr.value);
  c.spend(Cost::page_request);
  if (!device.prq_thread) c.spawn({PrqEventThread{.adapter = adapter}}, device.host);
  device.prq_thread = true;
  cursor = next;
  if (!more) step = Step::response;
  return Next::again;
}

Next AskPages::response(Context& c) {
  auto& requests = c.adapter(adapter).requests;
  const auto own = std::ranges::find_if(requests, [&](const PageRequest& request) {
    return request.task == c.self && request.answered();
  });
  const auto state = own->state;
  requests.erase(own);
  if (state == PageRequest::State::success) return c.give();
  // Invalid Request is for the group, Response Failure for all of the device.
  if (state == PageRequest::State::failure) c.adapter(adapter).pri_off = true;
  c.task().lookup_failed = state == PageRequest::State::invalid;
  return c.give(Result::error(EFAULT));
}

void AskPages::withdraw(Context& c) const {
  drop_if(c.adapter(adapter).requests,
          [&](const PageRequest& request) { return request.task == c.self; });
  c.changed(Wait::Kind::requested, mr.value);
}

// ---- The thread that reads the queue

Next PrqEventThread::run(Context& c) {
  switch (step) {
    case Step::read_tail: {
      const auto& requests = std::as_const(c.machine).adapters[adapter.index()].requests;
      left = static_cast<std::uint8_t>(
          std::ranges::count(requests, PageRequest::State::queued, &PageRequest::state));
      step = left == 0 ? Step::advance : Step::take;
      return Next::again;
    }
    case Step::take:
      take(c);
      if (--left == 0) step = Step::advance;
      return Next::again;
    case Step::advance:
      return advance(c);
  }
  return c.done();
}

// intel_prq_report(), iommu_report_device_fault()
void PrqEventThread::take(Context& c) const {
  Adapter& device = c.adapter(adapter);
  const auto first =
      std::ranges::find(device.requests, PageRequest::State::queued, &PageRequest::state);
  if (first == device.requests.end()) return;  // It was withdrawn.
  ++device.prq_handled;
  first->state = PageRequest::State::partial;
  if (first->last) report(c, *first);
}

// iommu_handle_iopf(): by the PASID, whoever has it by now.
void PrqEventThread::report(Context& c, const PageRequest& last) const {
  const TaskId requester = last.task;
  const MrId mr = last.mr;
  const std::uint32_t pasid = c.registration(mr).iova;
  Adapter& device = c.adapter(adapter);
  MmId mm;
  bool to_user = false;
  const auto& bonds = std::as_const(c.machine).registrations;
  for (std::uint32_t i = 0; i < bonds.size(); ++i) {
    if (bonds[i].adapter != adapter || !bonds[i].iova_held || bonds[i].iova != pasid) continue;
    mm = bonds[i].mm;
    to_user = to_user || device.event_queue(MrId{i}, EventQueue::Of::faults) != nullptr;
  }
  Page first{};
  for (PageRequest& request : device.requests) {
    if (request.task != requester || request.state != PageRequest::State::partial) continue;
    request.state = to_user ? PageRequest::State::delivered : PageRequest::State::taken;
    if (first == Page{}) first = request.page;
  }
  if (!mm.some()) return respond_to_group(c, adapter, requester, PageRequest::State::invalid);
  c.emit({.kind = EventKind::page_request,
          .mm = mm,
          .pages = one_page(first),
          .mr = mr,
          .adapter = adapter});
  if (to_user) return c.changed(Wait::Kind::requested, mr.value);
  c.spawn({ServePages{.adapter = adapter, .mr = mr, .requester = requester, .mm = mm}},
          device.host);
}

// The head is where the tail was. After an overflow, groups whose last request may have been lost
// are forgotten, if nothing has come since: iopf_queue_discard_partial().
Next PrqEventThread::advance(Context& c) {
  Adapter& device = c.adapter(adapter);
  device.prq_handled = 0;
  const bool empty = std::ranges::find(device.requests, PageRequest::State::queued,
                                       &PageRequest::state) == device.requests.end();
  if (device.prq_overflow && empty) {
    drop_if(device.requests, [](const PageRequest& request) {
      return request.state == PageRequest::State::partial;
    });
    device.prq_overflow = false;
    for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
      if (std::as_const(c.machine).registrations[i].adapter != adapter) continue;
      c.changed(Wait::Kind::requested, i);
    }
  }
  if (empty) {
    device.prq_thread = false;
    return c.done();
  }
  step = Step::read_tail;
  return Next::again;
}

// ---- The worker

const PageRequest* ServePages::at(const Context& c, std::uint32_t index) const {
  for (const PageRequest& request : std::as_const(c.machine).adapters[adapter.index()].requests) {
    const bool of_it = request.task == requester && request.state == PageRequest::State::taken;
    if (of_it && index-- == 0) return &request;
  }
  return nullptr;
}

Next ServePages::run(Context& c) {
  switch (step) {
    case Step::handle: {  // iommu_sva_handle_mm()
      const PageRequest* request = at(c, cursor);
      if (request == nullptr) {
        step = Step::respond;
        return Next::pass;
      }
      step = Step::handled;
      return c.call({GetPage{.mode = GetPage::Mode::request,
                             .write = request->write,
                             .mm = mm,
                             .page = request->page}});
    }
    case Step::handled:
      ++cursor;
      step = Step::handle;
      if (!c.task().result.ok()) {  // The first error counts, and no more is handled.
        const auto& policy = std::get<SvaPolicy>(c.setup.adapters[adapter.index()].policy);
        state = policy.bad_request == SvaPolicy::BadRequest::failure ? PageRequest::State::failure
                                                                     : PageRequest::State::invalid;
        step = Step::respond;
      }
      return Next::pass;
    case Step::respond:
      respond_to_group(c, adapter, requester, state);
      return c.done();
  }
  return c.done();
}

void respond_to_group(Context& c, AdapterId adapter, TaskId requester, PageRequest::State state) {
  auto& requests = c.adapter(adapter).requests;
  const auto of_it = [&](const PageRequest& request) {
    return request.task == requester && !request.answered() &&
           request.state >= PageRequest::State::taken;
  };
  drop_if(requests, [&](const PageRequest& request) { return of_it(request) && !request.last; });
  const auto last = std::ranges::find_if(requests, of_it);
  if (last == requests.end()) return;
  last->state = state;
  last->cookie = 0;
  const MrId mr = last->mr;
  c.changed(Wait::Kind::responded, requester.value);
  c.changed(Wait::Kind::requested, mr.value);
  c.emit({.kind = EventKind::page_response,
          .mr = mr,
          .adapter = adapter,
          .value = static_cast<std::uint32_t>(state) -
                   static_cast<std::uint32_t>(PageRequest::State::success)});
}

}  // namespace model
