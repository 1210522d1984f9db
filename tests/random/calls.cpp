// SPDX-License-Identifier: Apache-2.0
// What a random scenario does: a call of the call table, with arguments that exist.
#include <algorithm>

#include "scenarios/language/model_words.hpp"
#include "tests/random/call_parts.hpp"

namespace random_scenarios {
namespace {

using Kind = Object::Kind;
using Words = std::vector<std::string>;

// A program's own page, or one of a driver's buffer.
std::string touched_page(Writer& w) {
  const bool other = w.draft.buffer && w.actor.name == "app" && w.draw().chance(30);
  return other ? w.draft.buffer->region + "[0]" : w.page();
}

std::optional<Call> memory_call(Writer& w, std::string_view verb) {
  static const Words protections = {"PROT_READ", "PROT_READ | PROT_WRITE", "PROT_NONE"};
  if (verb == "memset") return plain_call(joined({"memset(", w.pages(), ", ", w.number(), ")"}));
  if (verb == "READ_ONCE") return value_call(joined({"READ_ONCE(", touched_page(w), ")"}));
  if (verb == "WRITE_ONCE") {
    return plain_call(joined({"WRITE_ONCE(", touched_page(w), ", ", w.number(), ")"}));
  }
  if (verb == "mmap") {
    const Region* region = w.region();
    return plain_call(joined({"mmap(", region == nullptr ? "" : region->name, ")"}));
  }
  if (verb == "munmap") return plain_call(joined({"munmap(", w.pages(), ")"}));
  if (verb == "madvise") {
    const char* advice = w.draw().chance(60) ? "MADV_DONTNEED" : "MADV_PAGEOUT";
    return plain_call(joined({"madvise(", w.pages(), ", ", advice, ")"}));
  }
  if (verb == "mprotect") {
    return plain_call(joined({"mprotect(", w.pages(), ", ", w.draw().of(protections), ")"}));
  }
  if (verb == "fork") {
    const Process* kid =
        w.pick(w.draft.processes, [&](const Process& each) { return each.parent == w.actor.name; });
    return plain_call(joined({"fork(", kid == nullptr ? "" : kid->name, ")"}));
  }
  if (verb == "exit") return plain_call("exit()");
  return std::nullopt;
}

Call register_call(Writer& w) {
  const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == "rnic";
  });
  const Region* region = w.region();
  if (!w.possible) return {};
  const std::uint32_t first = w.draw().chance(70) ? 0 : w.draw().below(region->pages);
  const std::uint32_t count = region->pages - first;
  const std::string pages = first == 0 ? region->name
                                       : joined({region->name, "[", std::to_string(first), "..",
                                                 std::to_string(region->pages - 1), "]"});
  const bool pinned = w.draft.policy == "pin_all" ? w.draw().chance(80) : w.draw().chance(15);
  Call call = making(
      w, joined({"reg_mr(", device->name, ", ", pages, ", ", pinned ? "pinned" : "odp", ")"}),
      Kind::mr, "mr");
  call.makes.device = device->name;
  call.makes.maker = "reg_mr";
  call.makes.pages = count;
  return call;
}

// A device that a process opens or binds itself to.
Call open_call(Writer& w, std::string_view verb, const std::string& kind) {
  const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == kind;
  });
  if (!w.possible) return {};
  Call call = making(w, joined({std::string(verb), "(", device->name, ")"}),
                     kind == "sva"   ? Kind::bond
                     : kind == "kvm" ? Kind::vm
                                     : Kind::fd,
                     kind == "sva"   ? "b"
                     : kind == "kvm" ? "vm"
                                     : "fd");
  call.makes.device = device->name;
  return call;
}

Call mirror_command(Writer& w, const std::string& fd) {
  static const Words commands = {"READ",      "WRITE",           "MIGRATE_TO_DEV", "MIGRATE_TO_SYS",
                                 "EXCLUSIVE", "CHECK_EXCLUSIVE", "SNAPSHOT",       "RELEASE"};
  const std::string command = w.draw().of(commands);
  const std::string begin = joined({"hmm_dmirror_cmd(", fd, ", HMM_DMIRROR_", command});
  if (command == "RELEASE") return plain_call(begin + ")");
  const std::string pages = command == "SNAPSHOT" ? w.page() : w.pages();
  if (command == "WRITE") return plain_call(joined({begin, ", ", pages, ", ", w.number(), ")"}));
  return value_call(joined({begin, ", ", pages, ")"}));
}

