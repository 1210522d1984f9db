// SPDX-License-Identifier: Apache-2.0
// One call with its arguments.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/memory/gather.hpp"
#include "scenarios/language/call_words.hpp"
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

using model::Verb;

void set_role(model::Call& call, Role role, std::uint32_t value) {
  switch (role) {
    case Role::nothing:
      return;
    case Role::flags:
      call.flags = value;
      return;
    case Role::offset:
      call.offset = value;
      return;
    case Role::count:
      call.pages.count = value;
      return;
    default:
      call.number = value;
      return;
  }
}

// What is indexed, or the expression itself.
const Expr& object_in(const Expr& expr) {
  if (const auto* index = std::get_if<IndexExpr>(&expr.node)) return *index->object;
  if (const auto* slice = std::get_if<SliceExpr>(&expr.node)) return *slice->object;
  return expr;
}

// The words of a flags or word argument: PROT_READ|PROT_WRITE.
std::uint32_t number_of_words(Verb verb, const Expr& expr) {
  if (const Name* name = single_name(expr)) return value_of_word(verb, name->text);
  const auto* both = std::get_if<BinaryExpr>(&expr.node);
  if (both == nullptr) return 0;
  return number_of_words(verb, *both->left) | number_of_words(verb, *both->right);
}

// The call that has made the object.
std::string_view maker_of(const VariableInfo& object) {
  return object.step == nullptr ? std::string_view() : std::string_view(object.step->call.text);
}

}  // namespace

std::optional<std::uint32_t> Lowering::variable_of(const Expr& expr) const {
  if (const auto* index = std::get_if<IndexExpr>(&expr.node)) return variable_of(*index->object);
  if (const auto* slice = std::get_if<SliceExpr>(&expr.node)) return variable_of(*slice->object);
  const Symbol symbol = checked_.meaning(expr).symbol;
  if (symbol.kind != SymbolKind::variable) return std::nullopt;
  return symbol.index;
}

// It is what a registration cache gave, and may have more pages than were asked for.
bool Lowering::is_cached(std::uint32_t variable) const {
  const Step* step = checked_.variables[variable].step;
  return step != nullptr && step->call.text == "rcache_get";
}

PagesMeant Lowering::pages_meant(const Expr& expr) {
  std::uint32_t first = 0;
  std::optional<std::uint32_t> last;
  const Expr* object = &expr;
  if (const auto* index = std::get_if<IndexExpr>(&expr.node)) {
    object = &*index->object;
    first = static_cast<std::uint32_t>(number_of(*index->index));
    last = first;
  } else if (const auto* slice = std::get_if<SliceExpr>(&expr.node)) {
    object = &*slice->object;
    first = static_cast<std::uint32_t>(number_of(*slice->first));
    last = static_cast<std::uint32_t>(number_of(*slice->last));
  }
  PagesMeant meant;
  const Symbol symbol = checked_.meaning(*object).symbol;
  std::uint64_t extent = 1;
  if (symbol.kind == SymbolKind::region) {
    const model::RegionSetup& region = setup_.regions[symbol.index];
    extent = region.pages.count;
    meant.mm = region.mm;
    meant.pages.first = region.pages.at(first);
  } else if (symbol.kind == SymbolKind::variable) {
    const VariableInfo& variable = checked_.variables[symbol.index];
    std::uint32_t start = 0;
    if (variable.first != nullptr) {
      start = static_cast<std::uint32_t>(number_of(*variable.first));
      extent = static_cast<std::uint32_t>(number_of(*variable.last)) - start + 1;
    } else if (variable.region) {
      extent = setup_.regions[*variable.region].pages.count;
    }
    meant.target.variable = model::VariableId{symbol.index};
    meant.attachment = variable.kind == Kind::attachment;
    if (variable.region) {
      const model::RegionSetup& region = setup_.regions[*variable.region];
      meant.mm = region.mm;
      meant.pages.first = region.pages.at(start + first);
    }
  }
  const auto count = last ? *last - first + 1 : static_cast<std::uint32_t>(extent) - first;
  if (first >= extent || count > extent - first) {
    problem(expr.span, "outside of its " + std::to_string(extent) + " pages");
    return meant;
  }
  meant.pages.count = count;
  meant.target.offset = {.first = model::Page{first}, .count = count};
  if (symbol.kind == SymbolKind::variable && is_cached(symbol.index)) {
    meant.target.pages = meant.pages;
  }
  return meant;
}

