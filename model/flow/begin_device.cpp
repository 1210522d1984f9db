// SPDX-License-Identifier: Apache-2.0
#include "model/flow/begin_device.hpp"

#include "model/flow/all.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

// The object that a call names, or none if the variable holds an error.
std::uint32_t object(const Machine& machine, VariableId variable) {
  const Result& result = machine.variables[variable.index()];
  return result.kind == Result::Kind::object ? result.number : MrId::none;
}

PageRange pages_of(const Machine& machine, MrId mr, const Target& target) {
  if (target.pages.count != 0) return target.pages;
  const PageRange region = machine.registrations[mr.index()].pages;
  return {.first = region.at(target.offset.first.value), .count = target.offset.count};
}

// By address, if all of the process is registered.
PageRange remote_pages(const Machine& machine, MrId mr, const Call& call) {
  return call.second.count != 0 ? call.second : pages_of(machine, mr, call.target);
}

AdapterId card_of(const Machine& machine, MmId user) {
  const HostId host = machine.host_of(user);
  for (std::uint32_t i = 0; i < machine.adapters.size(); ++i) {
    const bool card = machine.is(AdapterId{i}, AdapterSetup::Kind::rnic);
    if (card && machine.adapters[i].host == host) return AdapterId{i};
  }
  return {};
}

Opcode opcode_of(Verb verb) {
  switch (verb) {
    case Verb::rdma_write:
      return Opcode::write;
    case Verb::rdma_fetch_add:
      return Opcode::fetch_add;
    case Verb::rdma_compare_swap:
      return Opcode::compare_swap;
    case Verb::rdma_send:
    case Verb::ud_send:
    case Verb::xrc_send:
      return Opcode::send;
    case Verb::rdma_flush:
      return Opcode::flush;
    default:
      return Opcode::read;
  }
}

Rdma by_attachment(const Call& call, const Machine& machine) {
  const AttachmentId use{object(machine, call.target.variable)};
  const Attachment& attachment = machine.attachments[use.index()];
  return {.op = opcode_of(call.verb),
          .card = attachment.card,
          .attachment = use,
          .mr = attachment.handle,
          .pages = pages_of(machine, attachment.handle, call.target),
          .value = call.number};
}

Rdma by_key(const Call& call, const Machine& machine) {
  const QpId qp{object(machine, call.queue)};
  Rdma request{.op = opcode_of(call.verb),
               .qp = qp,
               .card = machine.queues[qp.index()].card,
               .pages = {.count = 1},
               .value = call.number,
               .compare = call.offset};
  if (call.verb == Verb::ud_send) request.card = card_of(machine, call.mm);
  if (call.verb == Verb::rdma_flush) request.value = call.flags != 0 ? level_region : level_range;
  if (call.verb == Verb::xrc_send) {
    request.srq = QpId{object(machine, call.target.variable)};
  } else if (call.target.variable.some()) {
    request.mr = MrId{object(machine, call.target.variable)};
    request.pages = remote_pages(machine, request.mr, call);
  }
  return request;
}

Flow rdma(const Call& call, const Machine& machine) {
  const Rdma request = call.queue.some() ? by_key(call, machine) : by_attachment(call, machine);
  if (!call.local.variable.some()) return {request};
  const MrId local{object(machine, call.local.variable)};
  return {
      LocalTransfer{.remote = request, .mr = local, .pages = pages_of(machine, local, call.local)}};
}

// ib_check_mr_access(), and what rxe and mlx5 say to it; then as reg_mr().
Flow register_with_access(const Call& call, const Machine& machine) {
  const AdapterSetup& card = machine.setup->adapters[call.adapter.index()];
  const bool all = call.pages.count == 0;
  const bool on_demand = (call.flags & access_flag::on_demand) != 0;
  const bool writes = (call.flags & access_flag::local_write) != 0;
  const bool flushes = (call.flags & access_flag::flush_global) != 0;
  if ((call.flags & access_flag::remote_write) != 0 && !writes) return {Syscall{.error = EINVAL}};
  if ((on_demand && !card.odp) || (flushes && !card.rc.flush)) {
    return {Syscall{.error = EOPNOTSUPP}};
  }
  if (all && !on_demand) return {Syscall{.error = EINVAL}};  // ib_umem_get(): the range wraps.
  using Access = Register::Access;
  return {Register{.pinned = !on_demand,
                   .access = writes    ? flushes ? Access::write_flush : Access::write
                             : flushes ? Access::read_flush
                                       : Access::read,
                   .mm = call.mm,
                   .adapter = call.adapter,
                   .pages = all ? all_pages : call.pages}};
}