std::optional<Call> open_device_call(Writer& w, std::string_view verb) {
  const auto own = [&](Kind kind) {
    const Object* found =
        w.object(kind, [&](const Object& each) { return each.owner == w.actor.name; });
    return found == nullptr ? std::string() : found->name;
  };
  if (verb == "hmm_open") return open_call(w, verb, "mirror");
  if (verb == "iommu_sva_bind_device") return open_call(w, verb, "sva");
  if (verb == "hmm_close") return plain_call(joined({"hmm_close(", own(Kind::fd), ")"}));
  if (verb == "hmm_dmirror_cmd") return mirror_command(w, own(Kind::fd));
  if (verb == "IOMMU_HWPT_INVALIDATE") {
    static const Words commands = {"CMDQ_OP_TLBI_NH_VA", "CMDQ_OP_ATC_INV", "CMDQ_OP_CMD_SYNC"};
    std::string text = joined({"IOMMU_HWPT_INVALIDATE(", own(Kind::bond)});
    if (w.draw().chance(15)) return plain_call(text + ", CMDQ_OP_TLBI_NH_ALL)");
    for (std::uint32_t i = w.draw().below(2) + 1; i > 0; --i) {
      text += joined({", ", w.draw().of(commands), ", ", w.pages()});
    }
    return plain_call(text + ")");
  }
  if (verb == "iommu_sva_unbind_device") {
    return plain_call(joined({"iommu_sva_unbind_device(", own(Kind::bond), ")"}));
  }
  if (const auto call = iommufd_call(w, verb)) return call;
  if (verb == "dma_map") {
    const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
      return each.host == w.actor.host && each.kind == "pci";
    });
    const Region* region = w.region();
    if (!w.possible) return Call{};
    const std::string name = device->name;
    const std::uint32_t pages = region->pages;
    Call call = making(w, joined({"dma_map(", name, ", ", region->name, ")"}), Kind::mr, "d");
    call.makes.device = name;
    call.makes.maker = "dma_map";
    call.makes.pages = pages;
    return call;
  }
  if (verb == "dma_unmap") return plain_call(joined({"dma_unmap(", w.mr("dma_map"), ")"}));
  if (verb == "hang" || verb == "remove" || verb == "link_down" || verb == "link_up") {
    const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
      return each.host == w.actor.host && each.kind != "kvm";
    });
    const bool single =
        w.draft.through_switch && verb.starts_with("link_") && w.draft.draw.chance(50);
    if (single) return plain_call(joined({std::string(verb), "(S1, ", w.draft.switched, ")"}));
    return plain_call(joined({std::string(verb), "(", device == nullptr ? "" : device->name, ")"}));
  }
  return std::nullopt;
}