model::Call Lowering::call_of(const StepInfo& info) {
  model::Call call{.verb = verb_of(info.call->name).value_or(Verb::memset),
                   .mm = mm_of(info.actor)};
  call.host = host_of(info.actor);
  if (call.verb == Verb::mmap) call.number = model::protection::as_declared;
  if (call.verb == Verb::xpmem_make) {  // Unless it is said otherwise.
    call.number = 0600;
    call.pages = model::all_pages;
  }
  if (call.verb == Verb::damon) call.number = static_cast<std::uint32_t>(model::Advice::none);
  const std::vector<Arg>& args = info.step->args;
  for (std::size_t i = 0; i < args.size() && i < info.form->parameters.size(); ++i) {
    add_argument(call, info.form->parameters[i], args[i].value);
  }
  if (call.verb == Verb::mmap) add_file(call, info);
  if (call.verb == Verb::link_down || call.verb == Verb::link_up) name_link(call, info);
  need_origin(call, info);
  need_transport(call, info);
  const bool of_cache = call.verb == Verb::rcache_get || call.verb == Verb::rcache_put ||
                        call.verb == Verb::rcache_flush;
  if (of_cache) need_rcache(call.mm, info.step->call.span);
  if (info.call->name.starts_with("xpmem_")) need_xpmem(call, info.step->call.span);
  return call;
}

void Lowering::add_argument(model::Call& call, const Parameter& parameter, const Expr& value) {
  const Symbol symbol = checked_.meaning(value).symbol;
  switch (parameter.kind) {
    case ParameterKind::region:
    case ParameterKind::pages:
      return add_pages(call, parameter, value);
    case ParameterKind::qp:
      (parameter.role == Role::second ? call.target.variable : call.queue) =
          model::VariableId{symbol.index};
      return;
    case ParameterKind::device:
      call.adapter = model::AdapterId{symbol.index};
      need_kind(call, value.span);
      return need_link(call.host, host_of(symbol), value.span);
    case ParameterKind::link_end:
      return;  // See add_link().
    case ParameterKind::fabric_switch:
      call.fabric_switch = model::SwitchId{symbol.index};
      return;
    case ParameterKind::host:
      if (call.verb == Verb::partition) return add_side(call, symbol, value.span);
      call.host = model::HostId{symbol.index};
      return;
    case ParameterKind::process:
      return add_process(call, parameter, value);
    case ParameterKind::file:
      call.file = model::FileId{symbol.index};
      if (host_of(symbol) != call.host) problem(value.span, "this file is on another host");
      return;
    case ParameterKind::number:
      set_role(call, parameter.role, static_cast<std::uint32_t>(number_of(value)));
      return;
    case ParameterKind::flags:
    case ParameterKind::word:
      set_role(call, parameter.role, number_of_words(call.verb, value));
      return;
    case ParameterKind::interval:
    case ParameterKind::mirror:
    case ParameterKind::bond:
    case ParameterKind::vm:
    case ParameterKind::segment:
    case ParameterKind::permit:
      call.target.variable = model::VariableId{symbol.index};
      return;
    default:  // An object, or pages of one.
      if (parameter.kind == ParameterKind::mr_pages ||
          parameter.kind == ParameterKind::remote_pages) {
        need_pages(symbol, value.span);
      }
      if (parameter.role == Role::second) return add_local(call, value);
      call.target = pages_meant(value).target;
      if (symbol.kind == SymbolKind::variable && call.verb == Verb::attach) {
        need_link(call.host, host_of(checked_.variables[symbol.index].owner), value.span);
      }
      return;
  }
}

// A host on one side of a partition; at least one is on the other.
void Lowering::add_side(model::Call& call, Symbol host, Span span) {
  constexpr std::uint32_t hosts_max = 16;
  if (setup_.hosts.size() > hosts_max) {
    return problem(span, fmt::format("a partition is of {} hosts at most", hosts_max));
  }
  call.flags |= 1U << host.index;
  if (call.flags + 1 == 1U << setup_.hosts.size()) {
    problem(span, "all hosts are on this side: nothing is parted");
  }
}

