// SPDX-License-Identifier: Apache-2.0
#pragma once

// A driver's buffer whose pages other devices use by way of their own drivers: memory of a GPU.
// Counterparts: nvidia_p2p_get_pages() and its free callback, drivers/dma-buf/dma-buf.c (7.3).

#include "model/flow/context.hpp"

namespace model {

// Whether an adapter of the buffer's host can take its pages, or a call moves or revokes it:
// whoever frees it then has to take the exporter's lock.
bool is_shared(const Machine& machine, MappingId buffer);

// The driver frees its buffer, or moves it to other memory, or revokes it for a while. Who has
// taken pages is told, with the exporter's lock held: by the free callback, or
// dma_buf_move_notify(), which 7.0 calls dma_buf_invalidate_mappings(). Moving: ttm_bo_evict(),
// which waits for faults and unmaps the buffer before all else. Revoking:
// vfio_pci_zap_and_down_write_memory_lock(), which does so too, and vfio_pci_dma_buf_move(); its
// memory_lock and the dma_resv lock are one here.
struct RevokeBuffer {
  static constexpr std::string_view name = "revoke_buffer";
  static constexpr std::array<std::string_view, 6> steps{"lock", "wait_fault", "unmapped",
                                                         "tell", "move",       "unlock"};
  enum class Step : std::uint8_t {
    lock,
    wait_fault,
    unmapped,
    tell,
    move,
    unlock
  } step = Step::lock;
  enum class What : std::uint8_t { frees, moves, revokes, restores } what = What::frees;
  MappingId buffer{};
  std::uint32_t cursor = 0;  // Of registrations.
  FrameId faulting{};        // Locked by a fault that is about to map it.

  bool operator==(const RevokeBuffer&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  bool pinned(const Context& c) const;
  Next wait_for_faults(Context& c);
  Next tell_next(Context& c);
  Next move(Context& c);
  Next lock_buffer(Context& c);
  Next told(Context& c);
};

}  // namespace model
