// SPDX-License-Identifier: Apache-2.0
// Calls about files, other processes, memory nodes and faults that a program handles itself.
#include "scenarios/language/calls.hpp"

namespace language {
namespace {

Parameter file() { return of(ParameterKind::file, "file"); }
Parameter value() { return of(ParameterKind::number, "value"); }
Parameter page_of_file() { return number("page", Role::offset); }
Parameter other() { return process("process", Role::same_host); }

std::vector<CallRow> io_calls() {
  return {
      row("ftruncate", by_process,
          {{{file(), page_of_file(), optional(number("bytes", Role::number))}}},
          "Sets the file's size: so many pages, and so many bytes of one more."),
      row("ttm_bo_evict", by_both, {{{file()}}}, "Moves a driver's buffer to other memory."),
      row("vfio_pci_dma_buf_move", by_both, {{{file(), words("revoked", {"on", "off"})}}},
          "A driver lets nobody use its buffer, and again: nothing is freed."),
      row("fallocate", by_process,
          {{{file(), flags("mode", {"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_KEEP_SIZE"}, Role::nothing),
             page_of_file(), number("count", Role::number)}}},
          "Punches a hole of so many pages; 0: of less than a page."),
      row("pwrite", by_process, {{{file(), page_of_file(), value()}}}, "Writes a page of a file."),
      row("pread", by_process, {{{file(), page_of_file()}}}, "Reads a page of a file."),
      row("fdatasync", by_process, {{{file()}}}, "Writes the file's dirty pages back."),
      row("direct_read", by_process, {{{pages(), value()}}},
          "read() with O_DIRECT into the pages: a device writes them, pinned for that long."),
      row("io_uring_register_buffers", by_process, {{{pages()}}}, "Pins the pages for long."),
      row("io_uring_unregister_buffers", by_process, {{{pages()}}}, "Ends such a pin."),
  };
}

std::vector<CallRow> other_calls() {
  return {
      row("process_vm_readv", by_process, {{{other(), any_pages()}}},
          "Reads memory of another process."),
      row("process_vm_writev", by_process, {{{other(), any_pages(), value()}}},
          "Writes memory of another process."),
      row("ptrace", by_process,
          {{{words("request", {"PTRACE_POKEDATA"}, Role::nothing), other(), any_pages(), value()}}},
          "A debugger writes memory of a process, also where that may not write."),
      row("proc_mem_write", by_process, {{{other(), any_pages(), value()}}},
          "Writes to /proc/PID/mem, also where the process may not write."),
      row("process_mrelease", by_both, {{{process("victim", Role::owner)}}},
          "Takes the memory of a process that is about to die."),
      row("kill_process", by_both, {{{process("victim", Role::owner)}}}, "kill(SIGKILL)."),
  };
}

std::vector<CallRow> node_calls() {
  const Parameter node = number("node", Role::number);
  const Parameter move = words("flag", {"MPOL_MF_MOVE"}, Role::flags);
  const std::vector<std::string> policies = {"MPOL_DEFAULT", "MPOL_BIND", "MPOL_PREFERRED"};
  const Parameter policy = words("memory policy", policies, Role::nothing);
  return {
      row("move_pages", by_process, {{{pages(), node}}}, "Moves pages to a memory node."),
      row("mbind", by_process, {{{pages(), policy}}, {{pages(), policy, node, optional(move)}}},
          "Says which memory node the pages are to come from; MPOL_MF_MOVE moves them there."),
      row("migrate_pages", by_process,
          {{{other(), number("from", Role::number), number("to", Role::flags)}}},
          "Moves all pages of a process from one memory node to another."),
  };
}

}  // namespace

std::vector<CallRow> file_calls() {
  std::vector<CallRow> table;
  for (auto* part : {io_calls, other_calls, node_calls}) {
    for (CallRow& row : part()) table.push_back(std::move(row));
  }
  return table;
}

std::vector<CallRow> fault_calls() {
  const Parameter mode =
      flags("mode",
            {"UFFDIO_REGISTER_MODE_MISSING", "UFFDIO_REGISTER_MODE_WP",
             "UFFDIO_REGISTER_MODE_MINOR", "UFFD_FEATURE_WP_ASYNC", "UFFD_FEATURE_WP_UNPOPULATED"},
            Role::flags);
  const Parameter source{
      .name = "source", .kind = ParameterKind::pages, .foreign = true, .role = Role::second};
  return {
      row("uffd_register", by_process, {{{any_pages(), mode}}},
          "UFFDIO_REGISTER: faults of these pages go to a userfaultfd."),
      row("uffd_unregister", by_process, {{{any_pages()}}}, "UFFDIO_UNREGISTER: no more."),
      row("uffd_writeprotect", by_process, {{{any_pages(), words("switch", {"on", "off"})}}},
          "UFFDIO_WRITEPROTECT: writes of these pages fault, or do not any more."),
      row("uffd_copy", by_process,
          {{{any_pages(), value(), optional(words("mode", {"UFFDIO_COPY_MODE_WP"}, Role::flags))}}},
          "UFFDIO_COPY: fills missing pages with that value."),
      row("uffd_zeropage", by_process, {{{any_pages()}}},
          "UFFDIO_ZEROPAGE: puts the zero page where pages are missing."),
      row("uffd_continue", by_process,
          {{{any_pages(), optional(words("mode", {"UFFDIO_CONTINUE_MODE_WP"}, Role::flags))}}},
          "UFFDIO_CONTINUE: maps pages that the page cache has."),
      row("uffd_poison", by_process, {{{any_pages()}}},
          "UFFDIO_POISON: who touches the missing pages gets SIGBUS."),
      row("uffd_move", by_process,
          {{{any_pages(), source,
             optional(words("mode", {"UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES"}, Role::flags))}}},
          "UFFDIO_MOVE: moves the source's pages to where pages are missing."),
      row("clear_refs", by_process, {{{number("what", Role::number)}}},
          "Writes 1 to 5 to /proc/self/clear_refs; 4 clears the soft-dirty bits."),
      row("pagemap_scan", by_process,
          {{{pages(), optional(words("flag", {"PM_SCAN_WP_MATCHING"}, Role::flags))}}},
          "PAGEMAP_SCAN: asks for written pages, and may write-protect them."),
      row("uprobe_enable", by_both, {{{pages()}}}, "Sets a uprobe on a page of program text."),
      row("uprobe_disable", by_both, {{{pages()}}}, "Takes it away."),
  };
}

}  // namespace language