// The test device of HMM is opened, one that shares a page table bound; the others have memory
// registered with them.
void Lowering::need_kind(const model::Call& call, Span span) {
  const model::AdapterSetup& adapter = setup_.adapters[call.adapter.index()];
  using AdapterKind = model::AdapterSetup::Kind;
  const bool behind_iommu = call.verb == Verb::dma_map || call.verb == Verb::access_pin_pages;
  const AdapterKind wanted = call.verb == Verb::hmm_open        ? AdapterKind::mirror
                             : call.verb == Verb::sva_bind      ? AdapterKind::sva
                             : behind_iommu                     ? AdapterKind::pci
                             : call.verb == Verb::kvm_create_vm ? AdapterKind::kvm
                                                                : AdapterKind::rnic;
  const bool any = call.verb == Verb::hang || call.verb == Verb::remove_device ||
                   call.verb == Verb::link_down || call.verb == Verb::link_up;
  if (any) {
    if (adapter.kind == AdapterKind::kvm) problem(span, "'" + adapter.name + "' is no hardware");
    return;
  }
  if (adapter.kind == wanted) return;
  constexpr std::array names{"an rnic",     "a mirror",    "of kind sva",
                             "of kind pci", "of kind kvm", "xpmem"};
  problem(span, "'" + adapter.name + "' is not " + names[static_cast<std::size_t>(wanted)]);
}

void Lowering::need_rcache(model::MmId process, Span span) {
  const model::ProcessSetup& setup = setup_.processes[process.index()];
  if (!setup.rcache.exists) problem(span, "'" + setup.name + "' has no rcache { ... }");
}

void Lowering::need_xpmem(const model::Call& call, Span span) {
  const bool loaded = std::ranges::any_of(setup_.adapters, [&](const model::AdapterSetup& each) {
    return each.kind == model::AdapterSetup::Kind::xpmem && each.host == call.host;
  });
  if (!loaded) problem(span, "this host has no device of kind xpmem");
  if (call.target.variable.some()) {
    const Symbol owner = checked_.variables[call.target.variable.index()].owner;
    if (host_of(owner) != call.host) problem(span, "it is of another host");
  }
  if (call.verb != Verb::xpmem_attach) return;
  const auto inside = [&](const model::RegionSetup& each) {
    return each.xpmem && each.mm == call.mm &&
           each.pages.intersect(call.pages).count == call.pages.count;
  };
  if (std::ranges::none_of(setup_.regions, inside)) {
    problem(span, "memory is attached at a region of kind xpmem");
  }
}

// What one call makes, another one cannot end or use; a device has only what was made for it.
void Lowering::need_origin(const model::Call& call, const StepInfo& info) {
  if (!call.target.variable.some()) return;
  const VariableInfo& object = checked_.variables[call.target.variable.index()];
  const std::string_view maker = maker_of(object);
  const Span span = info.step->call.span;
  const auto wrong = [&](std::string_view wanted) {
    problem(span, fmt::format("'{}' is of {}(), not of {}()", object.name.text, maker, wanted));
  };
  const bool mapped = maker == "dma_map";
  const bool cached = maker == "rcache_get";
  const bool accessed = maker == "iommufd_access_pin_pages";
  const bool of_mapping = call.verb == Verb::dma_unmap || call.verb == Verb::access_pin_pages;
  if (of_mapping && !mapped) wrong("dma_map");
  if (call.verb == Verb::access_unpin_pages && !accessed) wrong("iommufd_access_pin_pages");
  if (call.verb == Verb::rcache_put && !cached) wrong("rcache_get");
  if (call.verb == Verb::dereg_mr && (mapped || cached || accessed)) wrong("reg_mr");
  const bool of_rnic =
      call.verb == Verb::prefetch || call.verb == Verb::prefetch_no_fault || call.queue.some();
  if (of_rnic && (mapped || accessed)) wrong("reg_mr");
  const Symbol actor = info.actor;
  if (actor.kind == SymbolKind::device && object.device && *object.device != actor.index) {
    problem(span,
            fmt::format("'{}' is not of {}", object.name.text, setup_.adapters[actor.index].name));
  }
}

