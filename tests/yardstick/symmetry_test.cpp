// SPDX-License-Identifier: Apache-2.0
// canonical() against every renaming there is, spelled out here once more: it tells one of the
// renamed states, the same for all of them, and they have the same steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <boost/random/mersenne_twister.hpp>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/yardstick/holt_symmetry.hpp"
#include "bench/yardstick/interval_symmetry.hpp"
#include "bench/yardstick/scopes.hpp"

// A value fits its bit-field, as it did before it was renamed.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

namespace yardstick {
namespace {
using Names = std::vector<std::uint8_t>;  // The new one of each old one.

// All orders of so many, in which each stays among those of its kind.
template <class Kind>
std::vector<Names> renamings(std::size_t count, Kind kind) {
  Names names(count);
  std::iota(names.begin(), names.end(), std::uint8_t{0});
  std::vector<Names> all;
  do {
    bool kept = true;
    for (std::size_t i = 0; i < count; ++i) kept = kept && kind(i) == kind(names[i]);
    if (kept) all.push_back(names);
  } while (std::next_permutation(names.begin(), names.end()));
  return all;
}
std::vector<Names> renamings(std::size_t count) {
  return renamings(count, [](std::size_t) { return 0; });
}

// Numbers from 1; 0 is none.
std::uint8_t renamed(const Names& names, std::uint8_t number) {
  return number == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(names[number - 1U] + 1U);
}

template <IntervalScope scope>
IntervalState<scope> rename(const IntervalState<scope>& old, const Names& pages,
                            const Names& frames, const Names& threads, const Names& invalidators) {
  IntervalState<scope> state = old;
  for (std::size_t p = 0; p < scope.pages; ++p) {
    state.pages[pages[p]] = {old.pages[p].mapped, renamed(frames, old.pages[p].pte)};
    for (std::size_t d = 0; d < scope.devices; ++d) {
      const auto& found = old.devices[d].pages[p];
      state.devices[d].pages[pages[p]] = {renamed(frames, found.table), renamed(frames, found.tlb)};
    }
  }
  for (std::size_t f = 0; f < scope.frames; ++f) {
    const std::uint8_t owner = old.owners[f];
    state.owners[frames[f]] = owner > scope.pages ? owner : renamed(pages, owner);
  }
  for (std::size_t i = 0; i < scope.device_threads; ++i) {
    auto thread = old.threads[i];
    thread.frame = renamed(frames, thread.frame);
    if (thread.pc != IntervalDevicePc::choose) thread.page = pages[thread.page];
    state.threads[threads[i]] = thread;
  }
  for (std::size_t i = 0; i < state.invalidators.size(); ++i) {
    auto one = old.invalidators[i];
    one.frame = renamed(frames, one.frame);
    one.fresh = renamed(frames, one.fresh);
    if (one.pc != IntervalInvalidatorPc::pick) one.page = pages[one.page];
    state.invalidators[invalidators[i]] = one;
  }
  return state;
}

template <IntervalScope scope>
std::vector<IntervalState<scope>> images(const IntervalState<scope>& state) {
  using State = IntervalState<scope>;
  const auto device = [](std::size_t i) { return i % scope.devices; };
  const auto kind = [](std::size_t i) { return State::unmaps(i) ? 2 : State::replaces(i) ? 1 : 0; };
  std::vector<State> all;
  for (const Names& pages : renamings(scope.pages)) {
    for (const Names& frames : renamings(scope.frames)) {
      for (const Names& threads : renamings(scope.device_threads, device)) {
        for (const Names& invalidators : renamings(State::invalidator_count, kind))
          all.push_back(rename(state, pages, frames, threads, invalidators));
      }
    }
  }
  return all;
}

template <HoltScope scope>
HoltState<scope> rename(const HoltState<scope>& old, const Names& frames, const Names& revokers) {
  HoltState<scope> state = old;
  for (auto& page : state.pages) page.pte = renamed(frames, page.pte);
  for (std::size_t f = 0; f < scope.frames; ++f) state.owners[frames[f]] = old.owners[f];
  for (auto& endpoint : state.endpoints) {
    endpoint.frame = renamed(frames, endpoint.frame);
    for (auto& frame : endpoint.tlb) frame = renamed(frames, frame);
    for (HoltMessage& message : endpoint.channel) {
      message.first = renamed(frames, message.first);
      message.second = renamed(frames, message.second);
    }
  }
  state.owner.first = renamed(frames, old.owner.first);
  state.owner.second = renamed(frames, old.owner.second);
  for (std::size_t i = 0; i < state.revokers.size(); ++i) {
    state.revokers[revokers[i]] = old.revokers[i];
    state.revokers[revokers[i]].frame = renamed(frames, old.revokers[i].frame);
  }
  return state;
}

template <HoltScope scope>
std::vector<HoltState<scope>> images(const HoltState<scope>& state) {
  const auto kind = [](std::size_t i) { return i < scope.reclaimers; };
  std::vector<HoltState<scope>> all;
  for (const Names& frames : renamings(scope.frames)) {
    for (const Names& revokers : renamings(HoltState<scope>::revoker_count, kind))
      all.push_back(rename(state, frames, revokers));
  }
  return all;
}

template <class P>
using Steps = std::vector<std::pair<typename P::State, Outcome>>;

template <class P>
Steps<P> steps(const P& protocol, const typename P::State& state) {
  Steps<P> all;
  for (std::size_t thread = 0; thread < P::thread_count; ++thread) {
    protocol.move(state, thread, [&](const typename P::State& next, Outcome outcome) {
      all.push_back({next, outcome});
    });
  }
  return all;
}

// Whether both have the same steps, but for names.
template <class P>
bool alike(const P& protocol, const typename P::State& a, const typename P::State& b) {
  const auto sorted = [&](const typename P::State& state) {
    Steps<P> all = steps(protocol, state);
    for (auto& [next, outcome] : all) next = canonical(protocol, next);
    std::sort(all.begin(), all.end(), [](const auto& one, const auto& other) {
      const int order = std::memcmp(&one.first, &other.first, sizeof(one.first));
      return order != 0 ? order < 0 : one.second < other.second;
    });
    return all;
  };
  return sorted(a) == sorted(b);
}

// On random walks.
template <class P, class Check>
void each_state(const P& protocol, Check check) {
  boost::random::mt19937 random(1);
  for (int walk = 0; walk < 20; ++walk) {
    typename P::State state = protocol.start();
    for (bool moves = true; moves;) {
      check(state);
      const Steps<P> all = steps(protocol, state);
      if (all.empty()) break;
      const auto& [next, outcome] = all[random() % all.size()];
      moves = outcome == Outcome::holds;
      state = next;
    }
  }
}

template <class P>
void check_symmetry(typename P::Variant variant) {
  CAPTURE(static_cast<int>(variant));
  const P protocol(variant, P::Property::use_after_free);
  std::size_t checked = 0;
  each_state(protocol, [&](const typename P::State& state) {
    const auto all = images(state);
    const auto least = canonical(protocol, state);
    CHECK(std::find(all.begin(), all.end(), least) != all.end());
    CHECK(std::all_of(all.begin(), all.end(), [&](const typename P::State& image) {
      return canonical(protocol, image) == least;
    }));
    CHECK(alike(protocol, state, all[checked++ % all.size()]));
    CHECK(protocol.may_end(state) == protocol.may_end(least));
  });
  CHECK(checked > 100);
}
}  // namespace

TEST_CASE("pages, frames and like threads of interval notifiers are alike") {
  using enum IntervalVariant;
  for (const IntervalVariant variant : {ok, free_first, atomic_pinned}) {
    check_symmetry<IntervalNotifier<IntervalScope{1, 2, 3, 2, 2, 2, 0, 0}>>(variant);
    check_symmetry<IntervalNotifier<IntervalScope{2, 2, 3, 4, 1, 1, 1, 1}>>(variant);
    check_symmetry<IntervalNotifier<IntervalScope{1, 3, 3, 3, 1, 0, 2, 0}>>(variant);
  }
}

TEST_CASE("frames and like revokers of Holt's handles are alike") {
  using enum HoltVariant;
  for (const HoltVariant variant : {ok, split_send, no_ack}) {
    check_symmetry<HoltHandle<HoltScope{2, 2, 1, 3, 2, 2, 1}>>(variant);
    check_symmetry<HoltHandle<HoltScope{1, 1, 2, 4, 2, 2, 2}>>(variant);
  }
}

TEST_CASE("devices, which are told in turn, are not alike") {
  using P = IntervalNotifier<interval_scopes[4]>;
  const P protocol(IntervalVariant::ok, IntervalProperty::use_after_free);
  int unlike = 0;
  each_state(protocol, [&](P::State state) {
    P::State swapped = state;
    std::swap(swapped.devices[0], swapped.devices[1]);
    std::swap(swapped.threads[0], swapped.threads[1]);
    if (!alike(protocol, state, swapped)) ++unlike;
  });
  CHECK(unlike > 0);
}
}  // namespace yardstick

#pragma GCC diagnostic pop
