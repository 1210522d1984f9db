// SPDX-License-Identifier: Apache-2.0
#pragma once

// Take memory of another device from its driver when it is registered, and let that driver call
// back when it wants the memory again: the region is revoked for good. nv_peer_mem and the core of
// NVIDIA's RDMA drivers do so (GPUDirect RDMA); the kernel itself never took it. Two locks meet in
// opposite orders, and both sides may give the pages back, so that it deadlocks, or frees them
// twice, where either forgets the other.
//
//   dereg_mr                              the GPU's driver frees the memory
//   --------                              ---------------------------------
//   destroy the key, wait for DMA         client_lock
//   mapping_lock                            free callback, invalidate_callback():
//     was it mapped? unmapped now             mapping_lock
//   mapping_unlock                              mapped ? revoke the key, wait for DMA
//   put_pages(): client_lock                  mapping_unlock
//     still there ? put them                put the pages, unless that was done
//   client_unlock                         free; client_unlock
//                [Required: put_pages() is not called with mapping_lock held]
//
// Memory of the process itself is pinned, as by pin_all.

#include "model/policy/policy.hpp"

namespace model {

struct PeerMemoryPolicy : PolicyDefaults {
  static constexpr std::string_view name = "peer_memory";
  static constexpr bool subscribes = false;
  static constexpr bool imports = true;
  static constexpr Guarantees guarantees{
      .promises = bystander | all_of({Property::use_after_free, Property::stale_translation,
                                      Property::leaked_reference, Property::foreign_access,
                                      Property::false_error})};
  enum class Register : std::uint8_t { lock, get, activate };
  enum class Leave : std::uint8_t { clear, flush, quiet, stop, put };
  enum class Revoke : std::uint8_t { lock, flush, unmap, put };

  bool invalidate_unmaps = true;
  bool put_once = true;
  bool callback = true;
  bool wait_inflight = true;
  bool persistent = false;

  static std::span<const Setting<PeerMemoryPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next revoked(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;
};

}  // namespace model
