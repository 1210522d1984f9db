// SPDX-License-Identifier: Apache-2.0
#pragma once

// PCIe ATS and PRI: what a device that shares a page table, its IOMMU and the IOMMU's driver say to
// each other. Counterparts: qi_flush_dev_iotlb_pasid(), prq_event_thread() and
// iommu_sva_handle_iopf() of Linux.

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

// The device's side of page requests: those of a transfer's pages that are missing are one group,
// and the last of them has the response. Where the IOMMU has no queue, each is served in turn by
// the task of the transfer itself. The result is what the response says: it is worth another
// translation request, or EFAULT.
struct AskPages {
  static constexpr std::string_view name = "ask_pages";
  static constexpr std::array<std::string_view, 3> steps{"request", "served", "response"};
  enum class Step : std::uint8_t { request, served, response } step = Step::request;
  bool write = false;
  AdapterId adapter{};
  MrId mr{};
  PageRange pages{};  // Of the transfer; the first of them is missing.
  std::uint32_t cursor = 0;

  bool operator==(const AskPages&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next request(Context& c);
  Next queue(Context& c);
  Next response(Context& c);
  bool find_next(const Machine& machine, std::uint32_t& next) const;
  void withdraw(Context& c) const;
};

// The kernel's side of a group: the thread that reads the queue finds the address space by the
// PASID, a worker handles one page after the other until there is an error, and responds.
struct ServePages {
  static constexpr std::string_view name = "serve_pages";
  static constexpr std::array<std::string_view, 4> steps{"collect", "handle", "handled", "respond"};
  enum class Step : std::uint8_t { collect, handle, handled, respond } step = Step::collect;
  AdapterId adapter{};
  MrId mr{};
  TaskId requester{};
  MmId mm{};
  std::uint32_t cursor = 0;
  PageRequest::State state = PageRequest::State::success;

  bool operator==(const ServePages&) const = default;
  Next run(Context& c);

 private:
  const PageRequest* at(const Context& c, std::uint32_t index) const;
  Next collect(Context& c);
  Next respond(Context& c);
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
