// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hands of a policy: all that a driver may do. It sees no page table, no clock and no other
// driver's adapter. The bodies are in flow/driver.cpp, since some of these are flows of the kernel.

#include "model/cost.hpp"
#include "model/device/attachment.hpp"
#include "model/device/vm.hpp"
#include "model/fabric/message.hpp"
#include "model/policy/policy.hpp"
#include "model/result.hpp"

namespace model {

class Context;

class Driver {
 public:
  // `result` is that of the flow that was on top, or of an answer.
  Driver(Context& context, Result result) : context_(context), result_(result) {}

  const Registration& registration(MrId mr) const;

  // ---- The driver's lock of a registration. The guard of the step is Wait::lock.
  void lock(MrId mr);
  void lock_shared(MrId mr);
  void unlock(MrId mr);
  bool may_try(MrId mr) const;  // It tries for the lock where it must not sleep, and would get it.

  // ---- Subscriptions.
  void watch_interval(MrId mr);  // mmu_interval_notifier_insert().
  void watch_two_pass(MrId mr);  // The same, with invalidate_start() and invalidate_finish().
  void unwatch_interval(MrId mr);
  void listen(MrId mr);  // mmu_notifier_register(), with range_start and range_end.
  void unlisten(MrId mr);
  std::uint32_t read_begin(MrId mr);
  bool read_retry(MrId mr, std::uint32_t begun) const;
  bool invalidation_active(MrId mr) const;  // Any, of the whole address space.
  std::uint32_t epoch(MrId mr) const;       // Moves when an invalidation of an interval ends.
  void set_sequence(MrId mr, std::uint32_t sequence);
  void count_start(MrId mr);        // ranges++
  void count_end(MrId mr);          // ranges--, sequence++
  void uncount(MrId mr);            // ranges-- alone, and
  void move_sequence(MrId mr);      // sequence++ alone.
  bool in_progress(MrId mr) const;  // Such a range, of a subscription that is still there.

  // ---- The CPU page table. Puts a flow on top: return its Next, then ask found().
  Next look_up(MrId mr, Page page, bool write);       // hmm_range_fault() for one page.
  Next look_up_held(MrId mr, Page page, bool write);  // The same under mmap_lock, held by
  void lock_mmap(MrId mr);                            // this. The guard of the step is Wait::lock.
  void unlock_mmap(MrId mr);
  Next pin(MrId mr, Page page, bool write);          // pin_user_pages(FOLL_LONGTERM).
  Next snapshot(MrId mr, Page page);                 // Look up what is mapped, without a fault.
  Next hold(MrId mr, Page page, bool write);         // get_user_pages(): with a reference.
  Next migrate_to_device(MrId mr, PageRange pages);  // migrate_vma(), without mapping them.
  Next make_exclusive(MrId mr, PageRange pages);     // make_device_exclusive(), and maps them.
  PfnEntry found();                                  // Not populated: the page cannot be mapped.
  void unpin_all(MrId mr);                           // unpin_user_pages().
  void mark_dirty(MrId mr, PageRange pages);         // set_page_dirty() where it could be written.

  // Of a look-up of several pages: what was found for all but the last.
  void keep(PolicyCall& call);
  void forget(const PolicyCall& call);
  void install_kept(const PolicyCall& call);

  // References of a driver that has one for each translation.
  void put(const PfnEntry& entry);      // put_page() of what is not installed.
  void take(MrId mr, PageRange pages);  // Clears the PFN table, and keeps the references,
  void put_taken();                     // until this,
  void forget_taken();                  // or for ever.

  // ---- The adapter.
  void install(MrId mr, Page page, PfnEntry entry);  // Nothing, if it is not populated.
  void clear(MrId mr, PageRange pages);              // The PFN table.
  void flush(MrId mr, PageRange pages);              // The adapter's TLB, and the IOMMU's for it.
  void flush_iotlb(MrId mr, PageRange pages);
  void flush_atc(MrId mr, PageRange pages);
  // The same for the PFN table and the TLB, posted: the adapter does it later, by Hook::work.
  void post_update(MrId mr, PageRange pages);
  void finish_update(MrId mr);
  void free_iova(MrId mr);  // It, or the PASID, may be given to another mapping.
  // An invalidation of the ATC as a message: the ITag that it gets, of those that are free the
  // next one in turn or the lowest. The guard of the step is Wait::tagged.
  bool tags_invalidations(MrId mr) const;
  std::uint8_t send_invalidation(MrId mr, PageRange pages, bool in_turn);
  bool unanswered(MrId mr, std::uint32_t itag) const;
  void give_up_invalidation(MrId mr, std::uint32_t itag, bool keep_tag);
  bool has_atc(MrId mr) const;
  // What the page table of a user has said before, may not be used from here on.
  void flushed_by_user(MrId mr, PageRange pages);
  void close_event_queues(MrId mr);     // What user space has not answered, is answered Invalid.
  bool queues_requests(MrId mr) const;  // Page requests wait in a queue.
  bool hung(MrId mr) const;             // The adapter has not answered in time (ITE).
  void block(MrId mr);                  // The IOMMU lets nothing of the adapter through any more.
  bool in_flight(MrId mr, PageRange pages) const;
  void stop(MrId mr);                               // No transfer starts any more,
  void resume(MrId mr);                             // until this.
  void started_over(MrId mr, Page page);            // Counts a retry.
  void end_lookup(MrId mr, Page page);              // What was looked up is not installed.
  bool test_young(MrId mr, PageRange pages) const;  // Has the adapter walked to them?
  void clear_young(MrId mr, PageRange pages);

