// SPDX-License-Identifier: Apache-2.0
#include "cli/step_text.hpp"

#include <fmt/format.h>

namespace cli {

std::string step_text(const TimelineStep& step) {
  const Happening* inner = nullptr;
  for (const Happening& happening : step.happenings) {
    if (!happening.on_request()) {
      return fmt::format("{} {} {}", happening.actor, happening.name(), happening.arguments());
    }
    if (happening.internal()) inner = &happening;
  }
  if (inner == nullptr) return "a message or an interrupt arrives";
  return fmt::format("{} {}", inner->actor, inner->fields.front().text);
}

}  // namespace cli
