// SPDX-License-Identifier: Apache-2.0
#pragma once

// A driver's buffer whose pages other devices use by way of their own drivers: memory of a GPU.
// Counterparts: nvidia_p2p_get_pages() and its free callback, drivers/dma-buf/dma-buf.c (7.3).

#include "model/flow/context.hpp"

namespace model {

// Whether an adapter of the buffer's host can take its pages, or a call moves it: whoever frees it
// then has to take the exporter's lock.
bool is_shared(const Machine& machine, MappingId buffer);

// The driver frees its buffer, or moves it to other memory. Who has taken pages is told first, with
// the exporter's lock held: by the free callback, or dma_buf_move_notify(). Moving: ttm_bo_evict(),
// which waits for faults and unmaps the buffer before all else.
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
  bool moves = false;
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
};

}  // namespace model
