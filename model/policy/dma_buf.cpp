// SPDX-License-Identifier: Apache-2.0
#include "model/policy/dma_buf.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = DmaBufPolicy;

constexpr std::array<std::string_view, 1> map_steps{"map"};
constexpr std::array<std::string_view, 3> drop_steps{"clear", "flush", "unmap"};
constexpr std::array settings_table{
    flag<P, &P::lock_resv>("lock_resv", "a fault maps the buffer with its dma_resv lock held"),
    flag<P, &P::heed_move>("heed_move", "move_notify() drops translations"),
    flag<P, &P::wait_inflight>("wait_inflight", "move_notify() waits for transfers in flight"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

StepNames P::steps(Hook hook) {
  switch (hook) {
    case Hook::registered:
    case Hook::fault:
      return map_steps;
    case Hook::deregistered:
    case Hook::revoked:
      return drop_steps;
    default:
      return {};
  }
}

// ib_umem_dmabuf_map_pages(): what is mapped already was mapped by another fault.
Next P::map(Driver& driver, MrId mr) const {
  if (lock_resv) driver.lock_exporter(mr);
  const bool there = driver.registration(mr).import.taken || driver.get_pages(mr, false);
  if (lock_resv) driver.unlock_exporter(mr);
  if (there) return Next::done;
  return driver.fail(driver.revoked(mr) ? ENODEV : EFAULT);  // vfio_pci_dma_buf_map()
}

// mlx5_ib_init_dmabuf_mr()
Next P::registered(Driver& driver, PolicyCall& call) const { return map(driver, call.mr); }

// pagefault_dmabuf_mr()
Next P::fault(Driver& driver, PolicyCall& call) const { return map(driver, call.mr); }

// mlx5_ib_dmabuf_invalidate_cb(), which is called with the lock held.
Next P::drop(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Drop>()) {
    case Drop::clear:
      driver.clear(call.mr, mr.pages);
      return call.go(Drop::flush);
    case Drop::flush:
      driver.flush(call.mr, mr.pages);
      return call.go(Drop::put);
    case Drop::put:
      if (mr.import.taken) driver.put_pages(call.mr);
      return Next::done;
  }
  return Next::done;
}

Next P::revoked(Driver& driver, PolicyCall& call) const {
  return heed_move ? drop(driver, call) : Next::give;
}

// ib_umem_dmabuf_release(): dma_buf_detach() takes the lock.
Next P::deregistered(Driver& driver, PolicyCall& call) const {
  if (call.at<Drop>() == Drop::clear) driver.lock_exporter(call.mr);
  const Next next = drop(driver, call);
  if (next == Next::done) driver.unlock_exporter(call.mr);
  return next;
}

Wait P::guard(const PolicyCall& call) const {
  const Wait lock =
      Wait::lock({.kind = LockKind::exporter, .index = call.mr.value}, LockMode::write);
  switch (call.hook) {
    case Hook::registered:
    case Hook::fault:
      return lock_resv ? lock : Wait{};
    case Hook::deregistered:
    case Hook::revoked:
      if (call.hook == Hook::deregistered && call.at<Drop>() == Drop::clear) return lock;
      if (call.at<Drop>() != Drop::put || !wait_inflight) return {};
      return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
    default:
      return {};
  }
}

}  // namespace model
