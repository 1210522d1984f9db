// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the module XPMEM keeps: memory that processes share by making segments of it, and attaching
// those to their own address spaces. Counterpart: struct xpmem_partition of openucx/xpmem, with
// its thread groups, segments, access permits and attachments; refcnt is not modelled, nothing is
// freed. Invariant: an entry of the page table that XPMEM has set has an entry in the table of its
// attachment's registration, and that one a reference of the page unless the offset is in `put`.

#include <optional>

#include "model/device/attachment.hpp"
#include "model/memory/lock.hpp"

namespace model {

// A process that has opened /dev/xpmem: struct xpmem_thread_group.
struct XpmemGroup {
  MmId mm{};
  MrId mr{};  // Its mmu notifier, as a registration of the device.
  bool destroying = false;
  std::uint8_t recalls = 0;   // n_recall_PFNs, where it is above zero,
  std::uint8_t blockers = 0;  // and where it is below: faults in progress.

  bool operator==(const XpmemGroup&) const = default;
};

// struct xpmem_segment.
struct XpmemSegment {
  MmId owner{};
  PageRange pages{};
  std::uint32_t group = 0;
  std::uint16_t permit = 0;  // As of chmod().
  bool destroying = false;
  bool recalling = false;
  Lock sema{};

  bool operator==(const XpmemSegment&) const = default;
};

// struct xpmem_access_permit.
struct XpmemPermit {
  std::uint32_t segment = 0;
  std::uint32_t group = 0;  // Of its user.
  MmId user{};
  bool write = false;  // XPMEM_RDWR
  bool destroying = false;

  bool operator==(const XpmemPermit&) const = default;
};

// struct xpmem_attachment.
struct XpmemAttachment {
  std::uint32_t permit = 0;
  MmId user{};
  PageRange pages{};  // In the user's address space.
  Page source{};      // The first one in the owner's.
  MrId mr{};          // What is mapped, by the owner's pages.
  bool listed = false;
  bool destroying = false;
  bool valid = false;       // XPMEM_FLAG_VALIDPTEs
  Lock mutex{};             // Faults, detaching, and clearing that no notifier asks for.
  Lock invalidate_mutex{};  // Clearing for the notifier; detaching marks under it.
  PageSet put{};            // Offsets whose reference is dropped, and whose entry is still there.

  bool operator==(const XpmemAttachment&) const = default;
  std::uint32_t offset_of(Page page) const { return page.value - pages.first.value; }
  Page source_of(Page page) const { return Page{source.value + offset_of(page)}; }
  Page page_of(Page owned) const { return pages.at(owned.value - source.value); }
  PageRange sources() const { return {.first = source, .count = pages.count}; }
};

struct Xpmem {
  Small<XpmemGroup, 2> groups{};
  Small<XpmemSegment, 1> segments{};
  Small<XpmemPermit, 1> permits{};
  Small<XpmemAttachment, 1> attachments{};

  bool operator==(const Xpmem&) const = default;

  std::optional<std::uint32_t> group_of(MmId mm) const {
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
      if (groups[i].mm == mm && !groups[i].destroying) return i;
    }
    return std::nullopt;
  }
  // The attachment that has the page of that process, or has had it last.
  std::optional<std::uint32_t> last_at(MmId user, Page page) const {
    for (auto i = static_cast<std::uint32_t>(attachments.size()); i-- > 0;) {
      if (attachments[i].user == user && attachments[i].pages.contains(page)) return i;
    }
    return std::nullopt;
  }
  // vma->vm_private_data
  std::optional<std::uint32_t> listed_at(MmId user, Page page) const {
    for (std::uint32_t i = 0; i < attachments.size(); ++i) {
      const XpmemAttachment& each = attachments[i];
      if (each.listed && each.user == user && each.pages.contains(page)) return i;
    }
    return std::nullopt;
  }
  const XpmemSegment& segment_of(const XpmemAttachment& attachment) const {
    return segments[permits[attachment.permit].segment];
  }
};

}  // namespace model
