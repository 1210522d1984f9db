// SPDX-License-Identifier: Apache-2.0
// How memory is made known to an adapter, and forgotten.
#include "model/flow/all.hpp"
#include "model/flow/dma.hpp"
#include "model/flow/iommufd.hpp"

namespace model {
namespace {

// Entries that all registrations of the adapter have, with one for these pages. For all of a
// process there are only as many as are used (mlx5: child MRs, made at their first fault).
std::uint64_t entries_with(const Context& c, AdapterId adapter, PageRange pages) {
  const auto wanted = [](PageRange range) {
    return std::uint64_t{range == all_pages ? 0 : range.count};
  };
  std::uint64_t used = wanted(pages);
  for (const Registration& other : c.machine.registrations) {
    if (other.live && other.adapter == adapter) used += wanted(other.pages);
  }
  return used;
}

bool imports(const Context& c, AdapterId adapter) {
  return std::visit([](const auto& policy) { return policy.imports; },
                    c.setup.adapters[adapter.index()].policy);
}

// The driver's buffer that all of the pages are of.
Import import_of(const Context& c, MmId mm, PageRange pages) {
  const Vma* vma = std::as_const(c.machine).spaces[mm.index()].find_vma(pages.first);
  const bool within =
      vma != nullptr && c.machine.pfnmap(*vma) && pages.intersect(vma->pages).count == pages.count;
  return within ? Import{.buffer = vma->file, .first = vma->index_of(pages.first)} : Import{};
}

// Others walk over all that is registered.
bool takes_all(const Context& c, AdapterId adapter) {
  return std::holds_alternative<IntervalNotifierPolicy>(c.setup.adapters[adapter.index()].policy);
}

// A call of an RDMA library; dma_map() is none, and what it does has costs of its own.
void spend_registration(Context& c, AdapterId adapter, Cost call) {
  if (c.machine.is(adapter, AdapterSetup::Kind::pci)) return;
  c.spend(Cost::syscall);
  if (c.machine.is(adapter, AdapterSetup::Kind::rnic)) c.spend(call);
}

}  // namespace

// struct ib_mr; its PFN table, or list of pages (ib_umem_odp_get(), ib_umem_get()); and
// __mmu_notifier_register().
bool Register::fails_alloc(Context& c) const {
  const bool subscribes =
      !pinned && std::visit([](const auto& policy) { return policy.subscribes; },
                            c.setup.adapters[adapter.index()].policy);
  const bool first = std::as_const(c.machine).notifiers[mm.index()].empty();
  return c.fails_alloc() || c.fails_alloc() || (subscribes && first && c.fails_alloc());
}

Next Register::run(Context& c) {
  switch (step) {
    case Step::create: {
      const bool faults = std::visit([](const auto& policy) { return policy.faults; },
                                     c.setup.adapters[adapter.index()].policy);
      const bool on_demand = c.setup.adapters[adapter.index()].odp;
      const bool rnic = c.machine.is(adapter, AdapterSetup::Kind::rnic);
      if (faults && !pinned && !on_demand) return c.done(Result::error(EOPNOTSUPP));
      if (rnic && pages == all_pages && !(on_demand && takes_all(c, adapter))) {
        return c.done(Result::error(EOPNOTSUPP));
      }
      if (rnic && entries_with(c, adapter, pages) > c.setup.adapters[adapter.index()].pfn_table) {
        return c.done(Result::error(ENOMEM));
      }
      if (c.adapter(adapter).removed) return c.done(Result::error(EIO));
      if (fails_alloc(c)) return c.done(Result::error(ENOMEM));
      const Vma* vma = c.mm(mm).find_vma(pages.first);
      const bool writable = access == Access::as_mapped
                                ? vma == nullptr || vma->write
                                : access == Access::write || access == Access::write_flush;
      mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
      c.machine.registrations.push_back({.mm = mm,
                                         .pages = pages,
                                         .adapter = adapter,
                                         .write = writable,
                                         .handle = handle,
                                         .pins = pinned,
                                         .flushable = access >= Access::read_flush});
      // ib_umem_get() first, which pins; then ib_peer_umem_get(). Of a dma-buf there is no address.
      if (imports(c, adapter) && !(faults && pinned)) {
        c.registration(mr).import = import_of(c, mm, pages);
        c.registration(mr).pins = !c.registration(mr).import.buffer.some();
      }
      if (c.machine.is(adapter, AdapterSetup::Kind::pci)) map_iova(c, mr);
      if (c.machine.is(adapter, AdapterSetup::Kind::sva)) bind_pasid(c);
      if (c.machine.is(adapter, AdapterSetup::Kind::kvm)) {
        c.registration(mr).vm = mr;
        c.machine.vms.push_back({.mr = mr});
      }
      spend_registration(c, adapter, Cost::reg_mr);
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

void map_iova(Context& c, MrId mr) {
  const Registration& fresh = std::as_const(c.machine).registrations[mr.index()];
  const PageRange pages = fresh.pages;
  const AdapterId adapter = fresh.adapter;
  const MmId mm = fresh.mm;
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

// iommu_alloc_mm_data(): the address space keeps its PASID, for all devices, until it is dropped.
// Else iommu_alloc_global_pasid(): the lowest of the kernel that is free. 0 is for requests
// without.
void Register::bind_pasid(Context& c) const {
  std::uint32_t pasid = 0;
  const auto& bonds = std::as_const(c.machine).registrations;
  const auto kept = [&](const Registration& bond) {  // Freed by mm_pasid_drop().
    if (!c.machine.is(bond.adapter, AdapterSetup::Kind::sva) || bond.iova == 0) return false;
    const bool here = std::as_const(c.machine).adapters[bond.adapter.index()].host ==
                      std::as_const(c.machine).adapters[adapter.index()].host;
    const AddressSpace& space = std::as_const(c.machine).spaces[bond.mm.index()];
    const bool ended = bond.orphan || (!space.alive && !space.leaving);
    return here && (bond.iova_held || !ended);
  };
  for (const Registration& bond : bonds) {
    if (kept(bond) && bond.mm == mm && !bond.orphan) pasid = bond.iova;
  }
  const auto taken = [&](const Registration& bond) {
    return kept(bond) && bond.iova == pasid && (bond.mm != mm || bond.orphan);
  };
  if (pasid == 0 || std::ranges::any_of(bonds, taken)) {
    pasid = 1;
    while (std::ranges::any_of(bonds, taken)) ++pasid;
  }
  c.registration(mr).iova = pasid;
  c.registration(mr).iova_held = true;
  c.emit({.kind = EventKind::pasid_bound, .mm = mm, .mr = mr, .adapter = adapter});
}

Next Deregister::run(Context& c) {
  switch (step) {
    case Step::stop: {
      if (!c.registration(mr).live) {
        return c.done(Result::error(c.registration(mr).access_of.some() ? ENOENT : EINVAL));
      }
      if (accessed(c.machine, mr)) {
        step = Step::unused;
        return c.call({NotifyUnmap{.mr = mr}});
      }
      c.registration(mr).live = false;  // The key is invalid from here on.
      spend_registration(c, c.registration(mr).adapter, Cost::dereg_mr);
      const Registration& region = c.registration(mr);
      step = Step::destroy;
      return c.call({PolicyCall{.hook = Hook::deregistered,
                                .mr = mr,
                                .range = {.mm = region.mm, .pages = region.pages},
                                .pages = region.pages}});
    }
    case Step::destroy:
      c.registration(mr).gone = true;
      if (const MrId mapping = c.registration(mr).access_of; mapping.some()) {
        c.changed(Wait::Kind::unpinned, mapping.value);
      }
      c.emit({.kind = EventKind::deregistered, .mm = c.registration(mr).mm, .mr = mr});
      return c.give();
    case Step::unused:
      if (!c.task().result.ok()) return c.done(c.task().result);
      step = Step::stop;
      return Next::pass;
  }
  return c.done();
}

}  // namespace model
