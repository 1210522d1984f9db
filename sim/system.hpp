// SPDX-License-Identifier: Apache-2.0
// System: what simulate, replay and explore can run. A world is a regular value that moves by
// atomic steps; a claim is a bit that breaks and stays broken.
#pragma once

#include <concepts>
#include <cstdint>

#include "sim/chooser.hpp"
#include "sim/encoding.hpp"
#include "sim/record.hpp"

namespace sim {
struct Turn {  // All that one step may take from outside the world.
  Chooser& chooser;
  TraceSink& trace;
};

template <class W>
concept System = std::copyable<W> && std::equality_comparable<W> &&
    requires(W world, const W seen, Turn turn, Encoder& encoder) {
  // One atomic step. False: nothing can happen any more; the world is at rest, as it was.
  { world.step(turn) } -> std::same_as<bool>;
  world.rest();  // Once, after step() returned false: judges the final state.
  { seen.broken() } -> std::same_as<std::uint64_t>;     // Claims broken so far; never shrinks.
  { seen.witnessed() } -> std::same_as<std::uint64_t>;  // At rest: which predicates hold.
  seen.encode(encoder);  // All that == compares: a forgotten field hides bugs.
};

// Who made the last step: a small number, which is no part of the state. A system may leave it out.
using ActorId = std::uint16_t;

template <class W>
concept HasActors = requires(const W seen) {
  { seen.actor() } -> std::same_as<ActorId>;
};

template <class W>
ActorId actor_of(const W& world) {
  if constexpr (HasActors<W>) return world.actor();
  return 0;
}

// Which obligations are open: what has been begun and must end, a bit each. A function of the
// state. A system may leave it out.
template <class W>
concept HasObligations = requires(const W seen) {
  { seen.pending() } -> std::same_as<std::uint64_t>;
};

template <class W>
std::uint64_t pending_in(const W& world) {
  if constexpr (HasObligations<W>) return world.pending();
  return 0;
}

// A system may say that states are alike which differ in nothing that could matter: by a
// fingerprint of its own, the same for all that are alike.
template <class W>
concept HasFingerprint = requires(const W seen, Encoder& encoder) {
  { seen.fingerprint(encoder) } -> std::same_as<Fingerprint>;
  { seen.takes_alike_for_one() } -> std::same_as<bool>;
};

// Whether it does so now, which costs more than to tell them all apart.
template <class W>
bool takes_alike_for_one(const W& world) {
  if constexpr (HasFingerprint<W>) return world.takes_alike_for_one();
  return false;
}

template <class W>
Fingerprint fingerprint_of_state(const W& world, Encoder& encoder) {
  encoder.clear();
  if constexpr (HasFingerprint<W>) {
    return world.fingerprint(encoder);
  } else {
    world.encode(encoder);
    return fingerprint(encoder.bytes());
  }
}
}  // namespace sim
