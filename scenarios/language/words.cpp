// SPDX-License-Identifier: Apache-2.0
// Units and the closed lists of words.
#include "model/fabric/message.hpp"
#include "model/injection.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language {
namespace {

// The transport of an RDMA adapter.
SettingRow rc_settings() {
  return {
      "rc",
      SettingKind::block,
      "",
      "Its queue pairs are reliable connections, with packets that are numbered.",
      {},
      {{"timeout", SettingKind::number, "14", "An acknowledgement is due in 4.096 us * 2^timeout."},
       {"retry_cnt", SettingKind::number, "7", "How often what is not acknowledged is sent again."},
       {"rnr_retry", SettingKind::number, "7", "Likewise after an RNR NAK. 7: without an end."},
       {"min_rnr_timer", SettingKind::number, "12",
        "The code of the time that a requester waits after an RNR NAK."},
       {"on_fault",
        SettingKind::word,
        "rnr_nak",
        "What a responder does that has no translation: an RNR NAK, or wait for it.",
        {"rnr_nak", "wait"}},
       {"check_psn", SettingKind::truth, "yes",
        "It does not execute a packet again that comes again."},
       {"ack_write",
        SettingKind::word,
        "landed",
        "When a responder acknowledges a write: when it is visible, or was received.",
        {"landed", "received"}},
       {"flush", SettingKind::truth, "no", "It knows RDMA FLUSH."}}};
}

// Datagrams.
SettingRow ud_settings() {
  return {"ud",
          SettingKind::block,
          "",
          "Its queue pairs for datagrams.",
          {},
          {{"on_fault",
            SettingKind::word,
            "drop",
            "What becomes of a datagram for a page that is missing: it is lost, or waits for it.",
            {"drop", "wait"}}}};
}

// A registration cache of a process.
SettingRow rcache_settings() {
  const auto truth = [](std::string name, std::string normally, std::string doc) {
    return SettingRow{std::move(name), SettingKind::truth, std::move(normally), std::move(doc)};
  };
  return {"rcache",
          SettingKind::block,
          "",
          "A registration cache of a library in the process.",
          {},
          {{"hooks",
            SettingKind::word,
            "all",
            "Which functions that unmap it intercepts.",
            {"all", "munmap", "none"}},
           {"events",
            SettingKind::word,
            "hooks",
            "Who tells it of an unmapping.",
            {"hooks", "kernel", "userfaultfd"}},
           {"find",
            SettingKind::word,
            "exact",
            "Whether a look-up wants all pages in a region, or is content with some.",
            {"exact", "overlap"}},
           {"drop",
            SettingKind::word,
            "overlap",
            "Which regions an unmapping ends: those that overlap with it, or lie within it.",
            {"overlap", "within"}},
           truth("check_valid", "yes", "A look-up passes over regions that were unmapped in use."),
           truth("merge", "yes", "Regions that overlap become one."),
           truth("defer", "yes", "A hook that finds the lock taken leaves it to the queue."),
           truth("frees_locked", "no", "The library frees watched memory while it has the lock."),
           truth("monitor", "yes", "Somebody reads the events of the userfaultfd."),
           {"inv_q",
            SettingKind::word,
            "list",
            "What the queue of unmappings is: with a tree, those that meet are one.",
            {"list", "interval_tree"}},
           {"queue", SettingKind::number, "no bound", "Unmappings that may wait in it."},
           {"alignment", SettingKind::size, "1 page", "Regions begin and end at multiples of it."},
           {"limit", SettingKind::number, "no limit", "How many regions it keeps.", {"regions"}},
           {"limit_size", SettingKind::size, "no limit", "How much memory its regions have."}}};
}

Vocabulary settings_of_machines() {
  Vocabulary words;
  words.host_settings = {
      {"cpus", SettingKind::number, "1", "Processors."},
      {"ram", SettingKind::size, "64M", "Memory for all processes."},
      {"swap", SettingKind::size, "0", "Swap space."},
      {"lru_batch", SettingKind::number, "0",
       "Pages that a CPU holds back before it lists them for reclaim."},
      {"lru_gen",
       SettingKind::word,
       "off",
       "Whether reclaim uses the multi-generational LRU.",
       {"on", "off"}},
      {"shmem_enabled",
       SettingKind::word,
       "never",
       "Whether shared memory comes in huge pages.",
       {"never", "advise", "always"}},
      {"numa", SettingKind::number, "1", "Memory nodes."},
      {"alloc",
       SettingKind::word,
       "lifo",
       "Which free frame is used next.",
       {"lifo", "fifo", "random"}},
      {"iommu",
       SettingKind::block,
       "",
       "The I/O memory management unit.",
       {},
       {{"ats", SettingKind::truth, "off", "Devices may cache translations."},
        {"pri", SettingKind::truth, "off", "Devices may ask for missing pages."}}},
  };
  words.process_settings = {rcache_settings()};
  std::vector<std::string> messages{"none"};
  for (const model::LossyMessage& message : model::lossy_messages) {
    messages.emplace_back(message.name);
  }
  words.switch_settings = {
      {"latency", SettingKind::duration, "0us", "Time from one port to another."},
  };
  words.link_settings = {
      {"latency", SettingKind::duration, "1us", "Time from one end to the other."},
      {"bandwidth", SettingKind::bandwidth, "100Gbps", "Bits a second."},
      {"loss", SettingKind::share, "0", "Share of packets that are lost."},
      {"reorder", SettingKind::share, "0", "Share of packets that are overtaken."},
      {"duplicate", SettingKind::share, "0", "Share of packets that come twice."},
      {"lost", SettingKind::word, "none", "Messages about handles that may be lost.", messages},
      {"late", SettingKind::word, "none", "Those that may come after others.", messages},
      {"doubled", SettingKind::word, "none", "Those that may come twice.", messages},
  };
  words.device_kinds = {
      {"rnic",
       "An RDMA adapter.",
       {{"tlb", SettingKind::count, "64", "Translations that it caches.", {"lru", "fifo"}},
        {"pfn_table", SettingKind::count, "1024", "Entries of the driver's page-frame table."},
        {"odp", SettingKind::truth, "on", "It can fault pages in on demand."},
        {"fault_batch", SettingKind::count, "1",
         "How many pages of a message one fault report asks for at most; mlx5: 1024."},
        {"check_write", SettingKind::truth, "yes",
         "A write asks for a translation that allows it."},
        rc_settings(),
        ud_settings()}},
      {"sva",
       "A device that shares the page table of a process (SVA): PASID, ATS and PRI.",
       {{"tlb", SettingKind::count, "64", "Translations that its ATC holds.", {"lru", "fifo"}},
        {"ats", SettingKind::truth, "yes", "It has an ATC; else the IOMMU translates each access."},
        {"pri", SettingKind::truth, "yes", "It can ask for pages that are missing."},
        {"prq", SettingKind::number, "0",
         "Page requests that the IOMMU can queue; what is too much is dropped. 0: it has no "
         "queue."},
        {"inval_queue", SettingKind::number, "0",
         "Invalidations, with an ITag each, that it can take at a time. 0: all that ITags allow."},
        {"traffic_classes", SettingKind::number, "1",
         "It answers an invalidation once for each of them, behind the writes of that class."},
        {"inval_completion",
         SettingKind::word,
         "sent",
         "What becomes of its answers to invalidations.",
         {"sent", "lost", "late", "doubled"}},
        {"completes_after_writes", SettingKind::truth, "yes",
         "It answers an invalidation when all its writes before that are done."}}},
      {"pci",
       "A device behind an IOMMU, whose driver uses the DMA API.",
       {{"tlb",
         SettingKind::count,
         "64",
         "Translations that the IOMMU has for it.",
         {"lru", "fifo"}}}},
      {"kvm",
       "KVM: virtual machines with a page table of their own (EPT), and the TLBs of their vCPUs.",
       {{"tlb",
         SettingKind::count,
         "64",
         "Translations that the vCPUs' TLBs hold.",
         {"lru", "fifo"}},
        {"memslots", SettingKind::number, "32764", "How many memslots a virtual machine can have."},
        {"dirty_log",
         SettingKind::word,
         "by_get",
         "Whether KVM_GET_DIRTY_LOG clears what it tells, or KVM_CLEAR_DIRTY_LOG does; and whether "
         "all pages count as written at first.",
         {"by_get", "manual", "initially_set"}}}},
      {"xpmem", "The module XPMEM: /dev/xpmem. It has no settings but those of its policy.", {}},
      {"mirror",
       "The test device of HMM (lib/test_hmm.c), without hardware.",
       {{"memory",
         SettingKind::word,
         "private",
         "What memory it has: such that no CPU can reach, or any.",
         {"private", "coherent"}},
        {"exclusive",
         SettingKind::word,
         "plain",
         "Whether its driver names itself as the owner of pages that it has for itself, and checks "
         "before it maps them that nothing has changed.",
         {"plain", "checked"}}}},
  };
  return words;
}

void add_load_settings(Vocabulary& words) {
  words.run_settings = {
      {"ramp_time", SettingKind::duration, "0", "Time before anything is measured."},
      {"runtime", SettingKind::duration, "100ms", "Time that is measured."},
      {"ops", SettingKind::number, "0", "Operations after which the run ends."},
  };
  words.workload_settings = {
      {"op", SettingKind::mix, "", "Operations and their shares."},
      {"target", SettingKind::target, "", "The region or mr that is used."},
      {"random_distribution",
       SettingKind::word,
       "uniform",
       "Which pages are chosen.",
       {"uniform", "random", "zipf", "pareto", "normal", "sequential"}},
      {"bs", SettingKind::size, "4k", "Bytes of an operation."},
      {"iodepth", SettingKind::number, "1", "Operations in flight."},
      {"numjobs", SettingKind::number, "1", "Threads that do the same."},
      {"rate", SettingKind::rate, "", "Operations started a second.", {"poisson", "linear"}},
      {"thinktime", SettingKind::duration, "0", "Pause after an operation."},
  };
  words.trace_settings = {
      {"touch", SettingKind::portion, "16384 pages",
       "How much the program uses of memory that it may write from now on."},
      {"device", SettingKind::device, "", "A device on top, which writes what was touched."},
      {"register",
       SettingKind::word,
       "odp",
       "How the device gets at it: by a registration of each range, pinned or not, by one of all "
       "memory, by a registration cache, or by the page table.",
       {"odp", "pinned", "implicit", "rcache", "sva"}},
      {"use", SettingKind::portion, "all", "How much of what was touched the device writes."},
  };
  words.operations = {
      {"load", "The CPU reads."},
      {"store", "The CPU writes."},
      {"rdma_read", "A remote read."},
      {"rdma_write", "A remote write."},
      {"dma_read", "A device reads."},
      {"dma_write", "A device writes."},
      {"madvise_dontneed", "madvise(MADV_DONTNEED) of a page."},
      {"madvise_pageout", "madvise(MADV_PAGEOUT) of a page."},
      {"munmap", "munmap() and mmap() of a page."},
      {"mprotect", "mprotect() of a page, to and fro."},
  };
  words.statistics = {{"mean", "Arithmetic mean."}, {"min", "Smallest."}, {"max", "Largest."}};
  words.distributions = {
      {"const", "const(time)"},
      {"uniform", "uniform(least, most)"},
      {"normal", "normal(mean, deviation)"},
      {"lognormal", "lognormal(median, sigma)"},
      {"exp", "exp(mean)"},
      {"empirical", "empirical(\"file.csv\")"},
  };
}

void add_results(Vocabulary& words) {
  words.errors = {
      {"EACCES", "Permission denied."},
      {"EAGAIN", "Try again."},
      {"EBUSY", "In use."},
      {"ECANCELED", "The transfer was terminated."},
      {"ECONNRESET", "The connection was cut."},
      {"EDEADLOCK", "Somebody does not give up what is asked of him."},
      {"EEXIST", "There is one already."},
      {"EFAULT", "Bad address."},
      {"EHWPOISON", "The memory has failed."},
      {"EINTR", "Interrupted by a signal."},
      {"EINVAL", "Bad argument."},
      {"EIO", "Input or output failed."},
      {"ENODEV", "No such device."},
      {"ENOENT", "No such thing."},
      {"ENOMEM", "Out of memory."},
      {"EOPNOTSUPP", "Not supported."},
      {"EPERM", "Not permitted."},
      {"EREMOTEIO", "The remote side refused."},
      {"ESRCH", "No such process."},
      {"ESTALE", "The handle is no longer valid."},
      {"ETIMEDOUT", "It took too long."},
  };
  words.signals = {
      {"KVM_EXIT_INTERNAL_ERROR", "The guest cannot go on: there is no memslot for its code."},
      {"KVM_EXIT_MMIO",
       "The guest has used a page that no memslot backs, or has written one that is read-only."},
      {"SIGBUS", "The page cannot be had any more."},
      {"SIGKILL", "The process was killed."},
      {"SIGSEGV", "Nothing is mapped there, or it may not be used so."},
  };
  words.constants = {
      {"HMM_DMIRROR_PROT_NONE", 0x00, "The page is not there, or not for this device."},
      {"HMM_DMIRROR_PROT_READ", 0x01, "It may be read."},
      {"HMM_DMIRROR_PROT_WRITE", 0x02, "It may be written."},
      {"HMM_DMIRROR_PROT_PMD", 0x04, "It is mapped by a huge entry."},
      {"HMM_DMIRROR_PROT_PUD", 0x08, "It is mapped by a gigantic entry."},
      {"HMM_DMIRROR_PROT_ZERO", 0x10, "It is the zero page."},
      {"HMM_DMIRROR_PROT_DEV_PRIVATE_LOCAL", 0x20, "It is in the private memory of this device."},
      {"HMM_DMIRROR_PROT_DEV_PRIVATE_REMOTE", 0x30, "It is in that of another one."},
      {"HMM_DMIRROR_PROT_DEV_COHERENT_LOCAL", 0x40, "It is in the coherent memory of this device."},
      {"HMM_DMIRROR_PROT_DEV_COHERENT_REMOTE", 0x50, "It is in that of another one."},
      {"HMM_DMIRROR_FLAG_FAIL_ALLOC", 1, "The next page that the driver wants cannot be had."},
      {"HMM_DMIRROR_PROT_ERROR", 0xff, "Nothing is mapped there, or it may not be read."},
  };
  words.common_steps = {{"start", "The call begins."}, {"done", "The call has returned."}};
  words.step_properties = {
      {"async", "The block goes on without waiting for it."},
      {"repeats", "It may be called again when it has returned, any number of times."},
      {"faults", "faults: N, it takes that many device faults."},
  };
  for (const model::InjectionInfo& info : model::injection_list()) {
    if (info.property == model::Injection::none) continue;
    words.step_properties.push_back({std::string(info.name), std::string(info.meaning)});
  }
}

void add_region_words(Vocabulary& words) {
  words.region_kinds = {
      {"anon", "Anonymous memory."},
      {"shmem", "Shared anonymous memory."},
      {"hugetlb", "Anonymous memory of huge pages."},
      {"file", "Pages of a file: file NAME."},
      {"xpmem", "Addresses at which xpmem_attach() maps memory of other processes."},
  };
  words.region_flags = {
      {"rw", "Readable and writable (default)."},
      {"ro", "Readable."},
      {"rx", "Readable and executable."},
      {"rwx", "Readable, writable and executable."},
      {"none", "Mapped, but not accessible."},
      {"lazy", "A range of addresses in which mmap() maps."},
      {"locked", "mlock(): never swapped out."},
      {"shared", "MAP_SHARED."},
      {"thp", "MADV_HUGEPAGE: transparent huge pages."},
      {"growsdown", "MAP_GROWSDOWN: a stack."},
      {"gigantic", "Of hugetlb, MAP_HUGE_1GB: its pages are of a GiB."},
  };
  words.file_kinds = {
      {"memfd", "In memory and swap."},
      {"disk", "On a file system, which writes back."},
      {"hugetlbfs", "Of huge pages."},
      {"pfnmap", "A driver's buffer, whose pages have no references of page tables (VM_PFNMAP)."},
  };
  words.file_flags = {
      {"hole", "Nothing of it is in the page cache."},
      {"gigantic", "Of hugetlbfs, mounted with pagesize=1G: its pages are of a GiB."},
  };
}

}  // namespace

