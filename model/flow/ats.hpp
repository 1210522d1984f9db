// SPDX-License-Identifier: Apache-2.0
#pragma once

// PCIe ATS: what a device that shares a page table, its IOMMU and the IOMMU's driver say to each
// other of translations. Counterpart: qi_flush_dev_iotlb_pasid() of Linux.

#include <array>
#include <span>

#include "model/call.hpp"
#include "model/flow/context.hpp"

namespace model {

// A translation that the device would find in a TLB: by its PASID, whoever it was made for.
const DeviceTlbEntry* find_shared(const Machine& machine, std::span<const DeviceTlbEntry> tlb,
                                  MrId mr, Page page);

// The device's side of an invalidation with an ITag: it forgets the translations, waits for its
// writes, and sends a completion for each traffic class.
struct AtsInvalidate {
  static constexpr std::string_view name = "ats_invalidate";
  static constexpr std::array<std::string_view, 3> steps{"take", "push", "again"};
  enum class Step : std::uint8_t { take, push, again } step = Step::take;
  AdapterId adapter{};
  MrId mr{};
  PageRange pages{};
  std::uint8_t itag = 0;
  std::uint8_t traffic_class = 0;

  bool operator==(const AtsInvalidate&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  void answer(Context& c) const;
  Next next_class(Context& c);
};

// IOMMU_HWPT_INVALIDATE: user space, whose page table it is, says what is to be forgotten. Its
// array is handled in order; if a command is bad, the number of those that are done is reported,
// and the rest is untouched. arm_vsmmu_cache_invalidate() of 6.15 converts a batch of commands
// first, and issues none of it if one is bad, but counts those before that one (`count_issued no`).
struct HwptInvalidate {
  static constexpr std::string_view name = "hwpt_invalidate";
  static constexpr std::array<std::string_view, 3> steps{"convert", "issue", "issued"};
  enum class Step : std::uint8_t { convert, issue, issued } step = Step::convert;
  struct Command {
    HwptCommand op = HwptCommand::none;
    PageRange pages{};

    bool operator==(const Command&) const = default;
  };
  MrId mr{};
  std::array<Command, 3> commands{};
  std::uint8_t cursor = 0;

  bool operator==(const HwptInvalidate&) const = default;
  Next run(Context& c);

 private:
  Next convert(Context& c);
  Next issue(Context& c);
  bool over() const {
    return cursor == commands.size() || commands[cursor].op == HwptCommand::none;
  }
};

}  // namespace model
