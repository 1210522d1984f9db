// SPDX-License-Identifier: Apache-2.0
// The language's call table: one row for each call. The model adds the internal steps.
#include "scenarios/language/calls.hpp"

namespace language {
namespace {

Parameter number(std::string name) { return of(ParameterKind::number, std::move(name)); }
Parameter local_device() {
  return {.name = "device", .kind = ParameterKind::device, .local = true};
}

// Of an implicit mr: it has all of its process.
Parameter implicit_mr() { return of(ParameterKind::mr, "implicit mr"); }
Parameter implicit_pages() {
  return {.name = "pages", .kind = ParameterKind::pages, .registered = true, .role = Role::second};
}

std::vector<CallRow> device_calls() {
  const Parameter mr_pages = of(ParameterKind::mr_pages, "mr pages");
  const Parameter bond = of(ParameterKind::bond, "bond");
  const Parameter access =
      flags("access flag",
            {"IBV_ACCESS_LOCAL_WRITE", "IBV_ACCESS_REMOTE_WRITE", "IBV_ACCESS_REMOTE_READ",
             "IBV_ACCESS_REMOTE_ATOMIC", "IBV_ACCESS_ON_DEMAND", "IBV_ACCESS_HUGETLB",
             "IBV_ACCESS_FLUSH_GLOBAL"},
            Role::flags);
  return {
      {"reg_mr",
       by_process,
       {{{local_device(), pages(), words("mode", {"odp", "pinned"})}},
        {{local_device(), words("mode", {"implicit"})}}},
       Kind::mr,
       "Registers pages with a device: on demand, or pinned; or all of the process on demand."},
      {"reg_mr_ex",
       by_process,
       {{{local_device(), pages(), access}}, {{local_device(), access}}},
       Kind::mr,
       "Registers pages, or all of the process, for what the flags say."},
      {"reg_dmabuf_mr",
       by_process,
       {{{local_device(), pages()}}},
       Kind::mr,
       "Registers memory of another device: pages of a driver's buffer."},
      {"dereg_mr",
       by_process,
       {{{of(ParameterKind::mr, "mr")}}},
       Kind::outcome,
       "Ends a registration."},
      {"prefetch",
       {ActorKind::process, ActorKind::device},
       {{{mr_pages}}, {{implicit_mr(), implicit_pages()}}},
       Kind::outcome,
       "Faults pages in for the device before it needs them."},
      {"prefetch_no_fault",
       {ActorKind::process, ActorKind::device},
       {{{mr_pages}}, {{implicit_mr(), implicit_pages()}}},
       Kind::outcome,
       "The same of those pages that are mapped already."},
      {"dma_read",
       by_device,
       {{{mr_pages}}, {{bond, any_pages()}}},
       Kind::outcome,
       "The device reads memory by itself."},
      {"dma_write",
       by_device,
       {{{mr_pages, number("value")}}, {{bond, any_pages(), number("value")}}},
       Kind::outcome,
       "The device writes memory by itself."},
  };
}

std::vector<CallRow> fabric_calls() {
  const std::vector<Entry> half = {{"half", "Half of the data has been transferred."}};
  const Parameter qp = of(ParameterKind::qp, "qp");
  const Parameter remote = of(ParameterKind::remote_pages, "remote pages");
  const Parameter local{
      .name = "local pages", .kind = ParameterKind::mr_pages, .role = Role::second};
  const Parameter value = number("value");
  const Parameter srq{
      .name = "shared receive queue", .kind = ParameterKind::qp, .role = Role::second};
  const Parameter attached = of(ParameterKind::attachment_pages, "attached pages");
  return {
      {"connect",
       by_process,
       {{{of(ParameterKind::device, "device")}}},
       Kind::qp,
       "Connects a queue pair to a device."},
      {"rdma_read",
       by_process,
       {{{qp, remote}},
        {{qp, remote, local}},
        {{qp, implicit_mr(), implicit_pages()}},
        {{attached}}},
       Kind::outcome,
       "Reads memory of another host, without its CPU.",
       half},
      {"rdma_write",
       by_process,
       {{{qp, remote, value}},
        {{qp, remote, local}},
        {{qp, implicit_mr(), implicit_pages(), value}},
        {{attached, value}}},
       Kind::outcome,
       "Writes memory of another host, without its CPU.",
       half},
      {"rdma_fetch_add",
       by_process,
       {{{qp, remote, value}}},
       Kind::outcome,
       "Adds to memory of another host, in one step; gives what was there."},
      {"rdma_compare_swap",
       by_process,
       {{{qp, remote, number("compare", Role::offset), value}}},
       Kind::outcome,
       "Writes memory of another host if that is there, in one step; gives what was there."},
      {"rdma_send",
       by_process,
       {{{qp, value}}, {{qp, local}}},
       Kind::outcome,
       "Sends to the receive that was posted first at the far end."},
      {"rdma_flush",
       by_process,
       {{{qp, remote, words("level", {"IBV_FLUSH_RANGE", "IBV_FLUSH_MR"}, Role::flags)}}},
       Kind::outcome,
       "What was written there before by this queue pair is visible when this has completed."},
      {"create_ud_qp",
       by_process,
       {{{local_device()}}},
       Kind::qp,
       "Makes a queue pair that receives datagrams."},
      {"create_srq",
       by_process,
       {{{local_device()}}},
       Kind::qp,
       "Makes a receive queue that queue pairs share: XRC."},
      {"ud_send",
       by_process,
       {{{qp, value}}, {{qp, local}}},
       Kind::outcome,
       "Sends a datagram: nobody says whether it has come."},
      {"xrc_send",
       by_process,
       {{{qp, srq, value}}, {{qp, srq, local}}},
       Kind::outcome,
       "Sends, by a connection, to the receive that was posted first to a shared queue."},
      {"post_recv",
       by_process,
       {{{qp, of(ParameterKind::mr_pages, "mr pages")}}},
       Kind::outcome,
       "To the far end of a queue pair, or to a receive queue: each page takes a send."},
      {"poll_recv",
       by_process,
       {{{qp}}},
       Kind::outcome,
       "Waits until a send has come to the far end of a queue pair, or to a receive queue, and "
       "gives what it has brought."},
      {"export",
       by_process,
       {{{of(ParameterKind::region, "region")}}},
       Kind::handle,
       "Makes a handle that other processes can attach."},
      {"attach",
       by_process,
       {{{of(ParameterKind::handle, "handle")}}},
       Kind::attachment,
       "Makes the pages behind a handle accessible."},
      {"detach",
       by_process,
       {{{of(ParameterKind::attachment, "attachment")}}},
       Kind::outcome,
       "Gives an attachment up."},
  };
}

std::vector<CallRow> mpi_calls() {
  const Parameter window = of(ParameterKind::handle_pages, "window pages");
  const Parameter peer = of(ParameterKind::process, "process");
  return {
      {"mpi_win",
       by_process,
       {{{of(ParameterKind::region, "region")}}},
       Kind::handle,
       "Opens a region as a window for one-sided access."},
      {"mpi_put",
       by_process,
       {{{window, number("value")}}},
       Kind::outcome,
       "Writes into a window."},
      {"mpi_get", by_process, {{{window}}}, Kind::outcome, "Reads from a window."},
      {"mpi_send",
       by_process,
       {{{peer, number("value")}}},
       Kind::outcome,
       "Sends a value to a process."},
      {"mpi_recv", by_process, {{{peer}}}, Kind::outcome, "Waits for a value from a process."},
  };
}

}  // namespace

std::vector<CallRow> call_table() {
  std::vector<CallRow> table;
  for (auto* part :
       {memory_calls, file_calls, fault_calls, driver_calls, mirror_calls, sva_calls, iommufd_calls,
        vm_calls, xpmem_calls, rcache_calls, device_calls, fabric_calls, kernel_calls, mpi_calls}) {
    for (CallRow& row : part()) table.push_back(std::move(row));
  }
  return table;
}

}  // namespace language