// What a process asks of KVM. Few guest pages, so that memslots meet.
std::optional<Call> vm_call(Writer& w, std::string_view verb) {
  if (verb == "KVM_CREATE_VM") return open_call(w, verb, "kvm");
  const bool known = verb == "kvm_close" || verb.starts_with("KVM_") || verb.starts_with("guest_");
  if (!known) return std::nullopt;
  const Object* found =
      w.object(Kind::vm, [&](const Object& each) { return each.owner == w.actor.name; });
  const std::string vm = found == nullptr ? "" : found->name;
  const auto below = [&](std::uint32_t bound) { return std::to_string(w.draw().below(bound)); };
  const std::string begin = joined({std::string(verb), "(", vm});
  if (verb == "kvm_close") return plain_call(begin + ")");
  if (verb == "KVM_SET_USER_MEMORY_REGION") {
    static const Words memslot_flags = {"",
                                        "",
                                        "",
                                        ", KVM_MEM_LOG_DIRTY_PAGES",
                                        ", KVM_MEM_READONLY",
                                        ", KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY"};
    const std::string slot = joined({begin, ", ", below(2)});
    if (w.draw().chance(30)) return plain_call(slot + ")");
    return plain_call(
        joined({slot, ", ", below(3), ", ", w.pages(), w.draw().of(memslot_flags), ")"}));
  }
  if (verb == "KVM_GET_DIRTY_LOG") return value_call(joined({begin, ", ", below(2), ")"}));
  if (verb == "KVM_CLEAR_DIRTY_LOG") {
    return plain_call(joined({begin, ", ", below(2), ", ", below(4), ")"}));
  }
  if (verb == "KVM_PRE_FAULT_MEMORY") {
    return value_call(joined({begin, ", ", below(4), ", ", below(3), ")"}));
  }
  if (verb == "guest_read") return value_call(joined({begin, ", ", below(4), ")"}));
  return plain_call(joined({begin, ", ", below(4), ", ", w.number(), ")"}));
}

// Of an MR, or of a process whose page table the device shares.
std::string dma_pages(Writer& w) {
  const Device* device =
      w.pick(w.draft.devices, [&](const Device& each) { return each.name == w.actor.name; });
  if (device == nullptr || device->kind != "sva") return w.mr_pages(Writer::Mapped::yes);
  const std::string of = device->name;
  const Object* bond = w.object(Kind::bond, [&](const Object& each) { return each.device == of; });
  if (bond == nullptr) return "";
  const std::string name = bond->name;
  const std::string owner = bond->owner;
  const Region* region =
      w.pick(w.draft.regions, [&](const Region& each) { return each.process == owner; });
  return region == nullptr ? ""
                           : joined({name, ", ", region->name, slice(w.draw(), region->pages)});
}

// A call of the registration cache.
Call cache_call(Writer& w, std::string_view verb) {
  w.possible = w.draft.cached && w.actor.name == "app";
  if (!w.possible) return {};
  if (verb == "rcache_flush") return plain_call("rcache_flush()");
  if (verb == "rcache_put") return plain_call(joined({"rcache_put(", w.mr("rcache_get"), ")"}));
  const Device* device = w.pick(w.draft.devices, [&](const Device& each) {
    return each.host == w.actor.host && each.kind == "rnic";
  });
  const Region* region = w.region();
  if (!w.possible) return {};
  const std::string device_name = device->name;
  const std::uint32_t pages = region->pages;
  static const Words protections = {"", "", ", PROT_READ", ", PROT_WRITE",
                                    ", PROT_READ|PROT_WRITE"};
  Call call = making(
      w, joined({"rcache_get(", device_name, ", ", region->name, w.draw().of(protections), ")"}),
      Kind::mr, "c");
  call.makes.device = device_name;
  call.makes.maker = "rcache_get";
  call.makes.pages = pages;
  return call;
}

// The segment, or the access to one, is of this host.
const Object* shared_object(Writer& w, Kind kind) {
  return w.object(kind, [&](const Object& each) {
    const bool own = each.owner == w.actor.name || w.draw().chance(10);
    const auto owner = std::ranges::find(w.draft.processes, each.owner, &Process::name);
    const bool here = owner != w.draft.processes.end() && owner->host == w.actor.host;
    return here && (kind == Kind::segment || own);
  });
}

Call make_segment(Writer& w) {
  static const Words modes = {"", "", "", ", S_IRUSR", ", S_IRUSR|S_IWUSR", ", S_ISVTX"};
  const bool all = w.draw().chance(20);
  const Region* region = all ? nullptr : w.region();
  const std::string what = region == nullptr ? "" : joined({region->name, w.draw().of(modes)});
  Call call = making(w, joined({"xpmem_make(", what, ")"}), Kind::segment, "s");
  if (region != nullptr) call.makes.region = region->name;
  return call;
}