// Both ends of a queue pair speak the same.
void Lowering::need_transport(const model::Call& call, const StepInfo& info) {
  const Span span = info.step->call.span;
  const auto reliable = [&](const model::AdapterSetup& card) { return card.rc.exists; };
  if (call.verb == Verb::connect) {
    const model::AdapterSetup& peer = setup_.adapters[call.adapter.index()];
    const model::AdapterSetup* own = card_of(call.mm);
    if (own == nullptr || reliable(*own) == reliable(peer)) return;
    return problem(span, fmt::format("'{}' has no rc {{ ... }}, and '{}' has one",
                                     (reliable(peer) ? *own : peer).name,
                                     (reliable(peer) ? peer : *own).name));
  }
  const auto need_rc = [&](const model::AdapterSetup& card) {
    if (!reliable(card)) problem(span, fmt::format("'{}' has no rc {{ ... }}", card.name));
  };
  if (call.verb == Verb::create_srq) need_rc(setup_.adapters[call.adapter.index()]);
  if (!call.queue.some()) return;
  const VariableInfo& queue = checked_.variables[call.queue.index()];
  need_queue(call, queue, span);
  if (maker_of(queue) == "create_ud_qp") return;
  const auto device = queue.device;
  const bool far = call.verb == Verb::post_recv || call.verb == Verb::poll_recv;
  const bool atomic = call.verb == Verb::rdma_fetch_add || call.verb == Verb::rdma_compare_swap;
  const model::MmId owner = mm_of(queue.owner);
  if (!far && owner != call.mm && !is_child_of(call.mm, owner)) {
    problem(span, fmt::format("'{}' is a queue pair of another process", queue.name.text));
  }
  if (far && device && setup_.adapters[*device].host != call.host) {
    problem(span, fmt::format("'{}' does not lead to this host", queue.name.text));
  }
  if (atomic && call.target.offset.count > 1) problem(span, "an atomic operation is for one page");
  const bool by_packets = far || call.verb == Verb::rdma_send || call.verb == Verb::xrc_send ||
                          call.verb == Verb::rdma_flush;
  if (by_packets && device) need_rc(setup_.adapters[*device]);
}

// What only receives is its owner's to read, and others send to it by calls for that.
void Lowering::need_queue(const model::Call& call, const VariableInfo& queue, Span span) {
  const auto need_maker = [&](const VariableInfo& object, std::string_view wanted) {
    const std::string_view maker = maker_of(object);
    if (maker.empty() || maker == wanted) return true;
    problem(span, fmt::format("'{}' is of {}(), not of {}()", object.name.text, maker, wanted));
    return false;
  };
  if (call.verb == Verb::post_recv || call.verb == Verb::poll_recv) {
    if (maker_of(queue) == "connect" || mm_of(queue.owner) == call.mm) return;
    return problem(span, fmt::format("'{}' is a queue of another process", queue.name.text));
  }
  const bool datagram = call.verb == Verb::ud_send;
  if (!need_maker(queue, datagram ? "create_ud_qp" : "connect")) return;
  if (datagram) {
    if (card_of(call.mm) == nullptr) problem(span, "this host has no rnic");
    if (queue.device) need_link(call.host, setup_.adapters[*queue.device].host, span);
  }
  if (call.verb != Verb::xrc_send) return;
  const VariableInfo& shared = checked_.variables[call.target.variable.index()];
  if (!need_maker(shared, "create_srq") || shared.device == queue.device) return;
  problem(span, fmt::format("'{}' is not of the card to which '{}' leads", shared.name.text,
                            queue.name.text));
}

const model::AdapterSetup* Lowering::card_of(model::MmId process) const {
  const auto found = std::ranges::find_if(setup_.adapters, [&](const model::AdapterSetup& card) {
    return card.kind == model::AdapterSetup::Kind::rnic &&
           card.host == setup_.processes[process.index()].host;
  });
  return found == setup_.adapters.end() ? nullptr : &*found;
}

bool Lowering::is_implicit(const VariableInfo& object) {
  return object.kind == Kind::mr && object.step != nullptr && !object.region;
}

