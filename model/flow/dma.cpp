// SPDX-License-Identifier: Apache-2.0
#include "model/flow/dma.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

PolicyCall fault_call(MrId mr, PageRange pages, bool write) {
  return {.hook = Hook::fault, .write = write, .mr = mr, .pages = pages, .page = pages.first};
}

// What the pages of a speculative policy read like where nothing is mapped; none: it is not one.
std::optional<Value> signature_of(const Machine& machine, MrId mr) {
  return std::visit([](const auto& policy) { return policy.signature_page(); },
                    machine.policy_of(mr));
}

}  // namespace

Value access(Context& c, MrId mr, Page page, const PfnEntry& target, bool write, Value value) {
  const Registration& region = std::as_const(c.machine).registrations[mr.index()];
  const Value now = write ? value : std::as_const(c.machine).frames[target.frame].value;
  c.emit({.kind = write ? EventKind::dma_write : EventKind::dma_read,
          .detail = write,
          .mm = region.mm,
          .pages = one_page(page),
          .mr = mr,
          .adapter = region.adapter,
          .frame = target.frame,
          .generation = target.generation,
          .value = now});
  if (write) c.frame(target.frame).value = now;
  return now;
}

void install(Context& c, MrId mr, Page page, const PfnEntry& target) {
  Registration& region = c.registration(mr);
  region.table.set(page, target);
  c.emit({.kind = EventKind::pfn_installed,
          .detail = target.write,
          .mm = region.mm,
          .pages = one_page(page),
          .mr = mr,
          .frame = target.frame});
}

Wait Dma::guard() const {
  return step == Step::stopped ? Wait{.kind = Wait::Kind::running, .index = mr.value} : Wait{};
}

Next Dma::run(Context& c) {
  if (c.adapter(adapter).hung) return stop(c);
  switch (step) {
    case Step::translate:
      if (c.machine.is(adapter, AdapterSetup::Kind::sva)) return translate_shared(c);
      return translate(c);
    case Step::stopped:
      step = Step::translate;
      return Next::pass;
    case Step::not_ready:
      return ask_driver(c);
    case Step::faulted:
      if (!c.task().result.ok()) return refuse(c);
      if (!posted) c.spend(Cost::dev_resume);
      posted = missed = signature = false;
      version = 0;
      if (answers_faults(c)) return c.done(Result::error(EAGAIN));  // It will be asked again.
      step = Step::translate;
      return Next::again;
    case Step::land:
      return land(c);
    case Step::responded:
      if (!c.task().result.ok()) return refuse(c);  // Invalid Request.
      step = Step::translate;
      return Next::again;
    case Step::check:
      return check(c);
    case Step::checked:
      return c.task().result.ok() ? believe(c) : fault(c);
  }
  return c.done();
}

// One look into the adapter's TLB, and into the PFN table behind it.
Next Dma::translate(Context& c) {
  Adapter& device = c.adapter(adapter);
  const Registration& region = c.registration(mr);
  const Page page = pages.at(done);
  c.spend(Cost::device_tlb);
  c.task().lookup_failed = false;
  // The IOMMU's TLB does not ask whether what it has is still mapped.
  const bool behind_iommu = c.machine.is(adapter, AdapterSetup::Kind::pci);
  if (!behind_iommu && (!region.live || (writes() && !region.write))) return refuse(c);
  if (region.stopped) {
    step = Step::stopped;
    return Next::again;
  }
  if (signature_of(c.machine, mr)) return speculate(c);
  const bool asks = writes() && c.setup.adapters[adapter.index()].check_write;
  PfnEntry target;
  if (const DeviceTlbEntry* hit = behind_iommu ? find_iova(c) : device.tlb.find(mr, page)) {
    target = hit->target;
  }
  if (!target.populated() || (asks && !target.write)) {
    if (!region.live) return refuse(c);
    target = region.table.at(page);
    if (!target.populated() || (asks && !target.write)) {
      if (!c.setup.adapters[adapter.index()].odp) return refuse(c);
      return fault(c);
    }
    if (!target.young) {
      target.young = true;
      c.registration(mr).table.set(page, target);
    }
    device.tlb.flush(mr, one_page(page));
    device.tlb.fill({.mr = mr, .page = page, .target = target},
                    c.setup.adapters[adapter.index()].tlb_entries);
  }
  return start(c, target);
}

// The adapter asks its driver, or software takes the slow path.
Next Dma::fault(Context& c) {
  const Page page = pages.at(done);
  c.emit({.kind = EventKind::dev_fault,
          .detail = writes(),
          .mm = c.registration(mr).mm,
          .pages = one_page(page),
          .mr = mr,
          .adapter = adapter});
  if (!answers_faults(c)) return ask_driver(c);
  fault_in(c, qp);
  step = Step::not_ready;
  return Next::again;
}

