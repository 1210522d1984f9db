// SPDX-License-Identifier: Apache-2.0
#include "model/expression.hpp"

#include "model/machine.hpp"
#include "model/memory/small.hpp"
#include "sim/check.hpp"

namespace model {
namespace {

using Code = Operation::Code;
using Stack = Small<std::int64_t, 8>;

std::int64_t number_of(const Result& result) {
  switch (result.kind) {
    case Result::Kind::value:
    case Result::Kind::object:
      return result.number;
    case Result::Kind::error:
      return -static_cast<std::int64_t>(result.number);
    case Result::Kind::signal:
      return signal_base - result.number;
    case Result::Kind::none:
      break;
  }
  return unset;
}

// The registration that a variable names, directly or through an attachment.
MrId registration_of(const Machine& machine, const Operation& op) {
  const Result& result = machine.variables[op.variable.index()];
  if (result.kind != Result::Kind::object) return {};
  if (op.constant != 1) return MrId{result.number};
  return machine.attachments[result.number].handle;
}

std::int64_t device_entries(const Machine& machine, MrId mr) {
  if (!mr.some()) return 0;
  const Registration& region = machine.registrations[mr.index()];
  std::int64_t count = 0;
  region.table.for_each(region.pages, [&](Page, const PfnEntry&) { ++count; });
  for (const Adapter& adapter : machine.adapters) {
    count += std::ranges::count_if(adapter.tlb,
                                   [mr](const DeviceTlbEntry& entry) { return entry.mr == mr; });
  }
  return count;
}

// All that an adapter caches, and all that is in the PFN tables behind it.
std::int64_t adapter_entries(const Machine& machine, AdapterId adapter) {
  auto count = static_cast<std::int64_t>(machine.adapters[adapter.index()].tlb.size());
  for (const Registration& region : machine.registrations) {
    if (region.adapter != adapter) continue;
    region.table.for_each(region.pages, [&](Page, const PfnEntry&) { ++count; });
  }
  return count;
}

std::int64_t device_tlb(const Machine& machine, const Operation& op) {
  const MrId mr = registration_of(machine, op);
  if (!mr.some()) return unset;
  const Page page = op.constant == 2
                        ? op.pages.first
                        : machine.registrations[mr.index()].pages.at(op.pages.first.value);
  const DeviceTlbEntry* entry = machine.adapters[op.adapter.index()].tlb.find(mr, page);
  return entry != nullptr && entry->target.populated() ? entry->target.frame.value : unset;
}

std::int64_t active_pages(const Machine& machine, MrId mr) {
  std::int64_t count = 0;
  for (const Attachment& use : machine.attachments) {
    if (use.handle == mr) count += use.active.size();
  }
  return count;
}

std::int64_t page_value(const Machine& machine, const Operation& op) {
  const AddressSpace& space = machine.spaces[op.mm.index()];
  const Vma* vma = space.find_vma(op.pages.first);
  if (vma == nullptr) return unset;
  Pte pte = space.page_table.at(op.pages.first);
  if (!pte.populated() && vma->file.some()) {
    pte = machine.mappings[vma->file.index()].cached(vma->index_of(op.pages.first));
  }
  if (pte.has_frame()) return machine.frames[pte.frame()].value;
  if (!pte.swapped()) return 0;  // It would be a page of zeros.
  const SwapSlot& slot = machine.hosts[space.host.index()].swap[pte.slot()];
  return slot.cached.some() ? machine.frames[slot.cached].value : slot.value;
}

const Frame* mapped_frame(const Machine& machine, const Operation& op) {
  const Pte pte = machine.spaces[op.mm.index()].page_table.at(op.pages.first);
  return pte.present() ? &machine.frames[pte.frame()] : nullptr;
}

std::int64_t frames_pinned(const Machine& machine) {
  std::int64_t count = 0;
  machine.frames.for_each([&](FrameId, const Frame& frame) {
    if (frame.pins > 0) ++count;
  });
  return count;
}

std::int64_t frames_free(const Machine& machine) {
  std::int64_t count = 0;
  for (std::uint32_t i = 0; i < machine.hosts.size(); ++i) {
    count += machine.frames.free_frames(HostId{i});
  }
  return count;
}

std::int64_t in_rcache(const Machine& machine, const Operation& op) {
  if (machine.caches.empty()) return 0;
  const Rcache& cache = machine.caches[op.mm.index()];
  if (op.code == Code::queued) return static_cast<std::int64_t>(cache.queue.size());
  return std::ranges::count(cache.regions, CachedRegion::State::valid, &CachedRegion::state);
}

std::int64_t starts_after(const Machine& machine, const Operation& op) {
  const LineState& line = machine.lines[op.line.index()];
  return static_cast<std::int64_t>((line.done_before >> op.other.value) & 1);
}

std::int64_t look(const Machine& machine, const Operation& op) {
  switch (op.code) {
    case Code::number:
      return op.constant;
    case Code::variable:
      return number_of(machine.variables[op.variable.index()]);
    case Code::pte: {
      const Pte pte = machine.spaces[op.mm.index()].page_table.at(op.pages.first);
      return pte.present() ? pte.frame().value : unset;
    }
    case Code::value:
      return page_value(machine, op);
    case Code::refs:
    case Code::pins: {
      const Frame* frame = mapped_frame(machine, op);
      if (frame == nullptr) return 0;
      return op.code == Code::refs ? frame->references : frame->pins;
    }
    case Code::device_tlb:
      return device_tlb(machine, op);
    case Code::sequence: {
      const MrId mr = registration_of(machine, op);
      if (!mr.some()) return unset;
      const auto& intervals =
          machine.notifiers[machine.registrations[mr.index()].mm.index()].intervals;
      return intervals.contains(mr) ? intervals.read_begin(mr) : unset;
    }
    case Code::tlb_entries:
      if (!op.variable.some()) return adapter_entries(machine, op.adapter);
      return device_entries(machine, registration_of(machine, op));
    case Code::active_pages:
      return active_pages(machine, registration_of(machine, op));
    case Code::frames_pinned:
      return frames_pinned(machine);
    case Code::frames_free:
      return frames_free(machine);
    case Code::starts_after:
      return starts_after(machine, op);
    case Code::finished:
      return machine.lines[op.line.index()].status == LineState::Status::done ? 1 : 0;
    case Code::retries:
      return machine.lines[op.line.index()].retries;
    case Code::faults:
      return machine.lines[op.line.index()].faults;
    case Code::hit:
      return machine.lines[op.line.index()].hit ? 1 : 0;
    case Code::cached:
    case Code::queued:
      return in_rcache(machine, op);
    case Code::copied:
      return machine.lines[op.line.index()].copied;
    default:
      check(false);
      return 0;
  }
}

std::int64_t combine(Code code, std::int64_t left, std::int64_t right) {
  switch (code) {
    case Code::logical_and:
      return left != 0 && right != 0 ? 1 : 0;
    case Code::logical_or:
      return left != 0 || right != 0 ? 1 : 0;
    case Code::equal:
      return left == right ? 1 : 0;
    case Code::not_equal:
      return left != right ? 1 : 0;
    case Code::less:
      return left < right ? 1 : 0;
    case Code::less_equal:
      return left <= right ? 1 : 0;
    case Code::greater:
      return left > right ? 1 : 0;
    case Code::greater_equal:
      return left >= right ? 1 : 0;
    case Code::add:
      return left + right;
    case Code::subtract:
      return left - right;
    case Code::multiply:
      return left * right;
    case Code::divide:
      return right == 0 ? unset : left / right;
    default:
      check(false);
      return 0;
  }
}

}  // namespace

std::int64_t evaluate(const Expression& expression, const Machine& machine) {
  Stack stack;
  for (const Operation& op : expression) {
    if (op.code < Code::logical_not) {
      stack.push_back(look(machine, op));
    } else if (op.code == Code::logical_not || op.code == Code::negate) {
      stack.back() = op.code == Code::negate ? -stack.back() : (stack.back() == 0 ? 1 : 0);
    } else {
      const std::int64_t right = stack.back();
      stack.pop_back();
      stack.back() = combine(op.code, stack.back(), right);
    }
  }
  check(stack.size() == 1);
  return stack.back();
}

}  // namespace model