Call attach_segment(Writer& w) {
  const Object* permit = shared_object(w, Kind::permit);
  const std::string name = permit == nullptr ? "" : permit->name;
  const std::string owned = permit == nullptr ? "" : permit->region;
  const Region* place = w.pick(w.draft.regions, [&](const Region& each) {
    return each.xpmem && each.process == w.actor.name;
  });
  if (!w.possible) return {};
  const std::string part = owned.empty() || w.draw().chance(50) ? "" : joined({", ", owned, "[0]"});
  return plain_call(joined({"xpmem_attach(", name, ", ", place->name, part, ")"}));
}

// A call of XPMEM.
Call xpmem_call(Writer& w, std::string_view verb) {
  const auto loaded = [&](const Device& each) {
    return each.host == w.actor.host && each.kind == "xpmem";
  };
  if (std::ranges::none_of(w.draft.devices, loaded)) w.possible = false;
  if (!w.possible) return {};
  if (verb == "xpmem_make") return make_segment(w);
  if (verb == "xpmem_attach") return attach_segment(w);
  if (verb == "xpmem_detach") return plain_call(joined({"xpmem_detach(", w.page(), ")"}));
  if (verb == "xpmem_get") {
    const Object* segment = shared_object(w, Kind::segment);
    if (segment == nullptr) return {};
    const std::string region = segment->region;
    const char* access = w.draw().chance(85) ? ", XPMEM_RDWR)" : ", XPMEM_RDONLY)";
    Call call = making(w, joined({"xpmem_get(", segment->name, access}), Kind::permit, "p");
    call.makes.region = region;
    return call;
  }
  if (verb == "xpmem_remove" || verb == "xpmem_release") {
    const Object* found = shared_object(w, verb == "xpmem_remove" ? Kind::segment : Kind::permit);
    return plain_call(joined({std::string(verb), "(", found == nullptr ? "" : found->name, ")"}));
  }
  return plain_call(std::string(verb) + "()");
}

std::optional<Call> device_call(Writer& w, std::string_view verb) {
  if (verb.starts_with("xpmem_")) return xpmem_call(w, verb);
  if (verb.starts_with("rcache_")) return cache_call(w, verb);
  if (verb == "reg_mr") return register_call(w);
  if (verb == "dereg_mr") return plain_call(joined({"dereg_mr(", w.mr("reg_mr"), ")"}));
  if (verb == "prefetch" || verb == "prefetch_no_fault") {
    return plain_call(joined({std::string(verb), "(", w.mr_pages(Writer::Mapped::no), ")"}));
  }
  if (verb == "dma_read") return value_call(joined({"dma_read(", dma_pages(w), ")"}));
  if (verb == "dma_write") {
    return plain_call(joined({"dma_write(", dma_pages(w), ", ", w.number(), ")"}));
  }
  return std::nullopt;
}

Call handle_call(Writer& w, std::string_view verb) {
  const Region* region = w.region();
  Call call =
      making(w, joined({std::string(verb), "(", region == nullptr ? "" : region->name, ")"}),
             Kind::handle, "h");
  if (region != nullptr) call.makes.pages = region->pages;
  return call;
}

Call attach_call(Writer& w) {
  const Object* handle = w.object(Kind::handle, [&](const Object& each) {
    return each.owner != w.actor.name || w.draw().chance(10);
  });
  if (handle == nullptr) return {};
  const std::uint32_t pages = handle->pages;
  Call call = making(w, joined({"attach(", handle->name, ")"}), Kind::attachment, "a");
  call.makes.pages = pages;
  return call;
}