Flow create_queue(const Call& call) {
  const bool shared = call.verb == Verb::create_srq;
  return {CreateQueue{.kind = shared ? QueuePair::Kind::shared : QueuePair::Kind::datagram,
                      .user = call.mm,
                      .card = call.adapter}};
}

Flow dma(const Call& call, const Machine& machine) {
  const MrId mr{object(machine, call.target.variable)};
  const bool shares =
      machine.is(machine.registrations[mr.index()].adapter, AdapterSetup::Kind::sva);
  const PageRange pages = shares ? call.pages : remote_pages(machine, mr, call);
  const bool no_fault = call.verb == Verb::prefetch_no_fault;
  if (call.verb == Verb::prefetch || no_fault) {
    const Registration& region = machine.registrations[mr.index()];
    const Vma* vma = machine.spaces[region.mm.index()].find_vma(pages.first);
    const bool write = region.write && (region.pages != all_pages || vma == nullptr || vma->write);
    return {Prefetch{.write = write, .no_fault = no_fault, .mr = mr, .pages = pages}};
  }
  return {Dma{.op = call.verb == Verb::dma_write ? Opcode::write : Opcode::read,
              .adapter = machine.registrations[mr.index()].adapter,
              .mr = mr,
              .pages = pages,
              .value = call.number}};
}

Flow window(const Call& call, const Machine& machine) {
  const MrId handle{object(machine, call.target.variable)};
  return {Window{.op = call.verb == Verb::mpi_put ? Opcode::write : Opcode::read,
                 .user = call.mm,
                 .card = card_of(machine, call.mm),
                 .handle = handle,
                 .pages = pages_of(machine, handle, call.target),
                 .value = call.number}};
}

Flow ioctl(const Call& call, const Machine& machine, KvmCommand command) {
  return {KvmCall{.command = command,
                  .vm = MrId{object(machine, call.target.variable)},
                  .pages = call.pages,
                  .guest = call.offset,
                  .number = call.number,
                  .flags = call.flags}};
}

Flow hwpt_invalidate(const Call& call, const Machine& machine) {
  return {HwptInvalidate{.mr = MrId{object(machine, call.target.variable)},
                         .commands = {{{static_cast<HwptCommand>(call.flags), call.pages},
                                       {static_cast<HwptCommand>(call.number), call.second},
                                       {static_cast<HwptCommand>(call.offset), call.third}}}}};
}

std::optional<Flow> begin_vm(const Call& call, const Machine& machine) {
  switch (call.verb) {
    case Verb::kvm_create_vm:
      return Flow{Register{.mm = call.mm, .adapter = call.adapter, .pages = all_pages}};
    case Verb::kvm_close:
      return Flow{KvmClose{.vm = MrId{object(machine, call.target.variable)}}};
    case Verb::kvm_set_memory_region:
      if ((call.flags & kvm_mem::guest_memfd) != 0) return Flow{Syscall{.error = EINVAL}};
      return ioctl(call, machine, KvmCommand::set_memory_region);
    case Verb::kvm_get_dirty_log:
      return ioctl(call, machine, KvmCommand::get_dirty_log);
    case Verb::kvm_clear_dirty_log:
      return ioctl(call, machine, KvmCommand::clear_dirty_log);
    case Verb::kvm_pre_fault:
      return ioctl(call, machine, KvmCommand::pre_fault);
    case Verb::guest_read:
      return ioctl(call, machine, KvmCommand::read);
    case Verb::guest_write:
      return ioctl(call, machine, KvmCommand::write);
    default:
      return std::nullopt;
  }
}

// A segid or an apid that no call has given is in `number`.
Flow xpmem(const Call& call, const Machine& machine) {
  const bool exists = call.target.variable.some();
  return {XpmemCall{.verb = call.verb,
                    .mm = call.mm,
                    .object = exists ? object(machine, call.target.variable) : call.number,
                    .exists = exists,
                    .pages = call.pages,
                    .second = call.second,
                    .number = call.number,
                    .flags = call.flags}};
}

}  // namespace

