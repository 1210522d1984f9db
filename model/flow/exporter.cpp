// SPDX-License-Identifier: Apache-2.0
#include "model/flow/exporter.hpp"

#include "model/flow/all.hpp"

namespace model {

bool is_shared(const Machine& machine, MappingId buffer) {
  const HostId host = machine.mappings[buffer.index()].host;
  const bool imported =
      std::ranges::any_of(machine.setup->adapters, [&](const AdapterSetup& adapter) {
        return adapter.host == host &&
               std::visit([](const auto& policy) { return policy.imports; }, adapter.policy);
      });
  return imported || std::ranges::any_of(machine.setup->lines, [&](const Line& line) {
           const bool takes =
               line.call.verb == Verb::ttm_bo_evict || line.call.verb == Verb::vfio_dma_buf_move;
           return takes && line.call.file.value == buffer.value;
         });
}

Wait RevokeBuffer::guard() const {
  if (step == Step::lock) return Wait::lock(exporter_lock(buffer), LockMode::write);
  if (step == Step::wait_fault && faulting.some()) {
    return Wait::lock(folio_lock(faulting), LockMode::write);
  }
  return {};
}

Next RevokeBuffer::run(Context& c) {
  switch (step) {
    case Step::lock:
      return lock_buffer(c);
    case Step::wait_fault:
      return wait_for_faults(c);
    case Step::unmapped:
      if (what == What::revokes) c.mapping(buffer).revoked = true;
      step = Step::tell;
      return Next::pass;
    case Step::tell:
      return tell_next(c);
    case Step::move:
      return move(c);
    case Step::unlock:
      c.release(exporter_lock(buffer));
      return c.give();
  }
  return c.done();
}

// An importer that keeps its pages is in the way of moving them.
bool RevokeBuffer::pinned(const Context& c) const {
  return std::ranges::any_of(
      std::as_const(c.machine).mappings[buffer.index()].cache, [&](const auto& entry) {
        return std::as_const(c.machine).frames[entry.second.frame()].pins > 0;
      });
}

Next RevokeBuffer::lock_buffer(Context& c) {
  c.spend(Cost::syscall);
  if (what == What::revokes || what == What::restores) {
    c.task().result = Result::success();
    const bool revoked = std::as_const(c.machine).mappings[buffer.index()].revoked;
    if (revoked == (what == What::revokes)) return c.done();  // priv->revoked
  }
  if (what == What::moves && pinned(c)) return c.done(Result::error(EBUSY));
  c.take(exporter_lock(buffer), LockMode::write);
  step = what == What::moves || what == What::revokes ? Step::wait_fault : Step::tell;
  return Next::again;
}

// Those that come later wait for the exporter's lock.
Next RevokeBuffer::wait_for_faults(Context& c) {
  faulting = FrameId{};
  for (const auto& [index, entry] : std::as_const(c.machine).mappings[buffer.index()].cache) {
    if (std::as_const(c.machine).frames[entry.frame()].locked_by.some()) faulting = entry.frame();
  }
  if (faulting.some()) return Next::again;
  step = Step::unmapped;
  return c.call({UnmapMapping{
      .mode = rmap_mode(c.machine, buffer), .file = buffer, .count = c.mapping(buffer).size}});
}

Next RevokeBuffer::tell_next(Context& c) {
  for (; cursor < c.machine.registrations.size(); ++cursor) {
    const Registration& region = std::as_const(c.machine).registrations[cursor];
    if (region.import.buffer != buffer || !region.import.taken) continue;
    const MrId mr{cursor++};
    return c.call({PolicyCall{.hook = Hook::revoked,
                              .mr = mr,
                              .range = {.mm = region.mm, .pages = region.pages},
                              .pages = region.pages}});
  }
  return told(c);
}

Next RevokeBuffer::told(Context& c) {
  step = what == What::moves ? Step::move : Step::unlock;
  if (what == What::frees) return c.call({Truncate{.file = buffer}});
  if (what == What::restores) c.mapping(buffer).revoked = false;
  if (what != What::moves) c.task().result = Result::success();
  return Next::pass;
}

Next RevokeBuffer::move(Context& c) {
  const auto old = c.mapping(buffer).cache;
  Small<FrameId, 2> fresh;
  for (std::size_t i = 0; i < old.size(); ++i) {
    const auto frame = c.allocate(c.mapping(buffer).host);
    if (!frame) break;
    fresh.push_back(*frame);
  }
  step = Step::unlock;
  if (fresh.size() < old.size()) {  // ttm_bo_mem_space()
    for (const FrameId frame : fresh) c.put(frame);
    c.task().result = Result::error(ENOMEM);
    return Next::pass;
  }
  for (std::size_t i = 0; i < old.size(); ++i) {
    const FrameId from = old[i].second.frame();
    Frame& to = c.frame(fresh[i]);
    to.value = c.frame(from).value;
    to.mapping = buffer;
    to.index = old[i].first;
    to.pfnmap = true;
    c.mapping(buffer).set_cached(old[i].first,
                                 {.target = fresh[i].value, .kind = Pte::Kind::present});
    c.spend(Cost::copy_page);
    c.frame(from).mapping = MappingId{};
    c.put(from);
  }
  c.task().result = Result::success();
  return Next::pass;
}

}  // namespace model
