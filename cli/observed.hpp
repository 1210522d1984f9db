// SPDX-License-Identifier: Apache-2.0
// A world that is looked at while it runs. simulate, replay and explore of sim run it as they run
// the world itself: the observer is not part of its state.
#pragma once

#include "cli/coverage.hpp"
#include "model/world.hpp"
#include "sim/system.hpp"

namespace cli {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const model::World&) {}  // Before the first step.
  virtual void stepped(const model::World&) {}  // After each step of which a trace is wanted.
  virtual void rested(const model::World&) {}   // At each final state.
};

class Observed {
 public:
  // The observer outlives all copies, as does the probe. With a probe, no trace can be had.
  Observed(model::World world, Observer& observer, Probe* probe = nullptr)
      : world_(std::move(world)), observer_(&observer), probe_(probe) {}

  bool step(sim::Turn turn) {
    if (probe_ != nullptr) return probe_->step(world_, turn.chooser);
    if (!world_.step(turn)) return false;
    if (turn.trace.wanted()) observer_->stepped(world_);
    return true;
  }
  void rest() {
    world_.rest();
    observer_->rested(world_);
  }
  std::uint64_t broken() const { return world_.broken(); }
  std::uint64_t witnessed() const { return world_.witnessed(); }
  auto parts() { return world_.parts(); }
  sim::ActorId actor() const { return world_.actor(); }
  std::uint64_t pending() const { return world_.pending(); }
  void encode(sim::Encoder& out) const { world_.encode(out); }
  sim::Fingerprint fingerprint(sim::Encoder& out) const { return world_.fingerprint(out); }
  bool takes_alike_for_one() const { return world_.takes_alike_for_one(); }
  bool operator==(const Observed& other) const { return world_ == other.world_; }

  const model::World& world() const { return world_; }

 private:
  model::World world_;
  Observer* observer_;
  Probe* probe_;  // Or null.
};

static_assert(sim::System<Observed>);

}  // namespace cli
