// SPDX-License-Identifier: Apache-2.0
#pragma once

// PCIe PRI: a device asks for pages, by way of a queue of the IOMMU. Counterparts: struct
// page_req_dsc and prq_event_thread() of the Intel driver, iommu_report_device_fault(),
// iommu_sva_handle_iopf() and iopf_queue_discard_partial().
//
//   device                  queue of the IOMMU        prq_event_thread()        worker
//   ------                  ------------------        ------------------        ------
//   request, ..., last  ->  a place for each, or
//                           overflow: dropped; the
//                           last one is answered      take up to the tail   ->  a complete group
//   <- Success, unserved -- at once                   give the places back
//                                                     after an overflow:
//                                                     forget partial groups
//   <------------------------------------------ Page Group Response ----------  serve, respond
//
// Required: while an overflow is noted (PRO), nothing gets into the queue.

#include <array>

#include "model/call.hpp"
#include "model/flow/context.hpp"

namespace model {

// The page could be had without a page request.
bool translates(const Machine& machine, MrId mr, Page page, bool write);

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

// The kernel's side of the queue: requests are taken one by one up to where its tail was, and given
// back their places together. The last one of a group completes it.
struct PrqEventThread {
  static constexpr std::string_view name = "prq_event_thread";
  static constexpr std::array<std::string_view, 3> steps{"read_tail", "take", "advance"};
  enum class Step : std::uint8_t { read_tail, take, advance } step = Step::read_tail;
  AdapterId adapter{};
  std::uint8_t left = 0;

  bool operator==(const PrqEventThread&) const = default;
  Next run(Context& c);

 private:
  void take(Context& c) const;
  void report(Context& c, const PageRequest& last) const;
  Next advance(Context& c);
};

// A worker handles one page of a complete group after the other until there is an error, and
// responds.
struct ServePages {
  static constexpr std::string_view name = "serve_pages";
  static constexpr std::array<std::string_view, 3> steps{"handle", "handled", "respond"};
  enum class Step : std::uint8_t { handle, handled, respond } step = Step::handle;
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
};

// iopf_group_response(): the device is told of the group of that task.
void respond_to_group(Context& c, AdapterId adapter, TaskId requester, PageRequest::State state);

}  // namespace model
