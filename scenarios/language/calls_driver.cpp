// SPDX-License-Identifier: Apache-2.0
// What a driver does for a process that uses its device, and what kernels do by themselves.
#include <array>

#include "scenarios/language/calls.hpp"

namespace language {
namespace {

CallRow interval_row(std::string name, std::string doc) {
  return row(std::move(name), by_process, {{{of(ParameterKind::interval, "interval")}}},
             std::move(doc));
}

std::vector<std::string> damon_actions() {
  return {"DAMOS_STAT",    "DAMOS_WILLNEED", "DAMOS_COLD",
          "DAMOS_PAGEOUT", "DAMOS_HUGEPAGE", "DAMOS_NOHUGEPAGE"};
}

}  // namespace

std::vector<CallRow> driver_calls() {
  const Parameter hmm =
      flags("flag", {"HMM_PFN_REQ_FAULT", "HMM_PFN_REQ_WRITE", "dev_private_owner"}, Role::flags);
  const Parameter migrate =
      flags("flag", {"to_device_private", "MIGRATE_VMA_SELECT_DEVICE_PRIVATE", "pgmap_owner"},
            Role::flags);
  CallRow insert = row("mmu_interval_notifier_insert", by_process,
                       {{{pages(), optional(words("flag", {"two_pass"}, Role::flags))}}},
                       "A driver wants to hear of invalidations of these pages.");
  insert.result = Kind::interval;
  return {
      row("hmm_range_fault", by_process, {{{pages(), optional(hmm)}}},
          "A driver looks the pages up, or faults them in, and starts over if it lost a race."),
      row("migrate_vma", by_process, {{{pages(), optional(migrate)}}},
          "A driver moves pages: setup, pages and finalize."),
      row("make_device_exclusive", by_process,
          {{{pages(), optional(words("flag", {"pgmap_owner"}, Role::flags))}}},
          "A driver gets the pages for its device alone, for atomic access."),
      std::move(insert),
      interval_row("mmu_interval_notifier_remove", "It does not any more."),
      interval_row("mmu_interval_read_begin", "Waits until no invalidation runs, and begins."),
      interval_row("mmu_interval_read_retry", "1 if there was an invalidation since; else 0."),
      row("mmu_notifier_unregister", by_process, {{{}}},
          "The process's notifiers are taken away while it lives."),
  };
}

namespace {

// The command of a call of hmm_dmirror_cmd().
Parameter command(std::vector<std::string> names) {
  return words("command", std::move(names), Role::flags);
}

}  // namespace

std::vector<CallRow> mirror_calls() {
  const Parameter fd = of(ParameterKind::mirror, "fd");
  CallRow open = row("hmm_open", by_process,
                     {{{{.name = "device", .kind = ParameterKind::device, .local = true}}}},
                     "Opens the test device of HMM: it mirrors all memory of the process.");
  open.result = Kind::mirror;
  return {
      std::move(open),
      row("hmm_close", by_process, {{{fd}}}, "Closes it, and ends the mirror."),
      row("hmm_dmirror_cmd", by_process,
          {{{fd,
             command({"HMM_DMIRROR_READ", "HMM_DMIRROR_MIGRATE_TO_DEV",
                      "HMM_DMIRROR_MIGRATE_TO_SYS", "HMM_DMIRROR_SNAPSHOT", "HMM_DMIRROR_EXCLUSIVE",
                      "HMM_DMIRROR_CHECK_EXCLUSIVE"}),
             pages()}},
           {{fd, command({"HMM_DMIRROR_WRITE", "HMM_DMIRROR_FLAGS"}), pages(),
             number("value", Role::number)}},
           {{fd, command({"HMM_DMIRROR_RELEASE"})}}},
          "A command to the test device of HMM."),
  };
}

namespace {

// An array of up to three commands; all but the last one have pages.
CallRow invalidate_row() {
  const Parameter bond = of(ParameterKind::bond, "bond");
  const auto command = [](Role role) {
    return words("command", {"CMDQ_OP_TLBI_NH_VA", "CMDQ_OP_ATC_INV", "CMDQ_OP_CMD_SYNC"}, role);
  };
  const auto of_it = [](Role role) {
    Parameter parameter = pages();
    parameter.role = role;
    return parameter;
  };
  std::vector<Form> forms = {{{bond, words("command", {"CMDQ_OP_TLBI_NH_ALL"}, Role::flags)}}};
  std::vector<Parameter> array{bond};
  constexpr std::array places{std::pair{Role::flags, Role::by_kind},
                              std::pair{Role::number, Role::second},
                              std::pair{Role::offset, Role::third}};
  for (const auto& [place, its_pages] : places) {
    array.push_back(command(place));
    array.push_back(of_it(its_pages));
    forms.push_back({array});
  }
  return row("IOMMU_HWPT_INVALIDATE", by_process, std::move(forms),
             "A program says what of its own page table a device is to forget, in order.");
}

}  // namespace

std::vector<CallRow> sva_calls() {
  CallRow map = row("dma_map", by_process,
                    {{{{.name = "device", .kind = ParameterKind::device, .local = true}, pages()}}},
                    "The driver of a device maps pages for it, by the DMA API.");
  map.result = Kind::mr;
  CallRow bind = row("iommu_sva_bind_device", by_process,
                     {{{{.name = "device", .kind = ParameterKind::device, .local = true}}}},
                     "The device uses the page table of the process from now on.");
  bind.result = Kind::bond;
  return {
      std::move(map),
      row("dma_unmap", by_process, {{{of(ParameterKind::mr, "mapping")}}},
          "The device is through with them."),
      std::move(bind),
      row("iommu_sva_unbind_device", by_process, {{{of(ParameterKind::bond, "bond")}}},
          "It does not any more."),
      row("iommu_sva_get_pasid", by_process, {{{of(ParameterKind::bond, "bond")}}},
          "The number by which the device names the address space."),
      invalidate_row(),
  };
}

std::vector<CallRow> rcache_calls() {
  Parameter prot{.name = "protection",
                 .kind = ParameterKind::flags,
                 .words = {"PROT_READ", "PROT_WRITE"},
                 .optional = true,
                 .role = Role::flags};
  CallRow get =
      row("rcache_get", by_process,
          {{{{.name = "device", .kind = ParameterKind::device, .local = true}, pages(), prot}}},
          "Looks pages up in the registration cache, which registers what it does not have.");
  get.result = Kind::mr;
  return {
      std::move(get),
      row("rcache_put", by_process, {{{of(ParameterKind::mr, "mr")}}},
          "Ends the use of what rcache_get() gave."),
      row("rcache_flush", by_process, {{{}}}, "Ends all registrations that nobody uses."),
  };
}

std::vector<CallRow> kernel_calls() {
  const Parameter owner = process("process", Role::owner);
  return {
      row("swap_out", by_kernel, {{{pages()}}}, "Reclaim writes the pages to swap."),
      row("reclaim", by_kernel, {{{of(ParameterKind::number, "frames")}}},
          "Frees that many frames, oldest first."),
      row("oom_reap", by_kernel, {{{process("victim", Role::owner)}}},
          "The OOM reaper takes a process's memory; it must not sleep."),
      row("hang", by_kernel, {{{of(ParameterKind::device, "device")}}},
          "A device stops where it is, and answers nothing any more."),
      row("link_down", by_kernel,
          {{{of(ParameterKind::device, "device")}},
           {{of(ParameterKind::link_end, "end"), of(ParameterKind::link_end, "other end")}}},
          "The links of the host, or the one between these ends, carry nothing any more."),
      row("link_up", by_kernel,
          {{{of(ParameterKind::device, "device")}},
           {{of(ParameterKind::link_end, "end"), of(ParameterKind::link_end, "other end")}}},
          "They carry again what is sent."),
      row("partition", by_kernel,
          {{{of(ParameterKind::host, "host"), optional(of(ParameterKind::host, "host2")),
             optional(of(ParameterKind::host, "host3")),
             optional(of(ParameterKind::host, "host4"))}}},
          "These hosts and all others do not reach each other any more."),
      row("heal", by_kernel, {{{}}}, "All hosts reach each other again."),
      row("remove", by_kernel, {{{of(ParameterKind::device, "device")}}},
          "A device is pulled out, and its driver learns of it."),
      row("kill", by_kernel,
          {{{of(ParameterKind::host, "host")}}, {{of(ParameterKind::fabric_switch, "switch")}}},
          "The host stops without a word, or the switch with all its links."),
      row("swapoff", by_kernel, {{{}}}, "Brings all pages back from swap."),
      row("memory_reclaim", by_process_or_kernel, {{{owner, number("pages", Role::number)}}},
          "memory.reclaim of the process's memory cgroup."),
      row("lru_gen_aging", by_kernel, {{{owner}}},
          "Makes a generation of the multi-generational LRU: looks at accessed bits."),
      row("numa_scan", by_kernel, {{{owner}}},
          "NUMA balancing makes all pages of the process fault."),
      row("compact_memory", by_kernel, {{{}}}, "Moves pages together."),
      row("ksm_scan", by_kernel, {{{owner}}}, "Merges equal pages that were advised MERGEABLE."),
      row("ksm_unmerge", by_kernel, {{{}}}, "Takes all merged pages apart (ksm/run = 2)."),
      row("split_huge_pages", by_kernel, {{{pages()}}}, "Splits huge pages, by debugfs."),
      row("khugepaged", by_kernel, {{{owner}}}, "Collapses small pages to huge ones."),
      row("damon", by_kernel, {{{pages(), optional(words("action", damon_actions()))}}},
          "Monitors accesses by the page table: looks at accessed bits; then the action."),
      row("damon_paddr", by_kernel, {{{pages()}}},
          "The same by the frames: in whatever page table they are."),
      row("page_idle", by_kernel, {{{pages()}}}, "Marks pages idle: clears accessed bits."),
  };
}

}  // namespace language
