// SPDX-License-Identifier: Apache-2.0
#include "cli/divergence.hpp"

#include <algorithm>

#include "cli/play.hpp"
#include "cli/step_text.hpp"

namespace cli {
namespace {

// All that happens in each step, and what a reader is told of it.
class Steps final : public TimelineReader {
 public:
  void read(const TimelineStep& step, const model::World&) override {
    std::string all;
    for (const Happening& happening : step.happenings) {
      all += happening.actor + ' ' + std::string(happening.name()) + ' ' + happening.arguments();
      all += '\n';
    }
    in_full.push_back(std::move(all));
    in_short.push_back(step_text(step));
  }

  std::vector<std::string> in_full;
  std::vector<std::string> in_short;
};

}  // namespace

std::optional<Divergence> divergence(const Case& first, const Case& second, const sim::Path& path,
                                     std::uint64_t steps) {
  Steps one;
  Steps other;
  play(first, path, steps, one);
  play(second, path, steps, other);
  const auto [here, there] = std::mismatch(one.in_full.begin(), one.in_full.end(),
                                           other.in_full.begin(), other.in_full.end());
  if (here == one.in_full.end() && there == other.in_full.end()) return std::nullopt;
  const auto step = static_cast<std::size_t>(here - one.in_full.begin());
  const auto text = [step](const Steps& all) {
    return step < all.in_short.size() ? all.in_short[step] : std::string("nothing");
  };
  return Divergence{.step = step, .first = text(one), .second = text(other)};
}

}  // namespace cli
