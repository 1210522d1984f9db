// SPDX-License-Identifier: Apache-2.0
// WorldExpander: tries all answers in one state after the other, and notes where they lead. Several
// may work at the same time, each with its own world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/check.hpp"
#include "sim/chooser.hpp"
#include "sim/encoding.hpp"
#include "sim/parts.hpp"
#include "sim/system.hpp"

namespace sim {
// How a search tells states apart.
enum class Identity : std::uint8_t {
  parts,        // By the numbers of their parts: good within one search, and quick.
  fingerprint,  // By fingerprint_of_state(): good everywhere, and alike states may be one.
};

struct ExpandOptions {
  Identity identity = Identity::parts;
  bool keep_worlds = false;
  bool keep_pending = false;
};

// What follows some states, in their order.
template <System W>
struct Expansion {
  using Numbers = typename Parts<W>::Numbers;

  struct Step {
    Numbers to;
    Fingerprint fingerprint;
    ActorId actor = 0;
    std::size_t answers_end = 0;
    std::uint64_t broken = 0;
    std::uint64_t pending = 0;  // If it is kept.
  };
  struct Source {
    Numbers from;
    std::size_t steps_end = 0;
    bool at_rest = false;
    std::uint64_t broken = 0;     // At rest.
    std::uint64_t witnessed = 0;  // At rest.
  };

  std::vector<Source> sources{};
  std::vector<Step> steps{};
  std::vector<Answer> answers{};
  std::vector<W> worlds{};  // After each step, if they are kept.

  void clear() {
    sources.clear();
    steps.clear();
    answers.clear();
    worlds.clear();
  }
  std::span<const Answer> answers_of(std::size_t step) const {
    const std::size_t begin = step == 0 ? 0 : steps[step - 1].answers_end;
    return std::span(answers).subspan(begin, steps[step].answers_end - begin);
  }
};

template <System W>
class WorldExpander {
 public:
  using Numbers = typename Parts<W>::Numbers;

  WorldExpander(Parts<W>& parts, W start, const ExpandOptions& options)
      : parts_(parts), world_(std::move(start)), options_(options) {
    parts_.save(world_, now_, encoder_);
  }

  // The world in the state that was looked at last; at first, the start.
  const W& world() const { return world_; }
  const Numbers& numbers() const { return now_; }
  Fingerprint fingerprint_here() {
    if (options_.identity == Identity::parts) return fingerprint(std::as_bytes(std::span(now_)));
    return fingerprint_of_state(world_, encoder_);
  }

  void expand(const Numbers& from, Expansion<W>& out) {
    bool more = true;
    bool at_rest = false;
    while (more) {
      parts_.load(world_, now_, from);
      at_rest = !world_.step({.chooser = chooser_, .trace = no_trace_});
      if (at_rest) break;
      arrive(out);
      more = chooser_.advance();
    }
    if (at_rest) {
      check(chooser_.answers().empty());  // At rest there is nothing to choose.
      go_to_rest(from);
    }
    out.sources.push_back({.from = from,
                           .steps_end = out.steps.size(),
                           .at_rest = at_rest,
                           .broken = at_rest ? world_.broken() : 0,
                           .witnessed = at_rest ? world_.witnessed() : 0});
  }

  // The final world of a state without a step, judged.
  const W& go_to_rest(const Numbers& from) {
    parts_.load(world_, now_, from);
    world_.rest();
    parts_.save(world_, now_, encoder_);
    return world_;
  }

 private:
  void arrive(Expansion<W>& out) {
    parts_.save(world_, now_, encoder_);
    const auto& answers = chooser_.answers();
    out.answers.insert(out.answers.end(), answers.begin(), answers.end());
    out.steps.push_back({.to = now_,
                         .fingerprint = fingerprint_here(),
                         .actor = actor_of(world_),
                         .answers_end = out.answers.size(),
                         .broken = world_.broken(),
                         .pending = options_.keep_pending ? pending_in(world_) : 0});
    if (options_.keep_worlds) out.worlds.push_back(world_);
  }

  Parts<W>& parts_;
  W world_;
  Numbers now_ = Parts<W>::none();  // The parts of the world.
  ExpandOptions options_;
  ExhaustiveChooser chooser_;
  NoTrace no_trace_;
  Encoder encoder_;
};
}  // namespace sim
