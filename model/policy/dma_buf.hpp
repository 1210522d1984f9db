// SPDX-License-Identifier: Apache-2.0
#pragma once

// Import another device's buffer, and map it again by a fault whenever its driver has moved it:
// dma-buf with a dynamic attachment, as mlx5 does (ib_umem_dmabuf_get(), move_notify()). One lock,
// the buffer's dma_resv, is held by whoever maps, unmaps or moves it. Who maps without it installs
// pages that are about to go.
//
//   device fault                  the exporter moves the buffer, or revokes it
//   ------------                  --------------------------------------------
//   dma_resv_lock                 dma_resv_lock
//   pages are there ?               dma_buf_move_notify():
//     map, install                    clear PFN table, flush; wait for transfers in flight
//   dma_resv_unlock                 copy to the new place, free the old one
//                                 dma_resv_unlock
//                [Required: no translation while the lock's holder moves pages]
//
// Memory of the process itself is pinned, as by pin_all.

#include "model/policy/policy.hpp"

namespace model {

struct DmaBufPolicy : PolicyDefaults {
  static constexpr std::string_view name = "dma_buf";
  static constexpr bool subscribes = false;
  static constexpr bool faults = true;
  static constexpr bool imports = true;
  static constexpr Guarantees guarantees{
      .promises = bystander | all_of({Property::use_after_free, Property::stale_translation,
                                      Property::leaked_reference, Property::foreign_access,
                                      Property::false_error})};
  enum class Drop : std::uint8_t { clear, flush, put };

  bool lock_resv = true;
  bool heed_move = true;
  bool wait_inflight = true;

  static std::span<const Setting<DmaBufPolicy>> settings();
  static StepNames steps(Hook hook);
  Next registered(Driver& driver, PolicyCall& call) const;
  Next deregistered(Driver& driver, PolicyCall& call) const;
  Next fault(Driver& driver, PolicyCall& call) const;
  Next revoked(Driver& driver, PolicyCall& call) const;
  Wait guard(const PolicyCall& call) const;

 private:
  Next map(Driver& driver, MrId mr) const;
  Next drop(Driver& driver, PolicyCall& call) const;
};

}  // namespace model