  // ---- Of KVM: `vm` is a VM; what is above here then concerns its active memslots.
  bool is_vm(MrId mr) const;
  void read_memslots(MrId vm);                                 // srcu_read_lock()
  void leave_memslots(MrId vm);                                // srcu_read_unlock()
  const Memslot* memslot(MrId vm, std::uint32_t guest) const;  // Null: none has the guest page.
  bool slot_overlaps(MrId vm, PageRange pages) const;          // Some memslot has user pages of it.
  void log_dirty(MrId slot, Page page);                        // mark_page_dirty_in_slot()
  void count_invalidation(MrId vm);                            // mn_active_invalidate_count++
  void uncount_invalidation(MrId vm);                          // And --, with its waiter woken up.
  void add_range(MrId vm, PageRange pages);                    // kvm_mmu_invalidate_range_add()
  bool invalidating(MrId vm, std::uint32_t guest) const;       // A range that is counted hits it.
  bool translates(MrId vm, PageRange pages) const;             // The VM maps some of the pages.
  Next retry(MrId slot, Page page);  // RET_PF_RETRY: the hook is over, and the page not mapped.

  // ---- Memory of another device. The guard of a step that takes its lock is Wait::lock.
  void lock_exporter(MrId mr);
  void unlock_exporter(MrId mr);
  bool exporter_locked(MrId mr) const;
  bool get_pages(MrId mr, bool pin);  // All, and installs them. False: the buffer is not there.
  bool revoked(MrId mr) const;        // It is, and its driver lets nobody use it.
  void put_pages(MrId mr);
  void set_mapped(MrId mr, bool mapped);

  // ---- Workers: schedule_delayed_work(). Hook::work runs in a task of its own.
  void queue_work(MrId mr);
  void pause(std::uint64_t duration_ns);
  // Of the intervals that the range hits, the last one that has two passes.
  MrId last_begun(const NotifierRange& range) const;

  // ---- Memory of its own: kmalloc(GFP_KERNEL), which may have to reclaim.
  void allocate_memory();
  // mmput(): the last one ends the address space, with all the locks that this takes.
  void put_address_space(MrId mr);

  // ---- Users of a handle, on both sides.
  const Attachment& attachment(AttachmentId attachment) const;
  // The next user of the handle at or after `from` to whom pages of the range were granted, or who
  // has not answered yet that it has given them up.
  AttachmentId next_user(MrId mr, AttachmentId from, PageRange pages) const;
  AttachmentId next_attached(MrId mr, AttachmentId from) const;
  // Another attachment of the same process with an inactive page; none if there is none.
  AttachmentId inactive_sibling(AttachmentId attachment) const;
  bool active(AttachmentId attachment, PageRange pages) const;
  void ask_owner(AttachmentId attachment, PageRange pages);  // Wait::answered.
  void grant(AttachmentId attachment, PageRange pages, TaskId requester);
  void refuse(AttachmentId attachment, PageRange pages, TaskId requester);
  void shoot_down(AttachmentId attachment, PageRange pages, std::uint64_t expires_ns);
  void signal_early(AttachmentId attachment, PageRange pages);  // SIGBUS, unasked by the owner.
  void forget_recalls();  // Answers that are still to come are not waited for.
  void all_answered(MrId mr);
  void map_card(AttachmentId attachment, bool whole_process);
  void unmap_card(AttachmentId attachment, PageRange pages, bool whole_process);
  void terminate(AttachmentId attachment);
  void answer_owner(const PolicyCall& shootdown);
  void activate_again(AttachmentId attachment, PageRange pages);
  void take_away(AttachmentId attachment, PageRange pages);

  // ---- The module XPMEM.
  bool attached(const PolicyCall& call) const;          // Somebody has some of the range's pages.
  Next invalidate_attachments(const PolicyCall& call);  // Takes them.
  Next tear_down_group(const PolicyCall& call);         // The process that the notifier is of ends.

  // ---- Results.
  Result result() const { return result_; }  // Of the flow that was on top, or of an answer.
  int error() const { return static_cast<int>(result_.number); }  // Its errno, if it failed.
  Next fail(int error);                                           // The hook is over with an error.
  Next raise(int signal);

 private:
  bool is_behind_iommu(MrId mr) const;
  void set_entry(MrId mr, Page page, PfnEntry entry, Cost update);
  void spend_zap(MrId mr, PageRange pages);
  void unmap_guest(MrId slot, Page page);
  void answer_user(MessageKind answer, AttachmentId attachment, PageRange pages, TaskId requester);

  // The registration, or of a VM those of its active memslots, with their parts of the pages.
  struct Part {
    MrId mr{};
    PageRange pages{};
  };
  Small<Part, 2> parts(MrId mr, PageRange pages) const;

  Context& context_;
  Result result_;
};

}  // namespace model
