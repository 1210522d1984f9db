// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/interval_notifier.hpp"

#include "sim/check.hpp"

namespace yardstick {

// Counts the steps that can be taken, and says which of them is the chosen one. Nothing may change
// before one has been chosen: so steps are counted first, and then met again in the same order.
class IntervalNotifier::Moves {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  explicit Moves(std::uint32_t chosen = none) : chosen_(chosen) {}
  bool take() { return count_++ == chosen_; }
  std::uint32_t count() const { return count_; }
  bool taken() const { return chosen_ < count_; }

 private:
  std::uint32_t chosen_;
  std::uint32_t count_ = 0;
};

IntervalNotifier::IntervalNotifier(const IntervalProtocol& protocol) : protocol_(&protocol) {
  const IntervalScope& scope = protocol.scope;
  sim::check(scope.pages <= pages_max && scope.frames <= frames_max &&
             scope.devices <= devices_max && threads() <= threads_max);
  for (std::uint8_t page = 0; page < scope.pages; ++page) state_.mapped[page] = 1;
  for (std::size_t i = 0; i < threads(); ++i) {
    const bool later = invalidates(i);
    state_.threads[i].pc = later ? Pc::pick : Pc::choose;
    state_.threads[i].left = later ? 1 : scope.accesses;
  }
}

std::uint8_t IntervalNotifier::threads() const {
  const IntervalScope& scope = protocol_->scope;
  return static_cast<std::uint8_t>(scope.device_threads + scope.reclaimers + scope.replacers +
                                   scope.unmappers);
}

bool IntervalNotifier::invalidates(std::size_t thread) const {
  return thread >= protocol_->scope.device_threads;
}

bool IntervalNotifier::replaces(std::size_t thread) const {
  const IntervalScope& scope = protocol_->scope;
  return invalidates(thread) && !unmaps(thread) &&
         thread >= std::size_t{scope.device_threads} + scope.reclaimers;
}

bool IntervalNotifier::unmaps(std::size_t thread) const {
  return thread + protocol_->scope.unmappers >= threads();
}

bool IntervalNotifier::bracketed() const {
  return !leaves_out(IntervalVariant::range) && !leaves_out(IntervalVariant::range_pinned);
}

bool IntervalNotifier::step(sim::Turn turn) {
  if (violated_) return false;
  const auto all = [this](Moves& moves) {
    for (std::size_t i = 0; i < threads() && !moves.taken(); ++i) {
      if (invalidates(i)) {
        moves_of_invalidator(i, moves);
      } else {
        moves_of_device(i, moves);
      }
    }
  };
  Moves possible;
  all(possible);
  if (possible.count() == 0) return false;
  Moves chosen(turn.chooser.choose("which step is next?", possible.count()));
  all(chosen);
  if (violated_) state_ = {};
  return true;
}

// ---- Device threads.

bool IntervalNotifier::in_flight(std::uint8_t device, std::uint8_t page) const {
  for (std::size_t i = 0; i < protocol_->scope.device_threads; ++i) {
    const Thread& thread = state_.threads[i];
    const bool same = i % protocol_->scope.devices == device && thread.page == page;
    if (same && thread.pc == Pc::transfer) return true;
  }
  return false;
}

void IntervalNotifier::moves_of_device(std::size_t index, Moves& moves) {
  Thread& thread = state_.threads[index];
  Device& device = state_.devices[index % protocol_->scope.devices];
  switch (thread.pc) {
    case Pc::choose:
      if (thread.left == 0) return;
      for (std::uint8_t page = 0; page < protocol_->scope.pages; ++page) {
        if (!moves.take()) continue;
        thread.page = page;
        --thread.left;
        thread.pc = Pc::translate;
        return;
      }
      return;
    case Pc::get_page:
      return get_page(thread, moves);
    case Pc::lock:
      if (device.locked == 0 && moves.take()) {
        device.locked = 1;
        thread.pc = Pc::install;
      }
      return;
    default:
      break;
  }
  if (!moves.take()) return;  // The others can always go on, in one way.
  switch (thread.pc) {
    case Pc::translate: {
      std::uint8_t& cached = device.tlb[thread.page];
      if (cached == 0) cached = device.table[thread.page];
      thread.frame = cached;
      thread.pc = cached == 0 ? Pc::read_sequence : Pc::transfer;
      return;
    }
    case Pc::read_sequence:
      thread.seen = device.sequence;
      thread.pc = Pc::get_page;
      return;
    case Pc::install:
      if (!overtaken(thread, device)) device.table[thread.page] = thread.frame;
      thread.frame = thread.seen = 0;
      thread.pc = Pc::unlock;
      return;
    case Pc::unlock:
      device.locked = 0;
      thread.pc = Pc::translate;
      return;
    case Pc::transfer:
      return transfer(thread);
    default:
      sim::check(false);
  }
}

void IntervalNotifier::get_page(Thread& thread, Moves& moves) {
  if (state_.mapped[thread.page] == 0) {  // The access fails.
    if (!moves.take()) return;
    thread.page = thread.seen = 0;
    thread.pc = Pc::choose;
    return;
  }
  std::uint8_t& pte = state_.pte[thread.page];
  if (pte != 0) {
    if (!moves.take()) return;
    thread.frame = pte;
    thread.pc = Pc::lock;
    return;
  }
  for (std::uint8_t frame = 1; frame <= protocol_->scope.frames; ++frame) {
    if (state_.owner[frame - 1U] != 0 || !moves.take()) continue;
    state_.owner[frame - 1U] = thread.page + 1;
    pte = thread.frame = frame;
    thread.pc = Pc::lock;
    return;
  }
}

bool IntervalNotifier::overtaken(const Thread& thread, const Device& device) const {
  const bool running = device.invalidations != 0 && !leaves_out(IntervalVariant::count);
  const bool moved = device.sequence != thread.seen && !leaves_out(IntervalVariant::sequence);
  return bracketed() && !leaves_out(IntervalVariant::retry) && (running || moved);
}

void IntervalNotifier::transfer(Thread& thread) {
  const std::uint8_t owner = state_.owner[thread.frame - 1U];
  const bool good = protocol_->property == IntervalProperty::use_after_free
                        ? owner == thread.page + 1 || owner == orphan()
                        : state_.pte[thread.page] == thread.frame;
  violated_ = !good;
  thread.frame = thread.page = 0;
  thread.pc = Pc::choose;
}

// ---- Invalidators.

IntervalNotifier::Pc IntervalNotifier::after(Pc step) const {
  const bool freed_first = leaves_out(IntervalVariant::order);
  const bool ended_first = leaves_out(IntervalVariant::end_after_pte);
  switch (step) {
    case Pc::pick:
      return freed_first || !bracketed() ? Pc::clear_pte : Pc::take;
    case Pc::take:
      return bracketed() ? Pc::begin : Pc::zap;
    case Pc::drop:
      if (!bracketed()) return Pc::free;
      return freed_first || ended_first ? Pc::end : Pc::clear_pte;
    case Pc::clear_pte:
      return bracketed() ? Pc::free : Pc::take;
    case Pc::free:
      if (freed_first) return Pc::take;
      return ended_first || !bracketed() ? Pc::pick : Pc::end;
    case Pc::end:
      return ended_first ? Pc::clear_pte : Pc::pick;
    default:
      sim::check(false);
      return step;
  }
}

void IntervalNotifier::go_to(Thread& thread, Pc next) {
  thread.pc = next;
  if (next == Pc::pick) thread.page = 0;
}

void IntervalNotifier::moves_of_invalidator(std::size_t index, Moves& moves) {
  Thread& thread = state_.threads[index];
  if (thread.pc == Pc::pick) return pick(index, moves);
  Device& device = state_.devices[thread.device];
  const bool waits_for_lock = thread.pc == Pc::take || thread.pc == Pc::end;
  if (waits_for_lock && device.locked != 0) return;
  const bool drains = !leaves_out(IntervalVariant::flush) && !leaves_out(IntervalVariant::drain);
  if (thread.pc == Pc::flush && drains && in_flight(thread.device, thread.page)) return;
  if (!moves.take()) return;
  const bool last = thread.device + 1 == protocol_->scope.devices;
  switch (thread.pc) {
    case Pc::take:
      device.locked = 1;
      return go_to(thread, after(Pc::take));
    case Pc::begin:
      ++device.invalidations;
      return go_to(thread, Pc::zap);
    case Pc::zap:
      device.table[thread.page] = 0;
      return go_to(thread, Pc::flush);
    case Pc::flush:
      if (!leaves_out(IntervalVariant::flush)) device.tlb[thread.page] = 0;
      return go_to(thread, Pc::drop);
    case Pc::drop:
      device.locked = 0;
      thread.device = last ? 0 : thread.device + 1;
      return go_to(thread, last ? after(Pc::drop) : Pc::take);
    case Pc::clear_pte:
      clear_pte(index);
      return go_to(thread, after(Pc::clear_pte));
    case Pc::free:
      free(thread);
      return go_to(thread, after(Pc::free));
    case Pc::end:
      ++device.sequence;
      --device.invalidations;
      thread.device = last ? 0 : thread.device + 1;
      return go_to(thread, last ? after(Pc::end) : Pc::end);
    default:
      sim::check(false);
  }
}

void IntervalNotifier::pick(std::size_t index, Moves& moves) {
  Thread& thread = state_.threads[index];
  if (thread.left == 0) return;
  for (std::uint8_t page = 0; page < protocol_->scope.pages; ++page) {
    if (unmaps(index) ? state_.mapped[page] == 0 : state_.pte[page] == 0) continue;
    const std::uint8_t frames = replaces(index) ? protocol_->scope.frames : 1;
    for (std::uint8_t frame = 1; frame <= frames; ++frame) {
      if (replaces(index) && state_.owner[frame - 1U] != 0) continue;
      if (!moves.take()) continue;
      thread.page = page;
      --thread.left;
      if (unmaps(index)) state_.mapped[page] = 0;
      if (replaces(index)) {
        state_.owner[frame - 1U] = page + 1;
        thread.fresh = frame;
        thread.frame = state_.pte[page];
      }
      return go_to(thread, after(Pc::pick));
    }
  }
}

void IntervalNotifier::clear_pte(std::size_t index) {
  Thread& thread = state_.threads[index];
  std::uint8_t& pte = state_.pte[thread.page];
  if (!replaces(index)) {
    thread.frame = pte;
    pte = 0;
    return;
  }
  if (pte == thread.frame) {
    pte = thread.fresh;
  } else {
    thread.frame = thread.fresh;  // The race is lost; the new frame is given back.
  }
  thread.fresh = 0;
}

bool IntervalNotifier::referenced(std::uint8_t frame) const {
  for (std::size_t i = 0; i < protocol_->scope.device_threads; ++i) {
    const Thread& thread = state_.threads[i];
    const bool holds = thread.pc == Pc::lock || thread.pc == Pc::install;
    if (holds && thread.frame == frame) return true;
  }
  for (const Device& device : state_.devices) {
    for (std::size_t page = 0; page < pages_max; ++page) {
      if (device.table[page] == frame || device.tlb[page] == frame) return true;
    }
  }
  return false;
}

void IntervalNotifier::free(Thread& thread) {
  if (thread.frame == 0) return;
  const bool kept = leaves_out(IntervalVariant::range_pinned) && referenced(thread.frame);
  state_.owner[thread.frame - 1U] = kept ? orphan() : 0;
  thread.frame = 0;
}

// ---- At rest.

void IntervalNotifier::rest() {
  if (violated_) return;
  for (std::size_t i = 0; i < threads(); ++i) {
    const Thread& thread = state_.threads[i];
    const bool over =
        invalidates(i) ? thread.pc == Pc::pick
                       : thread.pc == Pc::get_page || (thread.pc == Pc::choose && thread.left == 0);
    stuck_ = stuck_ || !over;
  }
}

void IntervalNotifier::encode(sim::Encoder& out) const {
  sim::encode(out, state_);
  sim::encode(out, violated_);
  sim::encode(out, stuck_);
}

bool IntervalNotifier::operator==(const IntervalNotifier& other) const {
  return state_ == other.state_ && violated_ == other.violated_ && stuck_ == other.stuck_;
}

}  // namespace yardstick
