// SPDX-License-Identifier: Apache-2.0
// One call with its arguments.
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

using model::Verb;

struct VerbName {
  std::string_view name;
  Verb verb;
};

constexpr VerbName verbs[] = {
    {"memset", Verb::memset},
    {"READ_ONCE", Verb::read_once},
    {"WRITE_ONCE", Verb::write_once},
    {"mmap", Verb::mmap},
    {"munmap", Verb::munmap},
    {"madvise", Verb::madvise},
    {"mprotect", Verb::mprotect},
    {"fork", Verb::fork},
    {"exit", Verb::exit},
    {"reg_mr", Verb::reg_mr},
    {"dereg_mr", Verb::dereg_mr},
    {"prefetch", Verb::prefetch},
    {"dma_read", Verb::dma_read},
    {"dma_write", Verb::dma_write},
    {"connect", Verb::connect},
    {"rdma_read", Verb::rdma_read},
    {"rdma_write", Verb::rdma_write},
    {"export", Verb::export_handle},
    {"attach", Verb::attach},
    {"detach", Verb::detach},
    {"swap_out", Verb::swap_out},
    {"reclaim", Verb::reclaim},
    {"oom_reap", Verb::oom_reap},
    {"kill", Verb::kill},
    {"mpi_win", Verb::export_handle},
    {"mpi_put", Verb::mpi_put},
    {"mpi_get", Verb::mpi_get},
    {"mpi_send", Verb::mpi_send},
    {"mpi_recv", Verb::mpi_recv},
};

Verb verb_of(std::string_view name) {
  for (const VerbName& entry : verbs) {
    if (entry.name == name) return entry.verb;
  }
  return Verb::memset;
}

// The words of a flags or word argument: PROT_READ|PROT_WRITE.
void collect_words(const Expr& expr, std::vector<std::string>& words) {
  if (const Name* name = single_name(expr)) words.push_back(name->text);
  if (const auto* both = std::get_if<BinaryExpr>(&expr.node)) {
    collect_words(*both->left, words);
    collect_words(*both->right, words);
  }
}

std::uint32_t number_of_words(const Expr& expr) {
  std::vector<std::string> words;
  collect_words(expr, words);
  std::uint32_t number = 0;
  for (const std::string& word : words) {
    if (word == "PROT_READ") number |= 1;
    if (word == "PROT_WRITE") number |= 2;
    if (word == "MADV_DONTNEED") number = static_cast<std::uint32_t>(model::Advice::dontneed);
    if (word == "MADV_PAGEOUT") number = static_cast<std::uint32_t>(model::Advice::pageout);
    if (word == "pinned") number = 1;
  }
  return number;
}

}  // namespace

std::optional<std::uint32_t> Lowering::variable_of(const Expr& expr) const {
  if (const auto* index = std::get_if<IndexExpr>(&expr.node)) return variable_of(*index->object);
  if (const auto* slice = std::get_if<SliceExpr>(&expr.node)) return variable_of(*slice->object);
  const Symbol symbol = checked_.meaning(expr).symbol;
  if (symbol.kind != SymbolKind::variable) return std::nullopt;
  return symbol.index;
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
  return meant;
}

model::Call Lowering::call_of(const StepInfo& info) {
  model::Call call{.verb = verb_of(info.call->name), .mm = mm_of(info.actor)};
  call.host = host_of(info.actor);
  const std::vector<Arg>& args = info.step->args;
  for (std::size_t i = 0; i < args.size() && i < info.form->parameters.size(); ++i) {
    const Expr& value = args[i].value;
    const Symbol symbol = checked_.meaning(value).symbol;
    switch (info.form->parameters[i].kind) {
      case ParameterKind::region:
      case ParameterKind::pages: {
        const PagesMeant meant = pages_meant(value);
        call.pages = meant.pages;
        if (!call.mm.some()) call.mm = meant.mm;  // A child has its parent's regions.
        break;
      }
      case ParameterKind::qp:
        call.queue = model::VariableId{symbol.index};
        break;
      case ParameterKind::device:
        call.adapter = model::AdapterId{symbol.index};
        need_link(call.host, host_of(symbol), value.span);
        break;
      case ParameterKind::host:
        call.host = model::HostId{symbol.index};
        break;
      case ParameterKind::process:
        if (call.verb == Verb::fork) {
          call.number = symbol.index;
          if (host_of(symbol) != call.host) problem(value.span, "a child is on its parent's host");
        } else if (call.verb != Verb::oom_reap) {
          need_link(call.host, host_of(symbol), value.span);
        }
        if (call.verb == Verb::oom_reap) call.mm = model::MmId{symbol.index};
        call.peer = model::MmId{symbol.index};
        break;
      case ParameterKind::number:
        call.number = static_cast<std::uint32_t>(number_of(value));
        break;
      case ParameterKind::flags:
      case ParameterKind::word:
        call.number = number_of_words(value);
        break;
      default:  // An object, or pages of one.
        call.target = pages_meant(value).target;
        if (symbol.kind == SymbolKind::variable && call.verb == Verb::attach) {
          need_link(call.host, host_of(checked_.variables[symbol.index].owner), value.span);
        }
        break;
    }
  }
  return call;
}

void Lowering::need_link(model::HostId from, model::HostId to, Span span) {
  if (from == to) return;
  for (const LinkInfo& link : checked_.links) {
    const std::uint32_t left = checked_.devices[link.left].host;
    const std::uint32_t right = checked_.devices[link.right].host;
    if ((left == from.value && right == to.value) || (left == to.value && right == from.value)) {
      return;
    }
  }
  problem(span, "there is no link between " + setup_.hosts[from.index()].name + " and " +
                    setup_.hosts[to.index()].name);
}

}  // namespace language