// Calls of a queue pair alone.
std::optional<Call> connection_call(Writer& w, std::string_view verb) {
  if (verb == "rdma_fetch_add") {
    return value_call(joined({"rdma_fetch_add(", w.by_key(), ", ", w.number(), ")"}));
  }
  if (verb == "rdma_compare_swap") {
    return value_call(
        joined({"rdma_compare_swap(", w.by_key(), ", ", w.number(), ", ", w.number(), ")"}));
  }
  if (verb == "rdma_flush") {
    if (!w.draft.reliable) w.possible = false;
    const char* level = w.draw().chance(50) ? ", IBV_FLUSH_MR)" : ", IBV_FLUSH_RANGE)";
    return plain_call(joined({"rdma_flush(", w.by_key(), level}));
  }
  if (verb != "rdma_send" && verb != "post_recv" && verb != "poll_recv") return std::nullopt;
  const Object* found = w.object(Kind::qp, [&](const Object& each) {
    const bool own = each.owner == w.actor.name;
    if (each.maker != "connect") return own && verb != "rdma_send";
    return w.draft.reliable && own == (verb == "rdma_send");
  });
  if (found == nullptr) return Call{};
  const std::string qp = found->name;
  const std::string device = found->device;
  if (verb == "rdma_send") return plain_call(joined({"rdma_send(", qp, ", ", w.number(), ")"}));
  if (verb == "poll_recv") return value_call(joined({"poll_recv(", qp, ")"}));
  const std::string pages = w.part_of(w.object(Kind::mr, [&](const Object& each) {
    return each.owner == w.actor.name && each.device == device && each.maker == "reg_mr";
  }));
  return plain_call(joined({"post_recv(", qp, ", ", pages, ")"}));
}

std::optional<Call> fabric_call(Writer& w, std::string_view verb) {
  if (verb == "connect") {
    const Device* device =
        w.pick(w.draft.devices, [](const Device& each) { return each.kind == "rnic"; });
    Call call =
        making(w, joined({"connect(", device == nullptr ? "" : device->name, ")"}), Kind::qp, "qp");
    if (device != nullptr) call.makes.device = device->name;
    call.makes.maker = "connect";
    return call;
  }
  if (verb == "rdma_read") return value_call(joined({"rdma_read(", w.remote(), ")"}));
  if (verb == "rdma_write") {
    return plain_call(joined({"rdma_write(", w.remote(), ", ", w.number(), ")"}));
  }
  if (const auto call = connection_call(w, verb)) return call;
  if (verb == "export" || verb == "mpi_win") return handle_call(w, verb);
  if (verb == "attach") return attach_call(w);
  if (verb == "detach") return plain_call(joined({"detach(", w.attachment(), ")"}));
  return std::nullopt;
}

std::optional<Call> message_call(Writer& w, std::string_view verb) {
  if (verb == "mpi_put" || verb == "mpi_get") {
    const Object* window = w.object(Kind::handle, [&](const Object& each) {
      return each.owner != w.actor.name || w.draw().chance(10);
    });
    const std::string pages = w.part_of(window);
    if (verb == "mpi_get") return value_call(joined({"mpi_get(", pages, ")"}));
    return plain_call(joined({"mpi_put(", pages, ", ", w.number(), ")"}));
  }
  if (verb != "mpi_send" && verb != "mpi_recv") return std::nullopt;
  const Process* peer = w.other_process();
  const std::string name = peer == nullptr ? "" : peer->name;
  if (verb == "mpi_recv") return value_call(joined({"mpi_recv(", name, ")"}));
  return plain_call(joined({"mpi_send(", name, ", ", w.number(), ")"}));
}

std::optional<Call> kernel_call(Writer& w, std::string_view verb) {
  if (verb == "swap_out") return plain_call(joined({"swap_out(", w.pages(), ")"}));
  if (verb == "reclaim")
    return value_call(joined({"reclaim(", std::to_string(1 + w.draw().below(2)), ")"}));
  if (verb == "oom_reap") {
    const Process* victim =
        w.pick(w.draft.processes, [&](const Process& each) { return each.host == w.actor.host; });
    return plain_call(joined({"oom_reap(", victim == nullptr ? "" : victim->name, ")"}));
  }
  if (verb == "kill" && w.draft.through_switch && w.draft.draw.chance(30)) {
    return plain_call("kill(S1)");
  }
  if (verb == "kill") return plain_call(joined({"kill(", w.actor.host, ")"}));
  if (verb == "heal") return plain_call("heal()");
  if (verb == "partition") {  // Of one host alone there is none.
    const Device* other =
        w.pick(w.draft.devices, [&](const Device& each) { return each.host != w.actor.host; });
    return plain_call(joined({"partition(", other == nullptr ? "" : other->host, ")"}));
  }
  return std::nullopt;
}

