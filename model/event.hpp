// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the machine reports of itself while it runs: the one source of timelines, of the scenario's
// `>` lines and of the rules.

#include <array>
#include <string_view>

#include "model/memory/ids.hpp"
#include "sim/record.hpp"

namespace model {

enum class EventKind : std::uint8_t {
  step,  // A flow took the step `value` (see flow/all.hpp).
  call,
  returned,
  half,
  range_start,
  range_returned,
  range_refused,
  range_end,
  range_heeded,
  range_ignored,
  unpaired_end,
  released,
  pte_set,
  pte_cleared,
  pte_protected,
  tlb_flush,
  tlb_flush_batch,
  secondary_tlb,
  invalidate_page,
  change_pte,
  clear_flush_young,
  clear_young,
  test_young,
  interval_invalidate,
  interval_finish,
  late_removal,
  migrate_to_ram,
  cpu_flush,
  cpu_read,
  cpu_write,
  frame_allocated,
  frame_freed,
  pool_freed,
  swap_out,
  swap_in,
  page_cleaned,
  clean_drop,
  dev_fault,
  dev_lookup,
  dev_retry,
  pfn_installed,
  pfn_cleared,
  device_flush,
  inval_request,
  inval_completion,
  unknown_itag,
  pasid_bound,
  page_request,
  page_response,
  prq_overflow,
  iova_mapped,
  iotlb_flush,
  device_hung,
  device_blocked,
  dma_start,
  dma_read,
  dma_write,
  dma_refused,
  signature_reached,
  signature_believed,
  page_pinned,
  page_unpinned,
  deregistered,
  dirty_logged,
  rcache_hit,
  rcache_miss,
  rcache_invalidated,
  rcache_queued,
  activate,
  handle_active,
  handle_failed,
  card_mapped,
  card_unmapped,
  shootdown,
  quiesced,
  terminated,
  owner_answered,
  quiesce_expired,
  rdma_post,
  rdma_done,
  retransmit,
  rnr_nak,
  connection_failed,
  packet_lost,
  packet_late,
  packet_twice,
  datagram_dropped,
  sigbus,
  peer_down,
  message,
  dropped_twice,
  lock_order,
  sleeps,
  alloc_failed,
  signalled,
  update_posted,
  device_removed,
  partitioned,
  healed,
  count,
};

// Which fields of an event say something, in the order in which they are printed and in which a
// scenario names them: mm M, pages P, registration R, attachment A, adapter D, frame F, value V,
// host H, process S.
struct EventInfo {
  std::string_view name;
  std::string_view fields;
  std::string_view meaning;
};

inline constexpr std::array<EventInfo, static_cast<std::size_t>(EventKind::count)> event_table{{
    {"step", "V", "an atomic step of an operation"},
    {"call", "", "a call of the scenario starts"},
    {"returned", "V", "a call of the scenario returns"},
    {"half", "", "half of the pieces of a transfer have landed"},
    {"range_start", "PMV", "mmu_notifier_invalidate_range_start() is called"},
    {"range_returned", "PMV", "all range_start callbacks have returned"},
    {"range_refused", "PM", "a range_start callback returned -EAGAIN"},
    {"range_end", "PMV", "mmu_notifier_invalidate_range_end() is called"},
    {"range_heeded", "PMR", "a driver has done what a notification asks for"},
    {"range_ignored", "PMRV", "a driver does nothing about a notification"},
    {"unpaired_end", "MR", "a driver gets a range_end without its range_start"},
    {"released", "M", "the release callbacks have returned"},
    {"pte_set", "PMF", "a page table entry maps a frame"},
    {"pte_cleared", "PMF", "a page table entry does not map its frame any more"},
    {"pte_protected", "PMF", "a page table entry lost write permission"},
    {"tlb_flush", "PMV", "flush_tlb_mm_range() is called"},
    {"tlb_flush_batch", "", "arch_tlbbatch_flush() makes up for flushes that were put off"},
    {"secondary_tlb", "PM", "those who share the page table are told to flush their TLBs"},
    {"invalidate_page", "PM", "the invalidate_page callback: an entry was cleared"},
    {"change_pte", "PMF", "the change_pte callback: a page is about to be replaced"},
    {"clear_flush_young", "PM", "the clear_flush_young callback: was it used? flush"},
    {"clear_young", "PM", "the clear_young callback: was it used?"},
    {"test_young", "PM", "the test_young callback: was it used? leave it so"},
    {"interval_invalidate", "PMRV", "the invalidate callback of an interval notifier"},
    {"interval_finish", "PMR", "the second pass of an interval notifier"},
    {"late_removal", "MR", "an interval is still listed that was said to be removed"},
    {"migrate_to_ram", "PM", "a CPU touches device-private memory; its driver is asked"},
    {"cpu_flush", "PM", "a CPU drops its TLB entries"},
    {"cpu_read", "PMFV", "a program reads a page"},
    {"cpu_write", "PMFV", "a program writes a page"},
    {"frame_allocated", "F", "the allocator hands out a frame"},
    {"frame_freed", "F", "a frame goes back to the allocator"},
    {"pool_freed", "F", "a huge page goes back to the pool of hugetlbfs"},
    {"swap_out", "FV", "the content of a frame is written to swap"},
    {"swap_in", "PMF", "a page comes back from swap"},
    {"page_cleaned", "F", "a page counts as clean: its content is kept, or need not be"},
    {"clean_drop", "FV", "a frame is dropped without a write: swap has its content"},
    {"dev_fault", "PRD", "the adapter has no translation and asks its driver"},
    {"dev_lookup", "PRF", "the driver looks a page up in the CPU page table"},
    {"dev_retry", "PR", "the driver's lookup is stale; it starts over"},
    {"pfn_installed", "PRF", "the driver gives the adapter a translation"},
    {"pfn_cleared", "PR", "the driver drops translations from the PFN table"},
    {"device_flush", "PRD", "the adapter drops translations from its TLB"},
    {"inval_request", "PRDV", "the IOMMU asks the device to forget translations; the ITag"},
    {"inval_completion", "DV", "the device answers; the ITag"},
    {"unknown_itag", "DV", "a completion comes for an ITag that nobody waits for"},
    {"pasid_bound", "MRD", "a process gets a PASID, by which a device can reach its memory"},
    {"page_request", "PMRD", "a page request is served in an address space"},
    {"page_response", "RDV", "the device gets the response: 0 Success, 1 Invalid, 2 Failure"},
    {"prq_overflow", "PRD", "a page request finds no place in the queue, and is dropped"},
    {"iova_mapped", "MRD", "pages get an IOVA, by which a device can reach them"},
    {"iotlb_flush", "PRD", "the IOMMU drops translations for the adapter"},
    {"device_hung", "D", "the adapter answers nothing any more"},
    {"device_blocked", "RD", "the IOMMU lets nothing of the adapter through any more"},
    {"dma_start", "PRFD", "the adapter starts a transfer"},
    {"dma_read", "PRFV", "a transfer reads memory"},
    {"dma_write", "PRFV", "a transfer writes memory"},
    {"dma_refused", "PR", "the adapter ends a transfer with an error"},
    {"signature_reached", "PRD", "a transfer ends in the signature page: nothing is mapped"},
    {"signature_believed", "PRD", "such a transfer counts as done"},
    {"page_pinned", "PF", "a driver pins a frame"},
    {"page_unpinned", "F", "a driver drops its pin"},
    {"deregistered", "R", "a registration is gone, and its key with it"},
    {"dirty_logged", "R", "KVM has told which pages of a memslot its guest has written"},
    {"rcache_hit", "PMR", "a registration cache has what it is asked for"},
    {"rcache_miss", "PMR", "a registration cache has registered what it is asked for"},
    {"rcache_invalidated", "PMR", "nobody finds a cached registration any more"},
    {"rcache_queued", "PMV", "an unmapping waits to be acted upon; so many do"},
    {"activate", "RP", "a user asks for an activation"},
    {"handle_active", "RP", "the owner has made pages of a handle active for a user"},
    {"handle_failed", "RP", "pages of a handle cannot be mapped"},
    {"card_mapped", "RD", "a user may post without its kernel"},
    {"card_unmapped", "RD", "a user may not post any more"},
    {"shootdown", "RPD", "the owner tells a user's card to drop its translations"},
    {"quiesced", "DR", "a card has no transfer in flight and answers"},
    {"terminated", "DR", "a card ends its transfers in flight with an error"},
    {"owner_answered", "R", "all users have answered the owner"},
    {"quiesce_expired", "DR", "a user did not answer in time and is cut off"},
    {"rdma_post", "PRD", "a remote transfer is posted"},
    {"rdma_done", "DR", "a remote transfer completes"},
    {"retransmit", "DV", "a requester sends again what is not acknowledged"},
    {"rnr_nak", "PRDV", "a responder is not ready, and drops the packet"},
    {"connection_failed", "D", "a queue pair enters the error state"},
    {"packet_lost", "DV", "the fabric loses a packet, or its answer"},
    {"packet_late", "DV", "a packet comes after those behind it"},
    {"packet_twice", "DV", "a packet comes twice"},
    {"datagram_dropped", "DV", "a receiver has no use for a datagram: no receive, or no page"},
    {"sigbus", "RP", "a remote process gets SIGBUS"},
    {"peer_down", "H", "a kernel learns that a host is gone"},
    {"message", "V", "a two-sided message arrives"},
    {"dropped_twice", "F", "a reference is to be dropped that was dropped before"},
    {"lock_order", "V", "a task waits in a new order"},
    {"sleeps", "V", "a task waits where it must not sleep"},
    {"alloc_failed", "V", "an allocation fails because its call says so: that one of it"},
    {"signalled", "M", "a signal comes to a process in a call"},
    {"update_posted", "PRD", "the driver has posted a change of the adapter's tables"},
    {"device_removed", "D", "the adapter is pulled out"},
    {"partitioned", "V", "these hosts, as bits, and all others do not reach each other"},
    {"healed", "", "all hosts reach each other again"},
}};

// Events of notifiers and TLB flushes say how they were called, for a Witness.
struct CallContext {
  enum class MmapLock : std::uint8_t { none, read, write } mmap_lock = MmapLock::none;
  bool atomic = false;  // A spinlock is held: a callback must not sleep.
  bool nonblock = false;
  bool owner = false;         // The range names an owner.
  bool freed_tables = false;  // Page tables go with it.
  // The flows in which it happened, the innermost first, as their numbers (flow_of()) + 1.
  std::array<std::uint32_t, 3> within{};
};

struct Event {
  EventKind kind = EventKind::step;
  std::uint8_t detail = 0;  // 1 for a write; the kind of a result; the NotifierEvent.
  CallContext context{};
  MmId mm{};
  PageRange pages{};
  MrId mr{};
  AttachmentId attachment{};
  AdapterId adapter{};
  FrameId frame{};
  std::uint16_t generation = 0;
  Value value = 0;
  LineId line{};
};

// The same event as a record of sim, and back.
sim::Record to_record(const Event& event, TaskId actor);
Event from_record(const sim::Record& record);

}  // namespace model
