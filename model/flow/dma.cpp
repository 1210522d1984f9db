// SPDX-License-Identifier: Apache-2.0
#include "model/flow/dma.hpp"

#include "model/flow/all.hpp"
#include "model/flow/paging.hpp"

namespace model {
namespace {

PolicyCall fault_call(MrId mr, Page page, bool write) {
  return {.hook = Hook::fault, .write = write, .mr = mr, .pages = one_page(page), .page = page};
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
  if (step == Step::responded) --c.adapter(adapter).requests;
  if (c.adapter(adapter).hung) return stop(c);
  switch (step) {
    case Step::translate:
      if (c.machine.is(adapter, AdapterSetup::Kind::sva)) return translate_shared(c);
      return translate(c);
    case Step::stopped:
      step = Step::translate;
      return Next::pass;
    case Step::faulted:
      if (!c.task().result.ok()) return refuse(c);
      c.spend(Cost::dev_resume);
      step = Step::translate;
      return Next::again;
    case Step::land:
      return land(c);
    case Step::responded:
      if (!c.task().result.ok()) return refuse(c);  // Invalid Request.
      step = Step::translate;
      return Next::again;
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
  if (!behind_iommu && (!region.live || (write && !region.write))) return refuse(c);
  if (region.stopped) {
    step = Step::stopped;
    return Next::again;
  }
  const bool asks = write && c.setup.adapters[adapter.index()].check_write;
  PfnEntry target;
  if (const DeviceTlbEntry* hit = behind_iommu ? find_iova(c) : device.tlb.find(mr, page)) {
    target = hit->target;
  }
  if (!target.populated() || (asks && !target.write)) {
    if (!region.live) return refuse(c);
    target = region.table.at(page);
    if (!target.populated() || (asks && !target.write)) {
      if (!c.setup.adapters[adapter.index()].odp) return refuse(c);
      c.spend(Cost::dev_fault);
      c.emit({.kind = EventKind::dev_fault,
              .detail = write,
              .mm = region.mm,
              .pages = one_page(page),
              .mr = mr,
              .adapter = adapter});
      step = Step::faulted;
      return c.call({fault_call(mr, page, write)});
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

// By the page table of the process: the ATC, then the IOMMU's TLB, then a walk. What is missing is
// asked for (PRI): the answer says only that it is worth another translation request.
Next Dma::translate_shared(Context& c) {
  Adapter& device = c.adapter(adapter);
  const AdapterSetup& setup = c.setup.adapters[adapter.index()];
  const Registration& region = c.registration(mr);
  const Page page = pages.at(done);
  c.task().lookup_failed = false;
  if (!region.live || device.blocked) return refuse(c);
  const auto usable = [&](const DeviceTlbEntry* entry) {
    return entry != nullptr && (entry->target.write || !write);
  };
  if (const DeviceTlbEntry* hit = device.tlb.find(mr, page); setup.ats && usable(hit)) {
    c.spend(Cost::device_tlb);
    return start(c, hit->target);
  }
  c.spend(setup.ats ? Cost::ats_request : Cost::device_tlb);
  PfnEntry target;
  if (const DeviceTlbEntry* hit = device.iotlb.find(mr, page); usable(hit)) {
    target = hit->target;
  } else if (const auto walked = walk(c)) {
    target = *walked;
    device.iotlb.flush(mr, one_page(page));
    device.iotlb.push_back({.mr = mr, .page = page, .target = target});
  } else {
    return ask(c);
  }
  if (setup.ats) {
    device.tlb.flush(mr, one_page(page));
    device.tlb.fill({.mr = mr, .page = page, .target = target}, setup.tlb_entries);
  }
  return start(c, target);
}

// The IOMMU walks the page table, and sets its bits.
std::optional<PfnEntry> Dma::walk(Context& c) {
  const MmId mm = c.registration(mr).mm;
  const Page page = pages.at(done);
  Pte pte = std::as_const(c.machine).spaces[mm.index()].page_table.at(page);
  c.spend(Cost::pte_walk);
  if (c.registration(mr).orphan || !c.mm(mm).alive || !pte.allows(write)) return std::nullopt;
  if (!pte.young || (write && !pte.dirty)) {
    pte.young = true;
    pte.dirty = pte.dirty || write;
    set_bits(c, mm, page, pte);
  }
  return PfnEntry{.frame = pte.frame(),
                  .generation = c.frame(pte.frame()).generation,
                  .write = pte.write && pte.dirty};
}

// A page request. If the queue is full, it is answered as if it had been served.
Next Dma::ask(Context& c) {
  const AdapterSetup& setup = c.setup.adapters[adapter.index()];
  const MmId mm = c.registration(mr).mm;
  if (!setup.pri || c.registration(mr).orphan) return refuse(c);
  c.emit({.kind = EventKind::dev_fault,
          .detail = write,
          .mm = mm,
          .pages = one_page(pages.at(done)),
          .mr = mr,
          .adapter = adapter});
  if (setup.prq != 0 && c.adapter(adapter).requests >= setup.prq) return Next::again;
  ++c.adapter(adapter).requests;
  c.spend(Cost::page_request);
  step = Step::responded;
  return c.call(
      {GetPage{.mode = GetPage::Mode::request, .write = write, .mm = mm, .page = pages.at(done)}});
}

Next Dma::start(Context& c, PfnEntry target) {
  Adapter& device = c.adapter(adapter);
  device.transfers.push_back(
      {.task = c.self, .mr = mr, .page = pages.at(done), .target = target, .write = write});
  c.changed(Wait::Kind::quiet, mr.value);
  c.changed(Wait::Kind::completed, mr.value);
  c.spend(Cost::dma_page);
  c.emit({.kind = EventKind::dma_start,
          .detail = write,
          .mm = c.registration(mr).mm,
          .pages = one_page(pages.at(done)),
          .mr = mr,
          .adapter = adapter,
          .frame = target.frame,
          .generation = target.generation});
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
  const Value now = access(c, mr, page, target, write, value);
  if (done == 0) value = now;
  c.changed(Wait::Kind::quiet, mr.value);
  c.changed(Wait::Kind::completed, mr.value);
  if (++done == (pages.count + 1) / 2) c.emit({.kind = EventKind::half});
  if (done == pages.count) return c.done(Result::value(write ? 0 : value));
  step = Step::translate;
  return Next::again;
}

Next Dma::refuse(Context& c) {
  c.emit({.kind = EventKind::dma_refused,
          .detail = write,
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
  }
  c.stop_tasks(adapter);
  return c.done();
}

Next Prefetch::run(Context& c) {
  switch (step) {
    case Step::next: {
      const Registration& region = c.registration(mr);
      if (!region.live) return c.done(Result::error(EINVAL));
      while (done < pages.count && region.table.at(pages.at(done)).populated()) ++done;
      if (done >= pages.count) return c.done();
      step = Step::faulted;
      return c.call({fault_call(mr, pages.at(done), write)});
    }
    case Step::faulted:
      if (!c.task().result.ok()) return c.give(c.task().result);
      ++done;
      step = Step::next;
      return Next::pass;
  }
  return c.done();
}

Next Register::run(Context& c) {
  switch (step) {
    case Step::create: {
      const bool faults = std::visit([](const auto& policy) { return policy.faults; },
                                     c.setup.adapters[adapter.index()].policy);
      if (faults && !pinned && !c.setup.adapters[adapter.index()].odp) {
        return c.done(Result::error(EOPNOTSUPP));
      }
      std::uint64_t used = pages.count;
      for (const Registration& other : c.machine.registrations) {
        if (other.live && other.adapter == adapter) used += other.pages.count;
      }
      const bool table = c.machine.is(adapter, AdapterSetup::Kind::rnic);
      if (table && used > c.setup.adapters[adapter.index()].pfn_table) {
        return c.done(Result::error(ENOMEM));
      }
      const Vma* vma = c.mm(mm).find_vma(pages.first);
      const bool writable =
          access == Access::as_mapped ? vma == nullptr || vma->write : access == Access::write;
      mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
      c.machine.registrations.push_back({.mm = mm,
                                         .pages = pages,
                                         .adapter = adapter,
                                         .write = writable,
                                         .handle = handle,
                                         .pins = pinned});
      if (c.machine.is(adapter, AdapterSetup::Kind::pci)) map_iova(c);
      if (c.machine.is(adapter, AdapterSetup::Kind::kvm)) {
        c.registration(mr).vm = mr;
        c.machine.vms.push_back({.mr = mr});
      }
      c.spend(Cost::syscall);
      step = Step::created;
      return c.call({PolicyCall{.hook = Hook::registered,
                                .mr = mr,
                                .range = {.mm = mm, .pages = pages},
                                .pages = pages}});
    }
    case Step::created:
      if (!c.task().result.ok()) {
        c.registration(mr).live = false;
        return c.done(c.task().result);
      }
      return c.done(Result::object(mr.value));
  }
  return c.done();
}

// alloc_iova(): the lowest that is free.
void Register::map_iova(Context& c) const {
  std::uint32_t iova = 0;
  const auto taken = [&] {
    for (const Registration& other : std::as_const(c.machine).registrations) {
      const bool meets = other.iova < iova + pages.count && iova < other.iova + other.pages.count;
      if (other.adapter == adapter && other.iova_held && meets) return true;
    }
    return false;
  };
  while (taken()) ++iova;
  c.registration(mr).iova = iova;
  c.registration(mr).iova_held = true;
  c.emit({.kind = EventKind::iova_mapped, .mm = mm, .mr = mr, .adapter = adapter});
}

Next Deregister::run(Context& c) {
  switch (step) {
    case Step::stop: {
      if (!c.registration(mr).live) return c.done(Result::error(EINVAL));
      c.registration(mr).live = false;  // The key is invalid from here on.
      c.spend(Cost::syscall);
      const Registration& region = c.registration(mr);
      step = Step::destroy;
      return c.call({PolicyCall{.hook = Hook::deregistered,
                                .mr = mr,
                                .range = {.mm = region.mm, .pages = region.pages},
                                .pages = region.pages}});
    }
    case Step::destroy:
      c.registration(mr).gone = true;
      c.emit({.kind = EventKind::deregistered, .mm = c.registration(mr).mm, .mr = mr});
      return c.give();
  }
  return c.done();
}

}  // namespace model