// An implicit mr has no pages of its own.
void Lowering::need_pages(Symbol symbol, Span span) {
  if (symbol.kind != SymbolKind::variable) return;
  const VariableInfo& object = checked_.variables[symbol.index];
  if (!is_implicit(object)) return;
  problem(span,
          fmt::format("'{}' is implicit: name pages of its process behind it", object.name.text));
}

// As many pages as at the other end; of what the process has registered with its own card.
void Lowering::add_local(model::Call& call, const Expr& value) {
  const PagesMeant meant = pages_meant(value);
  call.local = meant.target;
  const bool to_memory = call.target.variable.some() && call.verb != Verb::xrc_send;
  const std::uint32_t wanted = to_memory ? call.target.offset.count : 1;
  if (meant.target.offset.count != wanted) {
    problem(value.span,
            fmt::format("{} pages, and {} at the other end", meant.target.offset.count, wanted));
  }
  const VariableInfo& object = checked_.variables[meant.target.variable.index()];
  const model::AdapterSetup* own = card_of(call.mm);
  const bool local = own != nullptr && object.device && &setup_.adapters[*object.device] == own;
  if (!local) {
    problem(value.span, fmt::format("'{}' is not of the process's own card", object.name.text));
  }
}

// Pages of a process by an mr: that process has registered all that it has.
void Lowering::need_implicit(const model::Call& call, model::MmId owner, Span span) {
  const VariableInfo& object = checked_.variables[call.target.variable.index()];
  if (!is_implicit(object))
    return problem(span, fmt::format("'{}' is not implicit", object.name.text));
  if (mm_of(object.owner) != owner) {
    problem(span, fmt::format("'{}' is of another process", object.name.text));
  }
}

void Lowering::add_pages(model::Call& call, const Parameter& parameter, const Expr& value) {
  const PagesMeant meant = pages_meant(value);
  if (parameter.role == Role::second) {
    call.second = meant.pages;
    if (parameter.registered) need_implicit(call, meant.mm, value.span);
    return;
  }
  if (parameter.role == Role::third) {
    call.third = meant.pages;
    return;
  }
  call.pages = meant.pages;
  // A child has its parent's regions. Who does something to another's pages without naming that
  // process holds a file descriptor of its address space.
  const bool of_other = parameter.foreign && !call.peer.some() && call.mm != meant.mm &&
                        !is_child_of(call.mm, meant.mm);
  if (!call.mm.some() || of_other) call.mm = meant.mm;
}

void Lowering::add_process(model::Call& call, const Parameter& parameter, const Expr& value) {
  const Symbol symbol = checked_.meaning(value).symbol;
  if (parameter.role == Role::by_kind) {
    need_link(call.host, host_of(symbol), value.span);
  } else if (host_of(symbol) != call.host) {
    const bool child = parameter.role == Role::number;
    problem(value.span, child ? "a child is on its parent's host" : "it is on another host");
  }
  if (parameter.role == Role::number) call.number = symbol.index;
  if (parameter.role == Role::owner) call.mm = model::MmId{symbol.index};
  call.peer = model::MmId{symbol.index};
}

// mmap() of a region that is declared with a file.
void Lowering::add_file(model::Call& call, const StepInfo& info) {
  const Symbol symbol = checked_.meaning(object_in(info.step->args.front().value)).symbol;
  if (symbol.kind != SymbolKind::region) return;
  const model::RegionSetup& region = setup_.regions[symbol.index];
  if (!region.file.some() || (call.flags & model::map_flag::anonymous) != 0) return;
  call.file = region.file;
  call.offset = region.offset + (call.pages.first.value - region.pages.first.value);
}

bool Lowering::is_child_of(model::MmId child, model::MmId parent) const {
  return std::ranges::any_of(checked_.steps, [&](const StepInfo& info) {
    const bool forks = info.call != nullptr && info.form != nullptr &&
                       (info.call->name == "fork" || info.call->name == "vfork");
    if (!forks || mm_of(info.actor) != parent) return false;
    return checked_.meaning(info.step->args.front().value).symbol.index == child.value;
  });
}

}  // namespace language