bool by(const language::CallRow& row, Actor::Kind kind) {
  const auto wanted = kind == Actor::Kind::process  ? language::ActorKind::process
                      : kind == Actor::Kind::device ? language::ActorKind::device
                                                    : language::ActorKind::kernel;
  return std::ranges::find(row.actors, wanted) != row.actors.end();
}

}  // namespace

std::optional<Call> call_of(Draft& draft, std::string_view verb, const Actor& actor,
                            const std::vector<Object>& own) {
  for (auto* group : {memory_call, device_call, buffer_call, queue_call, open_device_call, vm_call,
                      fabric_call, message_call, kernel_call}) {
    Writer writer{.draft = draft, .actor = actor, .own = own};
    std::optional<Call> call = group(writer, verb);
    if (!call) continue;
    if (!writer.possible) return std::nullopt;
    call->verb = verb;
    return call;
  }
  return std::nullopt;
}

namespace {

std::vector<language::CallRow> drawn_calls() {
  std::vector<language::CallRow> calls = language::full_vocabulary().calls;
  std::erase_if(calls, [](const auto& row) { return is_held_against_records(row.name); });
  return calls;
}

}  // namespace

std::optional<Call> random_call(Draft& draft, const Actor& actor, const std::vector<Object>& own) {
  // What invalidations and devices meet at is likelier,
  Words likely = {"munmap",    "madvise",    "mprotect", "dma_read", "dma_write",
                  "prefetch",  "rdma_read",  "swap_out", "fork",     "WRITE_ONCE",
                  "READ_ONCE", "rdma_write", "mpi_put",  "reclaim",  "memset"};
  if (draft.cached) likely.insert(likely.end(), {"rcache_get", "rcache_put"});
  if (draft.buffer) {
    likely.insert(likely.end(), {"ttm_bo_evict", "vfio_pci_dma_buf_move", "reg_dmabuf_mr"});
  }
  if (std::ranges::find(draft.objects, Kind::vm, &Object::kind) != draft.objects.end()) {
    likely.insert(likely.end(), {"guest_read", "guest_write", "guest_write", "KVM_GET_DIRTY_LOG",
                                 "KVM_SET_USER_MEMORY_REGION"});
  }
  for (const Object& each : draft.objects) {
    if (each.maker == "create_srq") likely.insert(likely.end(), {"xrc_send", "post_recv"});
    if (each.maker == "create_ud_qp") likely.insert(likely.end(), {"ud_send", "post_recv"});
  }
  // what ends everything, or waits for ever if nobody answers, is rare.
  static const Words rare = {"exit", "kill",   "mpi_recv",  "oom_reap",
                             "hang", "remove", "link_down", "partition"};
  static const Words of_module = {"xpmem_make",   "xpmem_get",    "xpmem_attach", "xpmem_attach",
                                  "xpmem_detach", "xpmem_remove", "READ_ONCE",    "WRITE_ONCE"};
  const bool module = std::ranges::any_of(draft.devices, [&](const Device& each) {
    return each.host == actor.host && each.kind == "xpmem";
  });
  if (draft.cached && draft.draw.chance(8)) {
    if (auto call = call_of(draft, "rcache_put", actor, own)) return call;
  }
  for (int attempt = 0; attempt < 30; ++attempt) {
    if (module && actor.kind == Actor::Kind::process && draft.draw.chance(40)) {
      if (auto call = call_of(draft, draft.draw.of(of_module), actor, own)) return call;
      continue;
    }
    static const std::vector<language::CallRow> calls = drawn_calls();
    const bool any = draft.draw.chance(40);
    const language::CallRow& row =
        any ? draft.draw.of(calls) : *language::find(calls, draft.draw.of(likely));
    if (!by(row, actor.kind)) continue;
    if (std::ranges::find(rare, row.name) != rare.end() && !draft.draw.chance(40)) continue;
    if (auto call = call_of(draft, row.name, actor, own)) return call;
  }
  return std::nullopt;
}

}  // namespace random_scenarios