std::vector<UnitRow> unit_table() {
  constexpr auto ratio = [](std::int64_t above, std::int64_t below) {
    return Rational::of(above, below).value_or(0);
  };
  return {
      {"ps", Dimension::time, ratio(1, 1000), "picoseconds"},
      {"ns", Dimension::time, 1, "nanoseconds"},
      {"us", Dimension::time, 1'000, "microseconds"},
      {"ms", Dimension::time, 1'000'000, "milliseconds"},
      {"s", Dimension::time, 1'000'000'000, "seconds"},
      {"B", Dimension::size, 1, "bytes"},
      {"k", Dimension::size, std::int64_t{1} << 10, "1024 bytes"},
      {"M", Dimension::size, std::int64_t{1} << 20, "1024 k"},
      {"G", Dimension::size, std::int64_t{1} << 30, "1024 M"},
      {"T", Dimension::size, std::int64_t{1} << 40, "1024 G"},
      {"%", Dimension::none, ratio(1, 100), "hundredths"},
      {"bps", Dimension::bandwidth, 1, "bits a second"},
      {"kbps", Dimension::bandwidth, 1'000, "1000 bits a second"},
      {"Mbps", Dimension::bandwidth, 1'000'000, "1000 kbps"},
      {"Gbps", Dimension::bandwidth, 1'000'000'000, "1000 Mbps"},
      {"/s", Dimension::rate, 1, "a second"},
      {"k/s", Dimension::rate, 1'000, "1000 a second"},
      {"M/s", Dimension::rate, 1'000'000, "1000 k/s"},
      {"pages", Dimension::pages, 1, "pages of 4096 bytes", true},
      {"page", Dimension::pages, 1, "one page", true},
      {"entries", Dimension::none, 1, "entries of a table", true},
  };
}

Vocabulary language_vocabulary() {
  Vocabulary words = settings_of_machines();
  words.calls = call_table();
  words.functions = function_table();
  words.units = unit_table();
  add_load_settings(words);
  add_results(words);
  add_region_words(words);
  return words;
}

}  // namespace language
