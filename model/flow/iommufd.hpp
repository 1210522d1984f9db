// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is asked of iommufd besides invalidations: queues from which user space reads a device's
// page requests and faults, and in-kernel users of what it has mapped; and a bond's PASID.
// Counterparts: eventq.c, driver.c, device.c and io_pagetable.c of drivers/iommu/iommufd (6.18).

#include <array>

#include "model/call.hpp"
#include "model/flow/context.hpp"

namespace model {

// Each is one step: under fault->mutex, the lock of the queue, or iova_rwsem.
struct IommufdCall {
  static constexpr std::string_view name = "iommufd_call";
  static constexpr std::array<std::string_view, 1> steps{"ioctl"};
  enum class Step : std::uint8_t { ioctl } step = Step::ioctl;
  Verb verb = Verb::fault_queue_alloc;
  MrId mr{};            // The bond, or the mapping.
  AdapterId adapter{};  // Whose driver uses the mapping.
  std::uint32_t number = 0;
  std::uint32_t flags = 0;

  bool operator==(const IommufdCall&) const = default;
  Next run(Context& c);

 private:
  Next alloc_queue(Context& c) const;
  Next read_fault(Context& c) const;
  Next answer_fault(Context& c) const;
  Next read_events(Context& c) const;
  Next pin_pages(Context& c) const;
};

// iommufd_viommu_report_event(): the device has had a fault that nobody serves.
void report_vevent(Context& c, AdapterId adapter, MrId bond);

// The bond is given up: iommufd_auto_response_faults(), and its queues.
void close_event_queues(Context& c, MrId bond);

// Whether drivers use the pages of a mapping: num_accesses.
bool accessed(const Machine& machine, MrId mapping);

// iopt_unmap_iova_range(): a mapping goes when nobody uses its pages any more. Its users are asked
// to unpin them, with no lock held, a hundred times at most.
struct NotifyUnmap {
  static constexpr std::string_view name = "notify_unmap";
  static constexpr std::array<std::string_view, 2> steps{"bar", "notify"};
  enum class Step : std::uint8_t { bar, notify } step = Step::bar;
  std::uint8_t tries = 0;
  MrId mr{};
  std::uint32_t cursor = 0;

  bool operator==(const NotifyUnmap&) const = default;
  // Who unpins has iova_rwsem for read, and this takes it for write.
  Wait guard() const {
    return step == Step::bar ? Wait{.kind = Wait::Kind::unpinned, .index = mr.value} : Wait{};
  }
  Next run(Context& c);

 private:
  Next notify(Context& c);
};

}  // namespace model
