// SPDX-License-Identifier: Apache-2.0
#pragma once

// A memory region registered with an adapter: what the driver keeps for it. Counterpart:
// struct ib_umem_odp and struct mlx5_ib_mr (drivers/infiniband, Linux 6.1).

#include "model/memory/address_space.hpp"

namespace model {

// An entry of the adapter's PFN table (MTT): `generation` is the frame's when it was looked up.
struct PfnEntry {
  FrameId frame{};
  std::uint16_t generation = 0;
  bool write : 1 = false;
  bool young : 1 = false;   // In the PFN table: the adapter has walked to it since it was asked.
  bool atomic : 1 = false;  // The device has the page for itself: DPT_XA_TAG_ATOMIC.

  bool operator==(const PfnEntry&) const = default;
  bool populated() const { return frame.some(); }
  bool rigid() const { return false; }
  void encode(sim::Encoder& out) const {
    sim::encode(out, frame);
    encode_generation(out, frame, generation);
    out.add(static_cast<std::uint8_t>((write ? 1 : 0) | (young ? 2 : 0) | (atomic ? 4 : 0)));
  }
  PfnEntry advanced(std::uint32_t pages) const {
    PfnEntry later = *this;
    later.frame.value += pages;
    return later;
  }
};

// Memory of another device, by way of its driver: whose, and what was taken.
struct Import {
  MappingId buffer{};       // None: it is memory of the process.
  std::uint32_t first = 0;  // The buffer's page that is the region's first.
  bool taken = false;       // The exporter has given its pages out, and not got them back.
  bool mapped = false;      // For the core of RDMA: UMEM_PEER_MAPPED.

  bool operator==(const Import&) const = default;
};

struct Registration {
  MmId mm{};
  PageRange pages{};
  AdapterId adapter{};     // None: an interval that is only watched.
  bool write = true;       // Access rights given at registration.
  bool live = true;        // False once deregistration has begun.
  bool gone = false;       // It is over.
  bool orphan = false;     // Its address space has been replaced: execve().
  std::uint8_t calls = 0;  // Commands in progress that hold the device's file open.
  bool handle = false;     // Exported: remote processes attach to it.
  bool pins = false;       // Pinned whatever the adapter's policy: not on-demand.
  bool iova_held = false;  // Its IOVA, or its PASID, is not free.
  // Of its first page, in pages. Of a memslot: the guest page. Of a shared page table: the PASID.
  std::uint32_t iova = 0;
  bool fail_alloc = false;   // Of a mirror: the next page that it wants cannot be had.
  bool stopped = false;      // No transfer may start: its queues are evicted.
  std::uint8_t updates = 0;  // Changes of its tables that are posted, and not made.
  MrId access_of{};          // Of an in-kernel user of a mapping: that one (struct iommufd_access).
  bool prevent_access = false;  // Of that: it is being unmapped, and nobody may pin it any more.
  bool unpins = true;           // Of the user: when it is asked to.
  bool two_pass = false;        // Its invalidation is begun, and finished in a second pass.
  bool flushable = false;       // IB_ACCESS_FLUSH_GLOBAL: a peer may ask to see what it wrote.
  std::uint32_t begun = 0;      // Of an interval that is only watched: what read_begin() gave.
  Lock lock{};                  // umem_mutex: guards `table`, `ranges` and `invalidate_seq`.
  BlockTable<PfnEntry> table{};
  Small<FrameId, 2> pinned{};  // Frames this registration holds with FOLL_PIN, in page order.
  std::uint32_t ranges = 0;    // Begun and not ended, for drivers that count: see in_progress().
  std::uint32_t invalidate_seq = 1;  // Moves at each range_end, for drivers that count.
  MrId vm{};                         // Of KVM: the VM whose memslot it is; of a VM itself.
  Import import{};

  bool operator==(const Registration&) const = default;
  void encode(sim::Encoder& out) const;

  std::uint32_t iova_of(Page page) const { return iova + (page.value - pages.first.value); }
};

}  // namespace model