Flow begin_device(const Call& call, const Machine& machine) {
  if (const auto flow = begin_vm(call, machine)) return *flow;
  switch (call.verb) {
    case Verb::reg_mr:
    case Verb::export_handle:
      return {Register{.handle = call.verb == Verb::export_handle,
                       .pinned = call.number == 1,
                       .mm = call.mm,
                       .adapter = call.adapter.some() ? call.adapter : card_of(machine, call.mm),
                       .pages = call.number == 2 ? all_pages : call.pages}};
    case Verb::dma_map:
      return {Register{.mm = call.mm, .adapter = call.adapter, .pages = call.pages}};
    case Verb::dma_unmap:
      return {Deregister{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::sva_bind:
      return {Register{.mm = call.mm, .adapter = call.adapter, .pages = all_pages}};
    case Verb::sva_unbind:
      return {Deregister{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::hwpt_invalidate:
      return hwpt_invalidate(call, machine);
    case Verb::sva_get_pasid:
    case Verb::fault_queue_alloc:
    case Verb::fault_read:
    case Verb::fault_write:
    case Verb::veventq_alloc:
    case Verb::veventq_read:
    case Verb::access_pin_pages:
      return {IommufdCall{.verb = call.verb,
                          .mr = MrId{object(machine, call.target.variable)},
                          .adapter = call.adapter,
                          .number = call.number,
                          .flags = call.flags}};
    case Verb::access_unpin_pages:
      return {Deregister{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::hmm_open:
      return {Register{.mm = call.mm, .adapter = call.adapter, .pages = all_pages}};
    case Verb::hmm_close:
      return {MirrorClose{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::hmm_dmirror_cmd:
      return {MirrorCall{.mr = MrId{object(machine, call.target.variable)},
                         .command = static_cast<MirrorCommand>(call.flags),
                         .pages = call.pages,
                         .value = call.number}};
    case Verb::interval_insert:
      return {Watch{.two_pass = call.flags != 0, .mm = call.mm, .pages = call.pages}};
    case Verb::interval_remove:
      return {Unwatch{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::interval_read_begin:
    case Verb::interval_read_retry:
      return {ReadInterval{.retry = call.verb == Verb::interval_read_retry,
                           .mr = MrId{object(machine, call.target.variable)}}};
    case Verb::xpmem_make:
    case Verb::xpmem_remove:
    case Verb::xpmem_get:
    case Verb::xpmem_release:
    case Verb::xpmem_attach:
    case Verb::xpmem_detach:
    case Verb::xpmem_fork_begin:
    case Verb::xpmem_fork_end:
      return xpmem(call, machine);
    case Verb::dereg_mr:
      return {Deregister{.mr = MrId{object(machine, call.target.variable)}}};
    case Verb::prefetch:
    case Verb::prefetch_no_fault:
    case Verb::dma_read:
    case Verb::dma_write:
      return dma(call, machine);
    case Verb::connect:
      return {Connect{.user = call.mm, .card = card_of(machine, call.mm), .peer = call.adapter}};
    case Verb::rdma_read:
    case Verb::rdma_write:
    case Verb::rdma_fetch_add:
    case Verb::rdma_compare_swap:
    case Verb::rdma_send:
    case Verb::rdma_flush:
    case Verb::ud_send:
    case Verb::xrc_send:
      return rdma(call, machine);
    case Verb::create_ud_qp:
    case Verb::create_srq:
      return create_queue(call);
    case Verb::reg_mr_ex:
      return register_with_access(call, machine);
    case Verb::post_recv: {
      const MrId mr{object(machine, call.target.variable)};
      return {PostReceive{.qp = QpId{object(machine, call.queue)},
                          .mr = mr,
                          .pages = pages_of(machine, mr, call.target)}};
    }
    case Verb::poll_recv:
      return {PollReceive{.qp = QpId{object(machine, call.queue)}}};
    case Verb::attach:
      return {Attach{.user = call.mm,
                     .card = card_of(machine, call.mm),
                     .handle = MrId{object(machine, call.target.variable)}}};
    case Verb::detach:
      return {Detach{.attachment = AttachmentId{object(machine, call.target.variable)}}};
    case Verb::mpi_put:
    case Verb::mpi_get:
      return window(call, machine);
    case Verb::mpi_send:
      return {Send{.sender = call.mm, .receiver = call.peer, .value = call.number}};
    case Verb::mpi_recv:
      return {Receive{.receiver = call.mm, .sender = call.peer}};
    default:
      break;
  }
  check(false);
  return {};
}

}  // namespace model