// One report may ask for the rest of the message: pagefault_data_segments() of mlx5.
Next Dma::ask_driver(Context& c) {
  const bool batches =
      std::visit([](const auto& policy) { return policy.batches; }, c.machine.policy_of(mr));
  const std::uint32_t most = batches ? c.setup.adapters[adapter.index()].fault_batch : 1;
  const PageRange wanted{.first = pages.at(done), .count = std::min(most, pages.count - done)};
  if (!posted) {
    c.spend(Cost::dev_fault);
    c.spend(Cost::dev_fault_page, wanted.count - 1);
    c.spend(Cost::driver_fault);
  }
  step = Step::faulted;
  return c.call({fault_call(mr, wanted, writes())});
}

// The adapter does not fault: where its IOMMU has no page, or none that may be written, it finds
// the signature page. Software has read the version before, and looks at it when all is over.
Next Dma::speculate(Context& c) {
  const Registration& region = c.registration(mr);
  const Page page = pages.at(done);
  if (!posted) {
    posted = true;
    version = region.invalidate_seq;
    c.spend(Cost::memory_access);
    return Next::again;
  }
  Adapter& device = c.adapter(adapter);
  PfnEntry target;
  if (const DeviceTlbEntry* hit = device.tlb.find(mr, page)) {
    target = hit->target;
  } else {
    target = region.table.at(page);
    if (target.populated() && !target.young) {
      target.young = true;
      c.registration(mr).table.set(page, target);
    }
    device.tlb.fill({.mr = mr, .page = page, .target = target},
                    c.setup.adapters[adapter.index()].tlb_entries);
  }
  return start(c, writes() && !target.write ? PfnEntry{} : target);
}

// By whoever has asked for the transfer: was it the page that it was meant for?
Next Dma::check(Context& c) {
  c.spend(Cost::memory_access);
  step = Step::checked;
  PolicyCall call = fault_call(mr, one_page(pages.at(done)), writes());
  call.hook = Hook::check;
  call.cursor = signature ? 1 : 0;
  call.invalidate_seq = version;
  return c.call({call});
}

// The transfer of the page counts as done.
Next Dma::believe(Context& c) {
  if (missed) {
    c.emit({.kind = EventKind::signature_believed,
            .detail = writes(),
            .mm = c.registration(mr).mm,
            .pages = one_page(pages.at(done)),
            .mr = mr,
            .adapter = adapter});
  }
  return next_page(c);
}

// Whoever the entry was made for: the IOMMU knows addresses, and no mappings.
const DeviceTlbEntry* Dma::find_iova(Context& c) const {
  const auto iova_of = [&](MrId of, Page page) {
    return std::as_const(c.machine).registrations[of.index()].iova_of(page);
  };
  const std::uint32_t wanted = iova_of(mr, pages.at(done));
  for (const DeviceTlbEntry& entry : std::as_const(c.machine).adapters[adapter.index()].tlb) {
    if (iova_of(entry.mr, entry.page) == wanted) return &entry;
  }
  return nullptr;
}

Next Dma::start(Context& c, PfnEntry target) {
  Adapter& device = c.adapter(adapter);
  const bool is_posted = this->is_posted(c);
  device.transfers.push_back({.task = is_posted ? TaskId{} : c.self,
                              .mr = mr,
                              .page = pages.at(done),
                              .target = target,
                              .write = writes()});
  c.changed(Wait::Kind::quiet, mr.value);
  c.changed(Wait::Kind::completed, mr.value);
  c.changed(Wait::Kind::pushed, mr.value);
  c.spend(Cost::dma_page);
  c.emit({.kind = EventKind::dma_start,
          .detail = writes(),
          .mm = c.registration(mr).mm,
          .pages = one_page(pages.at(done)),
          .mr = mr,
          .adapter = adapter,
          .frame = target.frame,
          .generation = target.generation});
  if (is_posted) {  // It is as good as done for whoever has sent it.
    add_to_path(c, qp, {.mr = mr, .page = pages.at(done), .value = value, .line = c.line});
    return c.done();
  }
  step = Step::land;
  return Next::again;
}

// The piece becomes globally visible: a posted write lands, a read samples.
Next Dma::land(Context& c) {
  Adapter& device = c.adapter(adapter);
  const Page page = pages.at(done);
  const auto own = std::find_if(
      device.transfers.begin(), device.transfers.end(),
      [&](const Transfer& transfer) { return transfer.task == c.self && transfer.page == page; });
  const PfnEntry target = own->target;
  device.transfers.erase(own);
  c.changed(Wait::Kind::quiet, mr.value);
  c.changed(Wait::Kind::completed, mr.value);
  c.changed(Wait::Kind::pushed, mr.value);
  if (device.blocked) return refuse(c);
  return land_page(c, target);
}

