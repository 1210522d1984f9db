// SPDX-License-Identifier: Apache-2.0
// The parts of the call table, and what they are written with. Private to calls*.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/language/vocabulary.hpp"

namespace language {

std::vector<CallRow> memory_calls();   // calls_memory.cpp: address spaces and processes.
std::vector<CallRow> file_calls();     // calls_linux.cpp: files, other processes, NUMA nodes.
std::vector<CallRow> fault_calls();    // calls_linux.cpp: userfaultfd, soft-dirty, uprobes.
std::vector<CallRow> driver_calls();   // calls_driver.cpp: hmm, migration, interval notifiers.
std::vector<CallRow> mirror_calls();   // calls_driver.cpp: the test device of HMM.
std::vector<CallRow> sva_calls();      // calls_driver.cpp: shared page tables.
std::vector<CallRow> iommufd_calls();  // calls_iommufd.cpp: queues of faults, users of mappings.
std::vector<CallRow> vm_calls();       // calls_vm.cpp: virtual machines of KVM.
std::vector<CallRow> xpmem_calls();    // calls_xpmem.cpp: memory of other processes.
std::vector<CallRow> rcache_calls();   // calls_driver.cpp: a registration cache.
std::vector<CallRow> kernel_calls();   // calls_driver.cpp: by the kernel on its own account.

inline const std::vector<ActorKind> by_process = {ActorKind::process};
inline const std::vector<ActorKind> by_device = {ActorKind::device};
inline const std::vector<ActorKind> by_kernel = {ActorKind::kernel};
inline const std::vector<ActorKind> by_process_or_kernel = {ActorKind::process, ActorKind::kernel};
inline const std::vector<ActorKind> by_both = {ActorKind::process, ActorKind::kernel};

inline Parameter of(ParameterKind kind, std::string name) {
  return {.name = std::move(name), .kind = kind};
}
inline Parameter pages() { return of(ParameterKind::pages, "pages"); }
// Of any process of the host.
inline Parameter any_pages() {
  return {.name = "pages", .kind = ParameterKind::pages, .foreign = true};
}
inline Parameter number(std::string name, Role role) {
  return {.name = std::move(name), .kind = ParameterKind::number, .role = role};
}
inline Parameter process(std::string name, Role role) {
  return {.name = std::move(name), .kind = ParameterKind::process, .role = role};
}
inline Parameter words(std::string name, std::vector<std::string> list, Role role = Role::by_kind) {
  return {
      .name = std::move(name), .kind = ParameterKind::word, .words = std::move(list), .role = role};
}
inline Parameter flags(std::string name, std::vector<std::string> list, Role role = Role::by_kind) {
  return {.name = std::move(name),
          .kind = ParameterKind::flags,
          .words = std::move(list),
          .role = role};
}
inline Parameter optional(Parameter parameter) {
  parameter.optional = true;
  return parameter;
}
inline CallRow row(std::string name, const std::vector<ActorKind>& actors, std::vector<Form> forms,
                   std::string doc) {
  return {std::move(name), actors, std::move(forms), Kind::outcome, std::move(doc)};
}

}  // namespace language
