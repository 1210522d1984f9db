// SPDX-License-Identifier: Apache-2.0
#include "model/policy/peer_memory.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = PeerMemoryPolicy;

constexpr std::array<std::string_view, 3> register_steps{"lock", "get_pages", "activate"};
constexpr std::array<std::string_view, 5> leave_steps{"clear", "flush", "quiet", "stop",
                                                      "put_pages"};
constexpr std::array<std::string_view, 4> revoke_steps{"lock", "flush", "unmap", "put_pages"};
constexpr std::array settings_table{
    flag<P, &P::invalidate_unmaps>("invalidate_unmaps",
                                   "PEER_MEM_INVALIDATE_UNMAPS: no side calls the other's "
                                   "put_pages() with its own lock held"),
    flag<P, &P::put_once>("put_once",
                          "put_pages() asks, with the exporter's lock held, whether the pages are "
                          "still there"),
    flag<P, &P::callback>("callback", "the exporter calls back before it frees its memory"),
    flag<P, &P::wait_inflight>("wait_inflight", "the callback waits for transfers in flight"),
    flag<P, &P::persistent>("persistent",
                            "nvidia_p2p_get_pages_persistent(): the memory stays until it is put, "
                            "and nobody calls back"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::registered:
      return register_steps;
    case Hook::deregistered:
      return leave_steps;
    case Hook::revoked:
      return revoke_steps;
    default:
      return {};
  }
}

// ib_peer_umem_get(), and ib_umem_activate_invalidation_notifier().
Next P::registered(Driver& driver, PolicyCall& call) const {
  switch (call.at<Register>()) {
    case Register::lock:
      driver.lock(call.mr);
      return call.go(Register::get);
    case Register::get:
      // An exporter that calls back holds its lock for that: here it must not wait for it.
      if (driver.exporter_locked(call.mr) || !driver.get_pages(call.mr, persistent)) {
        driver.unlock(call.mr);
        return driver.fail(EFAULT);
      }
      driver.set_mapped(call.mr, true);
      return call.go(Register::activate);
    case Register::activate:
      driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

// mlx5_ib_dereg_mr(): no DMA is possible any more when ib_umem_stop_invalidation_notifier() runs.
Next P::deregistered(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Leave>()) {
    case Leave::clear:
      driver.clear(call.mr, mr.pages);
      return call.go(Leave::flush);
    case Leave::flush:
      driver.flush(call.mr, mr.pages);
      return call.go(Leave::quiet);
    case Leave::quiet:
      return call.go(Leave::stop, Next::pass);
    case Leave::stop: {
      driver.lock(call.mr);
      const bool mapped = mr.import.mapped && (put_once || mr.import.taken);
      driver.set_mapped(call.mr, false);
      if (invalidate_unmaps || !mapped) driver.unlock(call.mr);
      return mapped ? call.go(Leave::put) : Next::done;
    }
    case Leave::put:
      driver.lock_exporter(call.mr);
      if (mr.import.taken || !put_once) driver.put_pages(call.mr);
      driver.unlock_exporter(call.mr);
      if (!invalidate_unmaps) driver.unlock(call.mr);
      return Next::done;
  }
  return Next::done;
}

// What was revoked does not come back.
Next P::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

// nv_get_p2p_free_callback(), ib_invalidate_peer_memory() and mlx5_invalidate_umem().
Next P::revoked(Driver& driver, PolicyCall& call) const {
  if (!callback || persistent) return Next::give;
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Revoke>()) {
    case Revoke::lock:
      driver.lock(call.mr);
      if (mr.import.mapped) {
        driver.clear(call.mr, mr.pages);
        return call.go(Revoke::flush);
      }
      driver.unlock(call.mr);
      return call.go(Revoke::put);
    case Revoke::flush:
      driver.flush(call.mr, mr.pages);
      return call.go(Revoke::unmap);
    case Revoke::unmap:
      driver.set_mapped(call.mr, false);
      driver.unlock(call.mr);
      return call.go(Revoke::put);
    case Revoke::put:  // By the exporter's side, whichever way the core did it before.
      if (mr.import.taken) driver.put_pages(call.mr);
      return Next::done;
  }
  return Next::done;
}

Wait P::guard(const PolicyCall& call) const {
  const Wait own = Wait::lock({.kind = LockKind::driver, .index = call.mr.value}, LockMode::write);
  const Wait exporters =
      Wait::lock({.kind = LockKind::exporter, .index = call.mr.value}, LockMode::write);
  const Wait quiet{.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
  switch (call.hook) {
    case Hook::registered:
      return call.at<Register>() == Register::lock ? own : Wait{};
    case Hook::deregistered:
      if (call.at<Leave>() == Leave::quiet) return quiet;
      if (call.at<Leave>() == Leave::stop) return own;
      return call.at<Leave>() == Leave::put ? exporters : Wait{};
    case Hook::revoked:
      if (!callback || persistent) return {};
      if (call.at<Revoke>() == Revoke::lock) return own;
      return call.at<Revoke>() == Revoke::unmap && wait_inflight ? quiet : Wait{};
    default:
      return {};
  }
}

}  // namespace model
