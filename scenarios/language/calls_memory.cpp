// SPDX-License-Identifier: Apache-2.0
// Calls of a process about its own address space.
#include "scenarios/language/calls.hpp"

namespace language {
namespace {

Parameter protection() {
  return flags("protection", {"PROT_NONE", "PROT_READ", "PROT_WRITE", "PROT_EXEC"});
}

Parameter map_flags() {
  return flags("mapping flag",
               {"MAP_SHARED", "MAP_PRIVATE", "MAP_POPULATE", "MAP_FIXED", "MAP_FIXED_NOREPLACE",
                "MAP_GROWSDOWN", "MAP_HUGETLB", "MAP_HUGE_2MB", "MAP_HUGE_1GB", "MAP_LOCKED",
                "MAP_ANONYMOUS", "MAP_NORESERVE", "MAP_STACK"},
               Role::flags);
}

Parameter advice() {
  return words("advice",
               {"MADV_NORMAL",   "MADV_RANDOM",          "MADV_SEQUENTIAL",     "MADV_WILLNEED",
                "MADV_DONTNEED", "MADV_DONTNEED_LOCKED", "MADV_FREE",           "MADV_COLD",
                "MADV_PAGEOUT",  "MADV_POPULATE_READ",   "MADV_POPULATE_WRITE", "MADV_REMOVE",
                "MADV_DONTFORK", "MADV_DOFORK",          "MADV_WIPEONFORK",     "MADV_KEEPONFORK",
                "MADV_DONTDUMP", "MADV_DODUMP",          "MADV_HUGEPAGE",       "MADV_NOHUGEPAGE",
                "MADV_COLLAPSE", "MADV_MERGEABLE",       "MADV_UNMERGEABLE",    "MADV_SOFT_OFFLINE",
                "MADV_HWPOISON", "MADV_GUARD_INSTALL",   "MADV_GUARD_REMOVE"});
}

std::vector<CallRow> access_calls() {
  const Parameter value = of(ParameterKind::number, "value");
  return {
      row("memset", by_process, {{{pages(), value}}},
          "Writes the value into each page, faulting them in."),
      row("READ_ONCE", by_process, {{{pages()}}}, "Reads one page by the CPU."),
      row("WRITE_ONCE", by_process, {{{pages(), value}}}, "Writes one page by the CPU."),
  };
}

std::vector<CallRow> mapping_calls() {
  const Parameter moved{.name = "new pages", .kind = ParameterKind::pages, .role = Role::second};
  const Parameter how =
      flags("remapping flag", {"MREMAP_MAYMOVE", "MREMAP_FIXED", "MREMAP_DONTUNMAP"}, Role::flags);
  return {
      row("mmap", by_process, {{{pages(), optional(protection()), optional(map_flags())}}},
          "Maps pages: as their region was declared, or as is said."),
      row("munmap", by_process, {{{pages()}}}, "Removes the pages and gives them back."),
      row("madvise", by_process, {{{pages(), advice()}}},
          "Says how the pages will be used; MADV_DONTNEED drops them, MADV_PAGEOUT reclaims them."),
      row("mprotect", by_process, {{{pages(), protection()}}},
          "Changes what may be done with the pages."),
      row("pkey_mprotect", by_process, {{{pages(), protection()}}},
          "mprotect() that also gives the pages a protection key."),
      row("mremap", by_process,
          {{{pages(), moved, optional(how)}},
           {{pages(), number("old size", Role::count), moved, how}}},
          "Moves, grows or shrinks a mapping; old size 0 makes a second one of shared pages."),
      row("brk", by_process, {{{pages(), number("size", Role::number)}}},
          "From now on the heap has so many of these pages."),
      row("mlock", by_process, {{{pages()}}}, "Faults the pages in and keeps them from reclaim."),
      row("mlock2", by_process, {{{pages(), words("flag", {"MLOCK_ONFAULT"}, Role::flags)}}},
          "Keeps the pages from reclaim from their first use on."),
      row("munlock", by_process, {{{pages()}}}, "Gives locked pages back to reclaim."),
      row("mlockall", by_process,
          {{{flags("flag", {"MCL_CURRENT", "MCL_FUTURE", "MCL_ONFAULT"}, Role::flags)}}},
          "mlock() of all that is mapped, or will be."),
      row("munlockall", by_process, {{{}}}, "Gives all locked pages back to reclaim."),
      row("remap_file_pages", by_process, {{{pages(), number("page", Role::number)}}},
          "Maps shared pages of the same file anew, from that page of it on."),
      row("mincore", by_process, {{{pages()}}}, "Asks which pages are in memory."),
      row("msync", by_process, {{{pages(), words("mode", {"MS_SYNC", "MS_ASYNC"}, Role::flags)}}},
          "Writes pages of a file back."),
      row("process_madvise", by_process,
          {{{process("process", Role::same_host), any_pages(), advice()}}},
          "madvise() for another process."),
  };
}

std::vector<CallRow> process_calls() {
  return {
      row("fork", by_process, {{{process("child", Role::number)}}},
          "Copies the address space to the child, write-protecting what both can see."),
      row("vfork", by_process, {{{process("child", Role::number)}}},
          "The child runs in this address space until it executes a program or ends."),
      row("execve", by_process, {{{}}}, "Begins a program: the address space is thrown away."),
      row("exit", by_process, {{{}}}, "Ends the process: release, then all is unmapped."),
  };
}

}  // namespace

std::vector<CallRow> memory_calls() {
  std::vector<CallRow> table;
  for (auto* part : {access_calls, mapping_calls, process_calls}) {
    for (CallRow& row : part()) table.push_back(std::move(row));
  }
  return table;
}

}  // namespace language
