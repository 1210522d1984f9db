// SPDX-License-Identifier: Apache-2.0
#include "model/injection.hpp"

#include <algorithm>
#include <array>

namespace model {
namespace {

// Calls in which the model asks for memory in the name of the caller: see Context::fails_alloc().
constexpr std::array allocating{Verb::memset,
                                Verb::read_once,
                                Verb::write_once,
                                Verb::mmap,
                                Verb::munmap,
                                Verb::mprotect,
                                Verb::mremap,
                                Verb::mlock,
                                Verb::fork,
                                Verb::pwrite,
                                Verb::process_vm_readv,
                                Verb::process_vm_writev,
                                Verb::pin,
                                Verb::direct_read,
                                Verb::move_pages,
                                Verb::mbind,
                                Verb::migrate_pages,
                                Verb::uffd_copy,
                                Verb::hmm_range_fault,
                                Verb::migrate_vma,
                                Verb::interval_insert,
                                Verb::hmm_dmirror_cmd,
                                Verb::dma_map,
                                Verb::reg_mr,
                                Verb::export_handle,
                                Verb::prefetch,
                                Verb::dma_read,
                                Verb::dma_write};

// Calls with a wait that a fatal signal ends, or with a look for one; see Wait::Signals.
constexpr std::array killable{Verb::memset,
                              Verb::read_once,
                              Verb::write_once,
                              Verb::mmap,
                              Verb::munmap,
                              Verb::mprotect,
                              Verb::pkey_mprotect,
                              Verb::mremap,
                              Verb::brk,
                              Verb::mlock,
                              Verb::munlock,
                              Verb::mlockall,
                              Verb::munlockall,
                              Verb::fork,
                              Verb::process_vm_readv,
                              Verb::process_vm_writev,
                              Verb::ptrace_poke,
                              Verb::proc_mem_write,
                              Verb::pin,
                              Verb::direct_read,
                              Verb::madvise,
                              Verb::reg_mr};

// A handler runs when the call is over: it is the driver that must not be taken in by it.
constexpr std::array interruptible{Verb::memset,   Verb::read_once, Verb::write_once, Verb::munmap,
                                   Verb::mprotect, Verb::mremap,    Verb::madvise,    Verb::fork};

template <const auto& verbs>
bool one_of(Verb verb) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

constexpr std::array injection_table{
    InjectionInfo{"fail_nth", "CALL (fail_nth: N)", "the N-th allocation inside a call fails",
                  Injection::fail_nth, one_of<allocating>},
    InjectionInfo{"fatal_signal", "CALL (fatal_signal), (fatal_signal: TIME)",
                  "a signal that kills comes at any moment of a call, or at that one",
                  Injection::fatal_signal, one_of<killable>},
    InjectionInfo{"signal", "CALL (signal), (signal: TIME)",
                  "a signal with a handler comes at any moment of a call, or at that one",
                  Injection::signal, one_of<interruptible>},
    InjectionInfo{"HMM_DMIRROR_FLAG_FAIL_ALLOC", "hmm_dmirror_cmd(fd, HMM_DMIRROR_FLAGS, ...)",
                  "the next page that the driver of the test device wants cannot be had"},
    InjectionInfo{"non_blockable", "oom_reap(PROCESS), process_mrelease(PROCESS)",
                  "range_start must not block, and a driver that has to refuses"},
    InjectionInfo{"posted_update", "policy interval_notifier { posted_update yes }",
                  "the adapter's tables change some time after its driver has said so"},
    InjectionInfo{"inval_completion", "device NAME: sva { inval_completion lost|late|doubled }",
                  "the answer to an invalidation is lost, comes behind its time-out, or twice"},
    InjectionInfo{"prq", "device NAME: sva { prq PLACES }",
                  "page requests for which the queue has no place get no page"},
    InjectionInfo{"hang", "hang(DEVICE)", "a device stops where it is, and answers nothing"},
    InjectionInfo{"remove", "remove(DEVICE)", "a device is pulled out, and its driver told so"},
    InjectionInfo{"kill", "kill(HOST)", "a host stops without a word"},
    InjectionInfo{"peer_down_notice", "kernel 7.3 { peer_down_notice no }",
                  "and the fabric tells nobody"},
    InjectionInfo{"link_down", "link_down(DEVICE), link_down(END, END), link_up(...)",
                  "a host's links, or one link, carry nothing, and carry again"},
    InjectionInfo{"kill_switch", "kill(SWITCH)", "a switch stops, and all its links with it"},
    InjectionInfo{"partition", "partition(HOST, ...), heal()",
                  "these hosts and all others do not reach each other, and do again"},
    InjectionInfo{"loss", "link { loss SHARE }", "packets of reliable connections are lost,"},
    InjectionInfo{"reorder", "link { reorder SHARE }", "come after those behind them,"},
    InjectionInfo{"duplicate", "link { duplicate SHARE }", "or come twice"},
    InjectionInfo{"lost", "link { lost MESSAGE }", "kernels' messages of that kind may be lost,"},
    InjectionInfo{"late", "link { late MESSAGE }", "may come after those behind them,"},
    InjectionInfo{"doubled", "link { doubled MESSAGE }", "or may come twice"},
};

}  // namespace

std::span<const InjectionInfo> injection_list() { return injection_table; }

}  // namespace model
