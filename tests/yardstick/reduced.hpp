// SPDX-License-Identifier: Apache-2.0
// What is asked of reductions of a protocol. Included by a file for each protocol, as the search is
// compiled for each scope.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "bench/yardstick/holt_regions.hpp"
#include "bench/yardstick/holt_symmetry.hpp"
#include "bench/yardstick/interval_regions.hpp"
#include "bench/yardstick/interval_symmetry.hpp"
#include "bench/yardstick/scopes.hpp"
#include "sim/search/reduced.hpp"
#include "sim/search/search.hpp"

namespace yardstick {
using sim::Reduced;
using sim::Reductions;

inline constexpr Reductions symmetry{.symmetry = true};
inline constexpr Reductions regions{.regions = true};
inline constexpr Reductions both{.symmetry = true, .regions = true};
inline constexpr Reductions settling{.settling = true};

inline Reductions nth(unsigned bits) {
  return {.symmetry = (bits & 1U) != 0,
          .regions = (bits & 2U) != 0,
          .settling = (bits & 4U) != 0,
          .forgetting = (bits & 8U) != 0};
}

template <class P>
P right() {
  return P(P::Variant::ok, P::Property::use_after_free);
}

struct Verdict {
  bool broken;
  bool stuck;
  bool operator==(const Verdict&) const = default;
};
template <class R>
Verdict verdict(const R& result) {
  return {result.steps != 0, result.deadlocks != 0};
}

// Every mistake with every property.
template <class P, class Visit>
void each_protocol(unsigned variants, unsigned properties, Visit visit) {
  for (unsigned variant = 0; variant < variants; ++variant) {
    for (unsigned property = 1; property <= properties; ++property) {
      CAPTURE(variant);
      CAPTURE(property);
      visit(P(static_cast<typename P::Variant>(variant),
              static_cast<typename P::Property>(property)));
    }
  }
}

template <class P>
void check_verdicts(unsigned variants, unsigned properties) {
  each_protocol<P>(variants, properties, [](const P& protocol) {
    const sim::SearchResult whole = sim::search(protocol);
    for (const unsigned bits : {1U, 6U, 15U}) {
      CAPTURE(bits);
      const sim::SearchResult reduced = sim::search(Reduced<P>(protocol, nth(bits)));
      CHECK(verdict(reduced) == verdict(whole));
      if (bits == 1) CHECK(reduced.steps == whole.steps);
    }
  });
}

// Reductions drop states on the way, none at which everything rests.
template <class P>
void check_ends() {
  const P protocol = right<P>();
  const sim::SearchResult whole = sim::search(protocol);
  REQUIRE(whole.ends > 1);
  CHECK(sim::search(Reduced<P>(protocol, regions)).ends == whole.ends);
  CHECK(sim::search(Reduced<P>(protocol, settling)).ends == whole.ends);
  const Reductions without_forgetting{.symmetry = true, .regions = true, .settling = true};
  CHECK(sim::search(Reduced<P>(protocol, without_forgetting)).ends ==
        sim::search(Reduced<P>(protocol, symmetry)).ends);
}

// Whoever is inside a region has a step, in all states there are.
template <class P>
void check_region(const P& protocol, const typename P::State& before, std::size_t thread,
                  std::uint64_t& regions_seen) {
  protocol.move(before, thread, [&](const typename P::State& after, Outcome outcome) {
    if (outcome == Outcome::violates || !continues(protocol, before, after, thread)) return;
    std::uint64_t steps = 0;
    protocol.move(after, thread, [&](const typename P::State&, Outcome) { ++steps; });
    CHECK(steps > 0);
    ++regions_seen;
  });
}

template <class P>
void check_regions(unsigned variants, unsigned properties) {
  each_protocol<P>(variants, properties, [](const P& protocol) {
    const sim::SearchOptions options;
    sim::BreadthSearch<P, sim::ExactShard> search(protocol, options);
    search.run();
    std::uint64_t regions_seen = 0;
    for (const auto& shard : search.shards()) {
      for (std::size_t i = 0; i < shard.size(); ++i) {
        for (std::size_t thread = 0; thread < P::thread_count; ++thread)
          check_region(protocol, shard[i], thread, regions_seen);
      }
    }
    CHECK(regions_seen > 0);
  });
}

// Out of memory is a deadlock, too.
template <class P>
struct Strict : P {
  using P::P;
  bool may_end(const typename P::State& state) const {
    if constexpr (requires { state.owner; }) {
      return P::may_end(state) && state.owner.pc == OwnerPc::receive;
    } else {
      return P::may_end(state) &&
             std::all_of(state.threads.begin(), state.threads.end(),
                         [](const auto& thread) { return thread.pc == IntervalDevicePc::choose; });
    }
  }
};

template <class P>
void check_deadlocks() {
  const auto protocol = right<Strict<P>>();
  REQUIRE(sim::search(protocol).deadlocks != 0);
  for (unsigned bits = 1; bits < 16; ++bits) {
    CAPTURE(bits);
    CHECK(sim::search(Reduced<Strict<P>>(protocol, nth(bits))).deadlocks != 0);
  }
}
}  // namespace yardstick