Next Dma::land_page(Context& c, PfnEntry target) {
  const Page page = pages.at(done);
  const auto found = signature_of(c.machine, mr);
  missed = found && !target.populated();
  const Value before = missed ? found.value_or(0) : c.frame(target.frame).value;
  const Value now = missed ? before : access(c, mr, page, target, writes(), combined(before));
  if (done == 0) result = is_atomic(op) ? before : now;
  if (!found) return next_page(c);
  if (missed) {
    c.emit({.kind = EventKind::signature_reached,
            .detail = writes(),
            .mm = c.registration(mr).mm,
            .pages = one_page(page),
            .mr = mr,
            .adapter = adapter});
  }
  signature = !writes() && now == found;
  step = Step::check;
  return Next::again;
}

Next Dma::next_page(Context& c) {
  posted = missed = signature = false;
  version = 0;
  const bool half = ++done == (pages.count + 1) / 2;
  if (half && !qp.some()) c.emit({.kind = EventKind::half});
  if (done == pages.count) return c.done(Result::value(writes() && !is_atomic(op) ? 0 : result));
  step = Step::translate;
  return Next::again;
}

// With a PCIe AtomicOp, or in the adapter and alone: nobody comes in between.
Value Dma::combined(Value before) const {
  if (op == Opcode::fetch_add) return before + value;
  if (op == Opcode::compare_swap) return before == compare ? value : before;
  return value;
}

bool Dma::answers_faults(const Context& c) const {
  if (!qp.some()) return false;
  const AdapterSetup& card = c.setup.adapters[adapter.index()];
  return c.machine.is_datagram(qp) ? card.ud_drop : card.rc.nak_fault;
}

bool Dma::is_posted(const Context& c) const {
  return qp.some() && op == Opcode::write && !c.setup.adapters[adapter.index()].rc.ack_landed;
}

Next Dma::refuse(Context& c) {
  c.emit({.kind = EventKind::dma_refused,
          .detail = writes(),
          .mm = c.registration(mr).mm,
          .pages = one_page(pages.at(done)),
          .mr = mr,
          .adapter = adapter,
          .value = requester.value});
  return c.done(Result::error(EFAULT));
}

// The device hangs. What the kernel was doing for it is over; a remote card that waits for it gives
// up when its retries have run out, and a transfer in flight is nobody's from then on.
Next Dma::stop(Context& c) {
  if (!requester.some()) {
    c.stop_tasks(adapter);
    return Next::again;
  }
  for (Transfer& transfer : c.adapter(adapter).transfers) {
    if (transfer.task == c.self) transfer.task = {};
  }
  return c.done(Result::error(EFAULT));
}

Next Hang::run(Context& c) {
  c.adapter(adapter).hung = true;
  c.emit({.kind = EventKind::device_hung, .adapter = adapter});
  for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
    c.changed(Wait::Kind::completed, i);
    c.changed(Wait::Kind::tagged, i);
    c.changed(Wait::Kind::pushed, i);
  }
  c.stop_tasks(adapter);
  card_hangs(c, adapter);
  if (removed) remove(c);
  return c.done();
}

// No bus leads to it any more: nothing that was in flight arrives, and nobody need wait for it.
void Hang::remove(Context& c) const {
  Adapter& device = c.adapter(adapter);
  device.removed = true;
  device.transfers.clear();
  device.tlb.clear();
  c.emit({.kind = EventKind::device_removed, .adapter = adapter});
  for (std::uint32_t i = 0; i < c.machine.registrations.size(); ++i) {
    if (std::as_const(c.machine).registrations[i].adapter != adapter) continue;
    c.registration(MrId{i}).updates = 0;
    c.changed(Wait::Kind::quiet, i);
    c.changed(Wait::Kind::updated, i);
  }
}

Next Prefetch::run(Context& c) {
  switch (step) {
    case Step::next: {
      const Registration& region = c.registration(mr);
      if (!region.live) return c.done(Result::error(EINVAL));
      while (done < pages.count && region.table.at(pages.at(done)).populated()) ++done;
      if (done >= pages.count) return c.done();
      step = Step::faulted;
      PolicyCall fault = fault_call(mr, one_page(pages.at(done)), write);
      fault.prefetch = no_fault;
      return c.call({fault});
    }
    case Step::faulted:
      if (!c.task().result.ok()) return c.give(c.task().result);
      ++done;
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

}  // namespace model
